import {
  closeSync,
  fsync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { REFRESH_MS } from './blob.js';
import { openBlobStore } from './blob-store.js';
import { draftPath, RESERVED_BYTES } from './draft.js';
import { diskFull, storageError, systemCode } from './error.js';
import { blobPath } from './folder-blobs.js';

/** Stores blobs for a process that does little else, see {@link openBlobWriter}. */
export interface BlobWriter {
  /**
   * Stores bytes whose SHA-256 is known, on disk (fsync) before it answers; what is there already is stored once.
   *
   * @throws StoreError `disk_full` or `home_not_writable`; nothing half-written is left under a blob's name.
   */
  put(sha256: string, bytes: Uint8Array): Promise<void>;
}

const flush = promisify(fsync);

/**
 * Writes into the same folders as `openBlobStore`, at half its cost: what takes microseconds is done on the spot, and
 * only flushing goes through Node's pool of threads. Folders are flushed in groups: those that changed while one group
 * was being flushed are the next. For processes of their own: a slow disk stops everything else in them.
 *
 * @param url - where blobs lie on S3, as `openBlobStore` takes it
 */
export function openBlobWriter(home: string, url?: string | null): BlobWriter {
  if (url) {
    const blobs = openBlobStore(home, url);
    return {
      put: async (_, bytes) => {
        await blobs.put(bytes);
      },
    };
  }
  const flushFolder = groupFlushes();

  async function write(sha256: string, bytes: Uint8Array): Promise<void> {
    const target = blobPath(home, sha256);
    const folder = dirname(target);
    // It may be another's that is not flushed yet.
    if (refresh(target)) return flushFolder(folder);
    const disk = statfsSync(home);
    if (disk.bavail * disk.bsize - bytes.byteLength < RESERVED_BYTES) throw diskFull(home);
    const draft = draftPath(home);
    try {
      const file = openSync(draft, 'wx', 0o644);
      try {
        for (let done = 0; done < bytes.byteLength; ) done += writeSync(file, bytes, done);
        await flush(file);
      } finally {
        closeSync(file);
      }
      await rename(draft, target, folder);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
    await flushFolder(folder);
  }

  async function rename(draft: string, target: string, folder: string): Promise<void> {
    try {
      renameSync(draft, target);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      mkdirSync(folder, { recursive: true });
      await flushFolder(dirname(folder));
      renameSync(draft, target);
    }
  }

  return {
    put: (sha256, bytes) =>
      write(sha256, bytes).catch((error: unknown) => {
        throw storageError(error, home);
      }),
  };
}

/** Whether a blob is there, which then counts as stored now, see {@link REFRESH_MS}. */
function refresh(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) return false;
  const now = new Date();
  if (now.getTime() - found.mtimeMs < REFRESH_MS) return true;
  try {
    utimesSync(path, now, now);
    return true;
  } catch {
    // It may have gone since: then it is written.
    return false;
  }
}

/** Flushes folders' entries, each once a group; systems that cannot (Windows) do so by themselves. */
function groupFlushes(): (folder: string) => Promise<void> {
  let open: { readonly folders: Set<string>; readonly done: Promise<void> } | undefined;
  let last: Promise<void> = Promise.resolve();
  const flushAll = async ([first, ...others]: readonly string[]): Promise<void> => {
    await flushOne(first!);
    // File systems with a journal have by now written what all of them need.
    await Promise.all(others.map(flushOne));
  };
  return (folder) => {
    if (process.platform === 'win32') return Promise.resolve();
    if (open === undefined) {
      const folders = new Set<string>();
      const done = last.then(() => {
        open = undefined;
        return flushAll([...folders]);
      });
      open = { folders, done };
      last = done.catch(() => undefined);
    }
    open.folders.add(folder);
    return open.done;
  };
}

async function flushOne(folder: string): Promise<void> {
  const handle = openSync(folder, 'r');
  try {
    await flush(handle);
  } finally {
    closeSync(handle);
  }
}
