import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeThumbnail } from '@fovea/image';
import { type Home, storageError } from '@fovea/store';

/** Longer side of a stored thumbnail, in pixels. */
export const THUMBNAIL_SIDE = 360;

/** Where the thumbnail of a picture lies, whether or not it exists. */
export function thumbnailPath(home: Home, sha256: string): string {
  return join(home.path, 'cache', 'thumbnails', sha256.slice(0, 2), `${sha256.slice(2)}-${THUMBNAIL_SIDE}.webp`);
}

/**
 * A picture's thumbnail, WebP. Thumbnails are derived: they are written without waiting for the disk, and one that is
 * lost is made again from the picture.
 *
 * @throws StoreError `unknown_blob`; FoveaError `unreadable_image`
 */
export async function readThumbnail(home: Home, sha256: string): Promise<Uint8Array> {
  const stored = await readFile(thumbnailPath(home, sha256)).catch(() => undefined);
  // A power cut can leave a file without its bytes.
  if (stored !== undefined && stored.length > 0) return stored;
  return writeThumbnail(home, sha256, await home.blobs.read(sha256));
}

/** Makes and stores the thumbnail of a picture from its bytes. */
export async function writeThumbnail(home: Home, sha256: string, bytes: Uint8Array): Promise<Uint8Array> {
  const thumbnail = await makeThumbnail(bytes, THUMBNAIL_SIDE);
  const path = thumbnailPath(home, sha256);
  const draft = join(home.path, 'tmp', `blob-${process.pid}-${randomUUID()}`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(draft, thumbnail);
    await rename(draft, path);
  } catch (error) {
    throw storageError(error, home.path);
  }
  return thumbnail;
}

/** Whether a picture's thumbnail exists. */
export async function hasThumbnail(home: Home, sha256: string): Promise<boolean> {
  const found = await stat(thumbnailPath(home, sha256)).catch(() => undefined);
  return found !== undefined && found.size > 0;
}
