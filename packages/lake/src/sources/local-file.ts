import { type BigIntStats, constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { FoveaError } from '@fovea/annotations';
import { nameText } from './file-name.js';
import { CHUNK_BYTES, tooLarge } from './limited-bytes.js';
import type { MediaKind, SourceItem } from './source.js';

// Neither is known to Windows, which has neither named pipes nor, in effect, links among its files.
const READ_ONLY = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** Size and time of last change of a file, as one text. */
export function fingerprintOf({ size, mtimeNs }: BigIntStats): string {
  return `${size}-${mtimeNs}`;
}

/** A path as text where its bytes are UTF-8, else as they are. */
export function plainPath(path: Buffer): string | Buffer {
  const text = path.toString();
  return Buffer.from(text).equals(path) ? text : path;
}

/** A file of a folder as an item of a source. */
export function fileItem(
  path: Buffer,
  name: string,
  kind: MediaKind,
  found: BigIntStats,
  maxBytes: number,
): SourceItem {
  const location = nameText(path);
  return {
    location,
    name,
    fingerprint: fingerprintOf(found),
    sizeBytes: Number(found.size),
    kind,
    path: plainPath(path),
    open: () => openLocal(path, location, maxBytes),
  };
}

/**
 * Opens a regular file, and neither follows a link nor waits for a pipe that took its place meanwhile. A file that grows
 * while it is read gives the bytes it had.
 *
 * @throws FoveaError `unreadable_file`, `too_large`
 */
export async function openLocal(path: string | Buffer, location: string, maxBytes: number): Promise<Readable> {
  const file = await open(path, READ_ONLY).catch((cause: NodeJS.ErrnoException) => {
    const gone = cause.code === 'ENOENT' ? 'it is gone' : `it cannot be opened (${cause.code})`;
    throw unreadable(location, cause.code === 'ELOOP' ? 'it is a link' : gone, cause);
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw unreadable(location, 'it is not a regular file');
    if (found.size > maxBytes) throw tooLarge(location, maxBytes);
    // Node takes no end before the start, and an empty file has neither.
    return file.createReadStream({ highWaterMark: CHUNK_BYTES, ...(found.size > 0 && { end: found.size - 1 }) });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The error for a file that cannot be read. */
export function unreadable(location: string, reason: string, cause?: unknown): FoveaError {
  return new FoveaError(
    'unreadable_file',
    `"${location}" cannot be read: ${reason}.`,
    { file: location, reason },
    { cause },
  );
}

/** An absolute path's bytes. */
export function absolutePath(path: string): Buffer {
  return Buffer.from(isAbsolute(path) ? path : join(process.cwd(), path));
}
