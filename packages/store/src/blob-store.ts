import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { diskFull, StoreError, storageError, systemCode } from './error.js';

/** What {@link BlobStore.put} says it stored. */
export interface StoredBlob {
  /** SHA-256 of the bytes, 64 lower-case hexadecimal digits: the blob's name. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Bytes to store: in memory, a file's path, or a stream. */
export type BlobSource = Uint8Array | string | Readable;

/** Content-addressed bytes: what has the same SHA-256 is stored once, and never changes. */
export interface BlobStore {
  /**
   * Stores bytes, on disk (fsync) before it answers; the same bytes twice are stored once.
   *
   * @throws StoreError `disk_full` or `home_not_writable`; nothing half-written is left under a blob's name.
   */
  put(source: BlobSource): Promise<StoredBlob>;
  /** Where the blob's bytes lie, whether or not it exists. */
  pathOf(sha256: string): string;
  has(sha256: string): Promise<boolean>;
  /** The blob's bytes. @throws StoreError `unknown_blob`. */
  read(sha256: string): Promise<Uint8Array>;
  /** Removes the blob; nothing happens where it does not exist. */
  delete(sha256: string): Promise<void>;
}

/** Room on the disk that blobs leave free, so that the database beside them can finish what it has begun. */
export const RESERVED_BYTES = 48 * 2 ** 20;

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Opens a content-addressed folder: `blobs/ab/cdef…` below `home`, files in the making in `tmp`.
 *
 * Any number of processes may write at once: each writes its own file, flushes it, and renames it to the blob's name;
 * where two race, both bring the same bytes.
 */
export function openBlobStore(home: string): BlobStore {
  const root = join(home, 'blobs');
  const tmp = join(home, 'tmp');

  const pathOf = (sha256: string): string => {
    if (!SHA256.test(sha256)) {
      throw new StoreError('unknown_blob', `"${sha256}" is no SHA-256: 64 lower-case hexadecimal digits are expected.`);
    }
    return join(root, sha256.slice(0, 2), sha256.slice(2));
  };

  const has = async (sha256: string): Promise<boolean> => {
    const found = await stat(pathOf(sha256)).catch(() => undefined);
    return found?.isFile() ?? false;
  };

  const put = async (source: BlobSource): Promise<StoredBlob> => {
    if (source instanceof Uint8Array) {
      const sha256 = createHash('sha256').update(source).digest('hex');
      if (await has(sha256)) return { sha256, sizeBytes: source.byteLength };
    }
    const draft = join(tmp, `blob-${process.pid}-${randomUUID()}`);
    try {
      await assertRoom(home, source instanceof Uint8Array ? source.byteLength : 0);
      const stored = await writeDraft(draft, source, home);
      const target = pathOf(stored.sha256);
      await makeDurableFolder(dirname(target));
      await rename(draft, target);
      await syncFolder(dirname(target));
      return stored;
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw storageError(error, home);
    }
  };

  return {
    put,
    pathOf,
    has,
    read: async (sha256) => {
      const path = pathOf(sha256);
      return readFile(path).catch((error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw error;
        throw new StoreError('unknown_blob', `No blob ${sha256} in ${root}.`, { sha256 }, { cause: error });
      });
    },
    delete: async (sha256) => {
      await unlink(pathOf(sha256)).catch((error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw storageError(error, home);
      });
    },
  };
}

/** Free bytes on the disk that holds `folder`, as this user may use them. */
export async function freeBytes(folder: string): Promise<number> {
  const disk = await statfs(folder);
  return disk.bavail * disk.bsize;
}

/** Refuses to begin what would leave less room on the disk than is reserved. @throws StoreError `disk_full` */
export async function assertRoom(home: string, sizeBytes: number): Promise<void> {
  if ((await freeBytes(home)) - sizeBytes < RESERVED_BYTES) throw diskFull(home);
}

async function writeDraft(draft: string, source: BlobSource, home: string): Promise<StoredBlob> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await open(draft, 'wx', 0o644);
  try {
    if (source instanceof Uint8Array) {
      hash.update(source);
      sizeBytes = source.byteLength;
      await file.writeFile(source);
    } else {
      let sinceCheck = 0;
      for await (const chunk of typeof source === 'string' ? createReadStream(source) : source) {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
        hash.update(bytes);
        await writeAll(file, bytes);
        sizeBytes += bytes.byteLength;
        sinceCheck += bytes.byteLength;
        if (sinceCheck > 2 ** 24) {
          await assertRoom(home, 0);
          sinceCheck = 0;
        }
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    done += (await file.write(bytes, done, bytes.byteLength - done)).bytesWritten;
  }
}

const durableFolders = new Set<string>();

/** Makes a folder and flushes its parent, once a process; a folder that is removed later is made again by the caller's retry. */
async function makeDurableFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made !== undefined || !durableFolders.has(folder)) await syncFolder(dirname(folder));
  durableFolders.add(folder);
}

/** Flushes a folder's entries, so that a rename survives a power cut; systems that cannot (Windows) do so by themselves. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
