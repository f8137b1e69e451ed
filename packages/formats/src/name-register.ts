import { createHash } from 'node:crypto';
import { posix } from 'node:path';

/**
 * Hands out names of files below one folder, none twice, not even on a system that takes capitals and small letters for
 * the same, nor with another ending (`a.jpg` and `a.png` would have the label file `a.txt` both). Names are kept as
 * numbers of 48 bits, so that a million take little memory; two that fall together by chance only cost a suffix.
 */
export class NameRegister {
  private readonly stems = new Set<number>();
  private readonly files = new Set<number>();
  private readonly folders = new Set<number>();

  /** @param name a safe path; `tag` tells it apart where it is taken. @returns the name, or one like it that is free */
  take(name: string, tag: string): string {
    const { name: stem, ext } = posix.parse(name);
    const dir = this.freeFolder(posix.parse(name).dir);
    for (let attempt = 0; ; attempt++) {
      const suffix = attempt === 0 ? '' : attempt === 1 ? `-${tag.slice(0, 8)}` : `-${tag.slice(0, 8)}-${attempt}`;
      const path = posix.join(dir, `${stem}${suffix}${ext}`);
      const [key, whole] = [keyOf(posix.join(dir, stem + suffix)), keyOf(path)];
      if (this.stems.has(key) || this.files.has(whole) || this.folders.has(whole)) continue;
      this.stems.add(key);
      this.files.add(whole);
      for (let folder = dir; folder !== ''; folder = posix.parse(folder).dir) this.folders.add(keyOf(folder));
      return path;
    }
  }

  /** The folder, or where a part of it is a file's name already, that part with an underscore. */
  private freeFolder(dir: string): string {
    let free = '';
    for (const part of dir === '' ? [] : dir.split('/')) {
      free = posix.join(free, part);
      while (this.files.has(keyOf(free))) free += '_';
    }
    return free;
  }
}

function keyOf(path: string): number {
  return createHash('sha1').update(path.normalize('NFKC').toLowerCase()).digest().readUIntBE(0, 6);
}
