import { type FileHandle, open, opendir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Home } from '@fovea/store';
import { quote, type Scratch } from '../snapshots/scratch.js';

/** How many there are, and how many bytes they have. */
export interface Amount {
  count: number;
  bytes: number;
}

/** A file that may be garbage. */
interface FoundFile {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly storedAt: Date;
  /** Its name in its folder, where that is not the rest of the SHA-256. */
  readonly name?: string;
}

/** Puts files into a new table of DuckDB: `sha256`, `size_bytes`, `stored_ms` and `name`. */
async function tabulate(
  { duck, file }: Scratch,
  table: string,
  files: AsyncIterable<readonly FoundFile[]>,
): Promise<void> {
  const path = file();
  const list: FileHandle = await open(path, 'wx', 0o600);
  try {
    for await (const some of files) {
      const lines = some.map(
        (each) => `${each.sha256},${each.sizeBytes},${Math.floor(each.storedAt.getTime())},${each.name ?? ''}\n`,
      );
      await list.appendFile(lines.join(''));
    }
  } finally {
    await list.close();
  }
  await duck.run(
    `create table ${table} as select * from read_csv(${quote(path)}, header = false, auto_detect = false, delim = ',', quote = '',
       escape = '', columns = {sha256: 'VARCHAR', size_bytes: 'BIGINT', stored_ms: 'BIGINT', name: 'VARCHAR'})`,
  );
}

/** Lists all blobs into the table `files`. */
export async function tabulateBlobs(home: Home, scratch: Scratch, signal?: AbortSignal): Promise<void> {
  await tabulate(scratch, 'files', stoppable(home.blobs.list(), signal));
}

/** Lists all thumbnails into the table `thumbnails`. */
export async function tabulateThumbnails(home: Home, scratch: Scratch, signal?: AbortSignal): Promise<void> {
  await tabulate(scratch, 'thumbnails', stoppable(listThumbnails(join(home.path, 'cache', 'thumbnails')), signal));
}

async function* stoppable<T>(items: AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
  for await (const item of items) {
    signal?.throwIfAborted();
    yield item;
  }
}

async function* listThumbnails(root: string): AsyncGenerator<FoundFile[]> {
  for (const folder of await entriesOf(root)) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    let some: FoundFile[] = [];
    for await (const { name } of await opendir(join(root, folder))) {
      // With what older homes put behind it.
      const [, rest] = /^([0-9a-f]{62})(?:$|-[0-9a-z.]+$)/.exec(name) ?? [];
      const found = rest === undefined ? undefined : await stat(join(root, folder, name)).catch(() => undefined);
      if (!found?.isFile()) continue;
      some.push({ sha256: folder + rest, sizeBytes: found.size, storedAt: found.mtime, name });
      if (some.length < 1000) continue;
      yield some;
      some = [];
    }
    yield some;
  }
}

/** Names in a folder; none where there is no folder. */
export async function entriesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** Bytes of all files below a path. */
async function bytesBelow(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.size;
  let bytes = 0;
  for (const name of await entriesOf(path)) bytes += await bytesBelow(join(path, name));
  return bytes;
}

/** Removes a file or a folder with all in it, and counts it. */
export async function removeAndCount(path: string, amount: Amount, dryRun: boolean): Promise<void> {
  const bytes = await bytesBelow(path);
  if (!dryRun) await rm(path, { recursive: true, force: true });
  amount.count++;
  amount.bytes += bytes;
}
