import type { BigIntStats, Dir, Dirent } from 'node:fs';
import { lstat, opendir, readlink, stat } from 'node:fs/promises';
import { archiveKindOf, isHidden, kindOf, nameText } from './file-name.js';
import { formatBytes, maxBytesOf } from './limited-bytes.js';
import { fileItem } from './local-file.js';
import type { SourceItem, SourceLimits } from './source.js';
import type { SourceReport } from './source-report.js';

/** What a walk may be told beside where it begins. */
export interface WalkOptions {
  readonly limits: SourceLimits;
  readonly report: SourceReport;
  readonly signal?: AbortSignal | undefined;
  /** Whether to take a file, by its name below the root; default all. */
  readonly accepts?: (name: string) => boolean;
  /** How many folders deep to go below the root; default as deep as the limits allow. */
  readonly depth?: number;
  /** Told of each folder before it is read. */
  readonly onFolder?: (path: Buffer, name: string) => void;
  /** Told of each folder that cannot be read, or not to its end: nobody knows what is in it. */
  readonly onUnreadable?: (name: string) => void;
  /** Takes an archive that `accepts` does; by default they count as ignored. */
  readonly onArchive?: (path: Buffer, name: string) => AsyncGenerator<SourceItem>;
}

const CHUNK = 4096;
const LOOKS_AT_ONCE = 32;
const SEPARATOR = Buffer.from('/');

type RawEntry = Dirent<Buffer>;

/**
 * The pictures and videos of a folder and those below it. A folder is read 4,096 entries at a time, and each such chunk
 * comes in the order of its names' bytes, its files before its folders: a folder of fewer entries is in order as a
 * whole, one of more is in the order in which its file system tells them, and memory stays bounded.
 *
 * Hidden files are left out without a word. Links are not followed: what lies in the folder is found where it lies. What
 * cannot be read, and is no file, is a problem.
 *
 * @param name what the names of its items begin with, where `root` lies below another
 */
export async function* walkFolder(root: Buffer, options: WalkOptions, name = ''): AsyncGenerator<SourceItem> {
  yield* walk(root, name, [], options);
}

async function* walk(
  folder: Buffer,
  name: string,
  above: readonly string[],
  options: WalkOptions,
): AsyncGenerator<SourceItem> {
  const { report, limits, signal } = options;
  const shown = nameText(folder);
  let handle: Dir;
  let place: string;
  try {
    const found = await stat(folder, { bigint: true });
    place = `${found.dev}:${found.ino}`;
    // Without links, only a folder mounted below itself does this; where there are no numbers, nothing does.
    if (found.ino !== 0n && above.includes(place)) {
      return report.tell(shown, 'folder_loop', 'The folder is one of those around it; not entered again.');
    }
    options.onFolder?.(folder, name);
    handle = await opendir(folder as unknown as string, { encoding: 'buffer' as BufferEncoding, bufferSize: 1024 });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    options.onUnreadable?.(name);
    return report.tell(shown, 'unreadable_folder', `The folder cannot be read (${code}); what is in it was left out.`);
  }
  const around = [...above, place];
  try {
    for (;;) {
      signal?.throwIfAborted();
      const chunk = await readChunk(handle, shown, name, options);
      const folders: RawEntry[] = [];
      const files: RawEntry[] = [];
      for (const entry of chunk) {
        if (isHidden(nameText(entry.name))) continue;
        (entry.isDirectory() ? folders : files).push(entry);
      }
      yield* takeFiles(folder, name, files, options);
      for (const entry of folders) {
        signal?.throwIfAborted();
        const below = childOf(folder, entry.name);
        if (around.length > Math.min(limits.maxDepth, options.depth ?? Number.POSITIVE_INFINITY)) {
          if (options.depth === undefined) {
            const reason = `The folder lies more than ${limits.maxDepth} deep; what is in it was left out.`;
            report.tell(nameText(below), 'folder_too_deep', reason);
          }
        } else yield* walk(below, nameBelow(name, entry.name), around, options);
      }
      if (chunk.length < CHUNK) break;
    }
  } finally {
    await handle.close().catch(() => undefined);
  }
}

