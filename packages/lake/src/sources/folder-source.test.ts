import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { appendFile, chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readItem, readSource } from '../fixtures/source-items.js';
import { isItemFailure } from './item-failure.js';
import { openSource } from './open-source.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'fovea-source-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function fill(names: readonly (string | Buffer)[]): Promise<void> {
  for (const name of names) {
    const path = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]);
    await mkdir(path.subarray(0, path.lastIndexOf(0x2f)), { recursive: true });
    await writeFile(path, `bytes of ${name}`);
  }
}

describe('a folder as a source', () => {
  it('gives pictures and videos in order, and counts what else is there', async () => {
    await fill(['b.JPG', 'a.png', 'clips/z.mp4', 'clips/a.heic', 'labels.csv', 'b.txt', 'notes', 'c.CSV', 'old.zip']);
    await fill(['.hidden.jpg', '.git/a.jpg', '__MACOSX/a.jpg', 'clips/._a.jpg']);
    const read = await readSource(root);
    expect(read.names).toEqual(['a.png', 'b.JPG', 'clips/a.heic', 'clips/z.mp4']);
    expect(read.items.map(({ kind }) => kind)).toEqual(['picture', 'picture', 'picture', 'video']);
    expect(read.ignored).toEqual({ csv: 2, txt: 1, '': 1, zip: 1 });
    expect(read.problems).toEqual([]);
    expect(String(read.bytes['clips/z.mp4'])).toBe('bytes of clips/z.mp4');
    const [first] = read.items;
    expect(first).toMatchObject({ location: `${root}/a.png`, path: `${root}/a.png`, sizeBytes: 14 });
  });

  it('has a fingerprint that changes with size or time, to the nanosecond', async () => {
    await fill(['a.jpg']);
    const look = async () => (await readSource(root)).items[0]!.fingerprint;
    const first = await look();
    expect(await look()).toBe(first);
    const { mtimeNs } = await lstat(join(root, 'a.jpg'), { bigint: true });
    expect(first).toBe(`14-${mtimeNs}`);
    await utimes(join(root, 'a.jpg'), 1, 2);
    expect(await look()).not.toBe(first);
  });

  it('takes every name a file may have, and tells them apart', async () => {
    const names = [
      'emoji 😀👨‍👩‍👧.jpg',
      'right\u202Eto left.jpg',
      'caf\u00e9.jpg',
      'cafe\u0301.jpg',
      'new\nline.jpg',
      'quote\'"`$(x).jpg',
      ' space .jpg',
      'back\\slash.jpg',
      'a%FF.jpg',
      '*.jpg',
      `${'長'.repeat(83)}ab.jpg`,
      Buffer.concat([Buffer.from('a'), Buffer.from([0xff]), Buffer.from('.jpg')]),
      Buffer.concat([Buffer.from([0xfe]), Buffer.from('/b.jpg')]),
    ];
    await fill(names);
    const read = await readSource(root);
    expect(read.problems).toEqual([]);
    expect(new Set(read.names).size).toBe(names.length);
    expect(read.names).toEqual(
      expect.arrayContaining(['a%FF.jpg', 'a%25FF.jpg', '%FE/b.jpg', 'caf\u00e9.jpg', 'cafe\u0301.jpg']),
    );
    const raw = read.items.find(({ name }) => name === '%FE/b.jpg')!;
    expect(Buffer.isBuffer(raw.path)).toBe(true);
    expect(Buffer.compare(await readFile(raw.path!), await readItem(raw))).toBe(0);
    for (const { name } of read.items) expect(read.bytes[name]).toBeInstanceOf(Buffer);
  });

  it('follows no link, loops in no circle, and waits for no pipe', async () => {
    await fill(['in/a.jpg', 'plain.jpg']);
    await symlink('/etc/passwd', join(root, 'out.jpg'));
    await symlink(root, join(root, 'in', 'loop'));
    await symlink(join(root, 'plain.jpg'), join(root, 'twin.jpg'));
    await symlink('nowhere', join(root, 'dead.jpg'));
    execFileSync('mkfifo', [join(root, 'pipe.jpg')]);
    const socket = createServer().listen(join(root, 'socket.mp4'));
    await new Promise((resolve) => socket.once('listening', resolve));
    const read = await readSource(root);
    socket.close();
    expect(read.names).toEqual(['plain.jpg', 'in/a.jpg']);
    expect(read.problems.sort()).toEqual([
      `link_skipped ${root}/dead.jpg`,
      `link_skipped ${root}/in/loop`,
      `link_skipped ${root}/out.jpg`,
      `link_skipped ${root}/twin.jpg`,
      `not_a_file ${root}/pipe.jpg`,
      `not_a_file ${root}/socket.mp4`,
    ]);
    expect(read.skipped).toBe(5);
  });

  it('follows no link that takes the place of a file before it is read, and waits for no pipe that does', async () => {
    await fill(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']);
    const source = await openSource(root, { tmpFolder: root });
    const items = [];
    for await (const item of source.items()) items.push(item);
    await Promise.all(['a', 'b', 'c'].map((name) => rm(join(root, `${name}.jpg`))));
    await symlink('/etc/passwd', join(root, 'a.jpg'));
    execFileSync('mkfifo', [join(root, 'b.jpg')]);
    await appendFile(join(root, 'd.jpg'), 'more');
    for (const item of items.slice(0, 3)) {
      const failure = await item.open().catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'unreadable_file' });
      expect(isItemFailure(failure)).toBe(true);
    }
    expect(String(await readItem(items[3]!))).toBe('bytes of d.jpgmore');
  });

  it.skipIf(process.geteuid?.() === 0)('tells a folder that may not be read (root may)', async () => {
    await fill(['closed/a.jpg', 'b.jpg']);
    await chmod(join(root, 'closed'), 0);
    const read = await readSource(root);
    await chmod(join(root, 'closed'), 0o700);
    expect(read.names).toEqual(['b.jpg']);
    expect(read.problems).toEqual([`unreadable_folder ${root}/closed`]);
  });

  const setUp = (to: string) => `mount --bind '${root}' '${to}'`;
  it.skipIf(spawnSync('unshare', ['-m', 'true']).status !== 0)(
    'enters no folder mounted below itself twice',
    async () => {
      await fill(['a.jpg', 'below/b.jpg']);
      const main = fileURLToPath(new URL('../fixtures/list-source.js', import.meta.url));
      const run = `${setUp(`${root}/below`)} && exec "$0" "$1" "$2"`;
      const ran = spawnSync('unshare', ['-m', 'sh', '-c', run, process.execPath, main, root]);
      expect(JSON.parse(String(ran.stdout))).toEqual([['a.jpg'], ['folder_loop']]);
    },
  );

  it('goes only so deep', async () => {
    let folder = root;
    for (let depth = 0; depth < 40; depth++) {
      folder = join(folder, 'd');
      mkdirSync(folder);
    }
    writeFileSync(join(folder, 'deep.jpg'), '');
    writeFileSync(join(root, 'a.jpg'), '');
    const read = await readSource(root, { limits: { maxDepth: 20 } });
    expect(read.names).toEqual(['a.jpg']);
    expect(read.problems).toHaveLength(1);
    expect(read.problems[0]).toContain('folder_too_deep');
    expect((await readSource(root)).names).toHaveLength(2);
  });

  it('tells files that are larger than allowed', async () => {
    await fill(['a.jpg', 'longer name.jpg', 'a.mp4']);
    const read = await readSource(root, { limits: { maxPictureBytes: 16 } });
    expect(read.names).toEqual(['a.jpg', 'a.mp4']);
    expect(read.problems).toEqual([`too_large ${root}/longer name.jpg`]);
  });

  it('gives 30,000 files of one folder in memory that does not grow with them', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let i = 0; i < 30_000; i++) writeFileSync(join(root, `${i}.jpg`), '');
    const source = await openSource(root, { tmpFolder: root });
    const seen = new Uint8Array(30_000);
    const heaps: number[] = [];
    let count = 0;
    for await (const item of source.items()) {
      seen[Number.parseInt(item.name, 10)]! += 1;
      if (++count % 5_000 !== 0) continue;
      collect();
      heaps.push(process.memoryUsage().heapUsed);
    }
    expect(seen.every((times) => times === 1)).toBe(true);
    // A chunk of entries is about 2 MB; all of them, with what is known of each file, would be ten times that.
    expect(Math.max(...heaps) - Math.min(...heaps)).toBeLessThan(6e6);
  });

  it('stops when told, and bounds what it remembers of problems', async () => {
    for (let i = 0; i < 10_050; i++) symlinkSync('nowhere', join(root, `${String(i).padStart(5, '0')}.jpg`));
    const source = await openSource(root, { tmpFolder: root });
    for await (const item of source.items()) throw new Error(`unexpected ${item.name}`);
    expect(source.problems).toHaveLength(10_000);
    expect(source.furtherProblems).toBe(50);
    expect(source.skipped).toBe(10_050);
    const stopped = await openSource(root, { tmpFolder: root });
    await expect(stopped.items(AbortSignal.abort(new Error('told to'))).next()).rejects.toThrow('told to');
  });
});

