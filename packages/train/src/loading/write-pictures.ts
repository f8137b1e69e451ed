import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { IndexedPictures, PlannedPicture } from '../plan.js';
import { encodeRow, rowBytes, rowsPathOf } from './picture-index.js';

/** Bytes gathered before they are written. */
const chunkBytes = 1 << 20;

/** The pictures a run has to do with, in files, and their sizes in the order they came. */
export interface WrittenPictures {
  readonly train: IndexedPictures;
  readonly val: IndexedPictures;
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
}

/** A file written in chunks. */
async function openChunks(path: string) {
  const file: FileHandle = await open(path, 'w');
  let chunks: Buffer[] = [];
  let pending = 0;
  const flush = async () => {
    const bytes = Buffer.concat(chunks);
    chunks = [];
    pending = 0;
    await file.writeFile(bytes);
  };
  return {
    async add(bytes: Buffer) {
      chunks.push(bytes);
      pending += bytes.length;
      if (pending >= chunkBytes) await flush();
    },
    flush,
    close: () => file.close(),
  };
}

/** What tells one label map from another: its SHA-256, or that of what is known of its file without reading it. */
async function labelMapId({ labelMapPath, labelMapSha256 }: PlannedPicture): Promise<string> {
  if (labelMapSha256 !== undefined || labelMapPath === undefined) return labelMapSha256 ?? '';
  // What is wrong with the file is said by whoever reads it.
  const { size = 0, mtimeMs = 0 } = await stat(labelMapPath).catch(() => ({}) as { size?: number; mtimeMs?: number });
  return `${labelMapPath}:${size}:${mtimeMs}`;
}

/** One split on its way to its files. */
async function openSplit(path: string) {
  const draft = `${path}.tmp`;
  const lines = await openChunks(draft);
  const rows = await openChunks(rowsPathOf(draft));
  const hash = createHash('sha256');
  let [count, offset] = [0, 0];
  return {
    async add(picture: PlannedPicture): Promise<void> {
      const line = Buffer.from(`${JSON.stringify(picture)}\n`);
      const row = Buffer.alloc(rowBytes);
      const { sha256, width, height } = picture;
      const hasLabelMap = picture.labelMapPath !== undefined;
      encodeRow({ offset, length: line.length - 1, width, height, hasLabelMap }, row, 0);
      hash.update(`${sha256} ${width} ${height} ${await labelMapId(picture)}\n`);
      offset += line.length;
      count++;
      await lines.add(line);
      await rows.add(row);
    },
    /** Renamed when whole: whoever reads the old files meanwhile goes on with them. */
    async finish(): Promise<IndexedPictures> {
      await lines.flush();
      await rows.flush();
      await this.close();
      await rename(rowsPathOf(draft), rowsPathOf(path));
      await rename(draft, path);
      return { path, count, digest: hash.digest('hex') };
    },
    async close() {
      await lines.close();
      await rows.close();
    },
    async discard() {
      await this.close();
      for (const file of [draft, rowsPathOf(draft)]) await rm(file, { force: true });
    },
  };
}

/**
 * Writes the pictures to train and to validate on to `train.pictures` and `val.pictures` in `folder`, JSON lines with a
 * file of rows beside each, in one pass that holds one picture at a time.
 */
export async function writePictures(
  folder: string,
  pictures: Iterable<PlannedPicture> | AsyncIterable<PlannedPicture>,
): Promise<WrittenPictures> {
  const splits = {
    train: await openSplit(join(folder, 'train.pictures')),
    val: await openSplit(join(folder, 'val.pictures')),
  };
  const sizes: { width: number; height: number }[] = [];
  try {
    for await (const picture of pictures) {
      sizes.push({ width: picture.width, height: picture.height });
      if (picture.split !== 'test') await splits[picture.split].add(picture);
    }
  } catch (error) {
    await splits.train.discard();
    await splits.val.discard();
    throw error;
  }
  return { train: await splits.train.finish(), val: await splits.val.finish(), sizes };
}