async function readChunk(handle: Dir, shown: string, name: string, options: WalkOptions): Promise<RawEntry[]> {
  const chunk: RawEntry[] = [];
  try {
    while (chunk.length < CHUNK) {
      const entry = (await handle.read()) as unknown as RawEntry | null;
      if (entry === null) break;
      chunk.push(entry);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    options.onUnreadable?.(name);
    options.report.tell(shown, 'unreadable_folder', `The folder cannot be read to its end (${code}).`);
  }
  return chunk.sort((a, b) => Buffer.compare(a.name, b.name));
}

async function* takeFiles(
  folder: Buffer,
  folderName: string,
  entries: readonly RawEntry[],
  options: WalkOptions,
): AsyncGenerator<SourceItem> {
  const { report, limits, accepts } = options;
  for (let from = 0; from < entries.length; from += LOOKS_AT_ONCE) {
    options.signal?.throwIfAborted();
    const looks = entries.slice(from, from + LOOKS_AT_ONCE).map((entry) => {
      const name = nameBelow(folderName, entry.name);
      const path = childOf(folder, entry.name);
      if (accepts && !accepts(name)) return undefined;
      return look(path, name, entry, options);
    });
    for (const { path, name, found } of (await Promise.all(looks)).filter((each) => each !== undefined)) {
      if (found === 'archive') {
        yield* options.onArchive!(path, name);
        continue;
      }
      const kind = kindOf(name)!;
      const maxBytes = maxBytesOf(kind, limits);
      if (found.size > maxBytes) {
        const reason = `The file has ${formatBytes(Number(found.size))}, over the ${formatBytes(maxBytes)} allowed; skipped.`;
        report.tell(nameText(path), 'too_large', reason, 1);
      } else yield fileItem(path, name, kind, found, maxBytes);
    }
  }
}

interface Look {
  readonly path: Buffer;
  readonly name: string;
  readonly found: BigIntStats | 'archive';
}

/** What an entry is; undefined for what is left out, which is then told or counted. */
async function look(path: Buffer, name: string, entry: RawEntry, options: WalkOptions): Promise<Look | undefined> {
  const { report } = options;
  const kind = kindOf(name);
  if (entry.isSymbolicLink()) {
    const target = await readlink(path, 'buffer').then(nameText, () => '?');
    return void report.tell(nameText(path), 'link_skipped', `The link to "${target}" was not followed.`, kind ? 1 : 0);
  }
  if (!entry.isFile()) {
    const what = entry.isFIFO() ? 'a named pipe' : entry.isSocket() ? 'a socket' : 'a device';
    return void report.tell(nameText(path), 'not_a_file', `It is ${what}; skipped.`, kind ? 1 : 0);
  }
  const isArchive = options.onArchive !== undefined && archiveKindOf(name) !== undefined;
  if (kind === undefined && !isArchive) return void report.ignore(name);
  if (isArchive) return { path, name, found: 'archive' };
  try {
    const found = await lstat(path, { bigint: true });
    if (found.isFile()) return { path, name, found };
    report.tell(nameText(path), 'not_a_file', 'It is not a file any more; skipped.', 1);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    report.tell(nameText(path), 'unreadable_file', `The file cannot be looked at (${code}); skipped.`, 1);
  }
  return undefined;
}

/** The path of an entry of a folder. */
export function childOf(folder: Buffer, name: Buffer): Buffer {
  return folder.at(-1) === 0x2f ? Buffer.concat([folder, name]) : Buffer.concat([folder, SEPARATOR, name]);
}

/** The name of an entry below the root. */
export function nameBelow(folder: string, name: Buffer): string {
  return folder === '' ? nameText(name) : `${folder}/${nameText(name)}`;
}
