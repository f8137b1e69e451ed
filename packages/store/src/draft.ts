import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { diskFull } from './error.js';

/** Room on the disk that blobs leave free, so that the database beside them can finish what it has begun. */
export const RESERVED_BYTES = 48 * 2 ** 20;

/** Free bytes on the disk that holds `folder`, as this user may use them. */
export async function freeBytes(folder: string): Promise<number> {
  const disk = await statfs(folder);
  return disk.bavail * disk.bsize;
}

/** Refuses to begin what would leave less room on the disk than is reserved. @throws StoreError `disk_full` */
export async function assertRoom(home: string, sizeBytes: number): Promise<void> {
  if ((await freeBytes(home)) - sizeBytes < RESERVED_BYTES) throw diskFull(home);
}

/** A new path in the home's `tmp`, which the next opening of the home clears where this process was killed. */
export function draftPath(home: string): string {
  return join(home, 'tmp', `blob-${process.pid}-${randomUUID()}`);
}

/** Writes bytes to a new file, hashing them on the way; they are flushed to the disk before this answers. */
export async function writeDraft(
  draft: string,
  source: Uint8Array | string | Readable,
  home: string,
): Promise<{ sha256: string; sizeBytes: number }> {
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
