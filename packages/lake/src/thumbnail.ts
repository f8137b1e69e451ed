import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeThumbnail, sniffFormat } from '@fovea/image';
import { type Home, storageError, systemCode } from '@fovea/store';
import { mediaFile } from './video/media-file.js';

/** What is needed of a home to keep thumbnails. */
type ThumbnailHome = Pick<Home, 'path' | 'blobs'>;

/** Where the thumbnail of a picture lies, whether or not it exists. Its format is told by its content. */
export function thumbnailPath(home: Pick<Home, 'path'>, sha256: string): string {
  return join(home.path, 'cache', 'thumbnails', sha256.slice(0, 2), sha256.slice(2));
}

/** Where homes of Fovea 0.1 have it. */
const olderPath = (home: Pick<Home, 'path'>, sha256: string): string => `${thumbnailPath(home, sha256)}-360.webp`;

/** The media type of a thumbnail: `image/jpeg`, or `image/webp`. */
export function thumbnailMediaType(thumbnail: Uint8Array): string {
  return `image/${sniffFormat(thumbnail) ?? 'jpeg'}`;
}

/**
 * A picture's thumbnail, see {@link thumbnailMediaType}. Thumbnails are derived: they are written without waiting for the
 * disk, and one that is lost is made again from the picture.
 *
 * @throws StoreError `unknown_blob`; FoveaError `unreadable_image`
 */
export async function readThumbnail(home: Home, sha256: string): Promise<Uint8Array> {
  for (const path of [thumbnailPath(home, sha256), olderPath(home, sha256)]) {
    const stored = await readFile(path).catch(() => undefined);
    // A power cut can leave a file without its bytes.
    if (stored !== undefined && sniffFormat(stored) !== undefined) return stored;
  }
  return writeThumbnail(home, sha256, await readFile(await mediaFile(home, sha256)));
}

/** Makes and stores the thumbnail of a picture from its bytes. */
export async function writeThumbnail(home: ThumbnailHome, sha256: string, bytes: Uint8Array): Promise<Uint8Array> {
  const thumbnail = await makeThumbnail(bytes);
  await storeThumbnail(home, sha256, thumbnail);
  return thumbnail;
}

/** Stores a thumbnail that `readFacts` or `makeThumbnail` made. */
export async function storeThumbnail(home: Pick<Home, 'path'>, sha256: string, thumbnail: Uint8Array): Promise<void> {
  const path = thumbnailPath(home, sha256);
  const draft = draftPath(home);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(draft, thumbnail);
    await rename(draft, path);
  } catch (error) {
    throw storageError(error, home.path);
  }
}

/** Stores a thumbnail at once, for a process that does little else. */
export function storeThumbnailSync(home: Pick<Home, 'path'>, sha256: string, thumbnail: Uint8Array): void {
  const path = thumbnailPath(home, sha256);
  const draft = draftPath(home);
  try {
    writeFileSync(draft, thumbnail);
    try {
      renameSync(draft, path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      mkdirSync(dirname(path), { recursive: true });
      renameSync(draft, path);
    }
  } catch (error) {
    rmSync(draft, { force: true });
    throw storageError(error, home.path);
  }
}

const draftPath = (home: Pick<Home, 'path'>): string => join(home.path, 'tmp', `blob-${process.pid}-${randomUUID()}`);

/** Whether a picture's thumbnail exists. */
export async function hasThumbnail(home: Pick<Home, 'path'>, sha256: string): Promise<boolean> {
  for (const path of [thumbnailPath(home, sha256), olderPath(home, sha256)]) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.size > 0) return true;
  }
  return false;
}