describe('a file as a source', () => {
  it('is told by its name, else by its content', async () => {
    await fill(['a.jpg']);
    expect((await readSource(join(root, 'a.jpg'))).names).toEqual(['a.jpg']);
    await writeFile(join(root, 'nameless'), Buffer.from('89504e470d0a1a0a', 'hex'));
    expect((await readSource(join(root, 'nameless'))).items[0]).toMatchObject({ name: 'nameless', kind: 'picture' });
    await writeFile(join(root, 'clip'), Buffer.concat([Buffer.alloc(4), Buffer.from('ftypisom')]));
    expect((await readSource(join(root, 'clip'))).items[0]).toMatchObject({ kind: 'video' });
    await symlink(join(root, 'a.jpg'), join(root, 'link'));
    expect((await readSource(join(root, 'link'))).items[0]).toMatchObject({ location: join(root, 'a.jpg') });
  });

  it.each([
    ['nothing there', 'missing', 'missing_path'],
    ['a text', 'text.txt', 'unknown_kind'],
    ['an empty file', 'empty', 'unreadable_file'],
    ['a pipe', 'pipe', 'not_a_file'],
    ['a dead link', 'dead', 'missing_path'],
    ['a pattern without a match', '*.webp', 'no_match'],
    ['a pattern in no folder', 'nowhere/*.jpg', 'missing_path'],
  ])('refuses %s', async (_, name, code) => {
    await writeFile(join(root, 'text.txt'), 'some text');
    await writeFile(join(root, 'empty'), '');
    await symlink('nowhere', join(root, 'dead'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await expect(readSource(join(root, name))).rejects.toMatchObject({ code });
  });

  it('refuses other schemes', async () => {
    await expect(readSource('file:///etc')).rejects.toMatchObject({ code: 'bad_url' });
    await expect(readSource('gs://bucket/x')).rejects.toMatchObject({ code: 'bad_url' });
    await expect(readSource('')).rejects.toMatchObject({ code: 'missing_path' });
  });
});

describe('a pattern as a source', () => {
  beforeEach(() => fill(['a.jpg', 'b.png', 'x/a.jpg', 'x/y/a.jpg', 'x/y/b.jpg', '.h/a.jpg', 'x/c.txt', '[1].jpg']));

  it.each([
    ['*.jpg', ['[1].jpg', 'a.jpg']],
    ['**/a.jpg', ['a.jpg', 'x/a.jpg', 'x/y/a.jpg']],
    ['x/*', ['a.jpg']],
    ['x/**', ['a.jpg', 'y/a.jpg', 'y/b.jpg']],
    ['{x/y,.}/*.jpg', ['x/y/a.jpg', 'x/y/b.jpg']],
    ['x/y/[ab].jpg', ['a.jpg', 'b.jpg']],
    ['*.{jpg,png}', ['[1].jpg', 'a.jpg', 'b.png']],
    ['[1].jpg', ['[1].jpg']],
  ])('%s', async (pattern, names) => {
    expect((await readSource(join(root, pattern))).names).toEqual(names);
  });

  it('may be relative to where it is asked', async () => {
    const before = process.cwd;
    process.cwd = () => root;
    try {
      // stat resolves against the real folder, so only what is below it can be asked here.
      const relative = `${root.replace(/^\//, '../'.repeat(before().split('/').length - 1))}/x/*`;
      process.cwd = before;
      const read = await readSource(relative);
      expect(read.items[0]).toMatchObject({ location: `${root}/x/a.jpg`, name: 'a.jpg' });
    } finally {
      process.cwd = before;
    }
  });
});
