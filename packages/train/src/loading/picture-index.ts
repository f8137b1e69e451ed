import { type FileHandle, open } from 'node:fs/promises';
import { TrainError } from '../error.js';
import type { IndexedPictures, PlannedPicture } from '../plan.js';

/** Where a picture's line lies, and what of it is needed without reading the line. */
export interface PictureRow {
  readonly offset: number;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly hasLabelMap: boolean;
}

/**
 * A row of the file beside the lines, little-endian: offset as float64, then length, width, height and flags as uint32.
 * Rows are of one size, so that the n-th picture is found without those before it.
 */
export const rowBytes = 24;
/** Rows read at a time where all are gone through. */
const rowsAtOnce = 8192;

/** Writes a row into `bytes` at `at`. */
export function encodeRow({ offset, length, width, height, hasLabelMap }: PictureRow, bytes: Buffer, at: number): void {
  bytes.writeDoubleLE(offset, at);
  bytes.writeUInt32LE(length, at + 8);
  bytes.writeUInt32LE(width, at + 12);
  bytes.writeUInt32LE(height, at + 16);
  bytes.writeUInt32LE(hasLabelMap ? 1 : 0, at + 20);
}

function decodeRow(bytes: Buffer, at: number): PictureRow {
  return {
    offset: bytes.readDoubleLE(at),
    length: bytes.readUInt32LE(at + 8),
    width: bytes.readUInt32LE(at + 12),
    height: bytes.readUInt32LE(at + 16),
    hasLabelMap: bytes.readUInt32LE(at + 20) === 1,
  };
}

/** The file of rows that belongs to a file of lines. */
export const rowsPathOf = (path: string) => `${path}.rows`;

/** Pictures of a plan on disk, any of them at hand by its number; in memory is nothing of them. */
export interface PictureIndex {
  readonly count: number;
  /** The `at`-th picture, in [0, count). */
  load(at: number): Promise<PlannedPicture>;
  /** All of them in order, for those few that must be held. */
  loadAll(): Promise<PlannedPicture[]>;
  /** The rows of pictures [from, to) in order, all by default; some thousands are in memory at a time. */
  rows(from?: number, to?: number): AsyncIterable<PictureRow>;
  /** By class the numbers of the pictures that are of it as a whole, ascending; classes in the order they are met. */
  loadMembers(): Promise<Map<number, number[]>>;
  close(): Promise<void>;
}

/**
 * Opens an index that `writePictures` wrote.
 *
 * @throws TrainError `broken_plan` where a file is missing or its length is not what the plan says.
 */
export async function openPictureIndex({ path, count }: IndexedPictures): Promise<PictureIndex> {
  const broken = (why: string, cause?: unknown) =>
    new TrainError(
      'broken_plan',
      `The list of pictures "${path}" ${why}; start the run again to have it written anew.`,
      { file: path },
      { cause },
    );
  const missing = (cause: unknown) => {
    throw broken('cannot be read', cause);
  };
  const lines = await open(path).catch(missing);
  const rows = await open(rowsPathOf(path)).catch(async (cause) => {
    await lines.close();
    return missing(cause);
  });
  const close = async () => {
    await lines.close();
    await rows.close();
  };
  if ((await rows.stat()).size !== count * rowBytes) {
    await close();
    throw broken(`has not the ${count} pictures of the plan`);
  }

  async function read(file: FileHandle, length: number, position: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    const { bytesRead } = await file.read(bytes, 0, length, position);
    if (bytesRead !== length) throw broken('ends too early');
    return bytes;
  }
  const parse = (line: string): PlannedPicture => {
    try {
      return JSON.parse(line) as PlannedPicture;
    } catch (cause) {
      throw broken('holds a line that is no picture', cause);
    }
  };

  async function* rowBlocks(from: number, to: number): AsyncGenerator<PictureRow[]> {
    for (let at = from; at < to; at += rowsAtOnce) {
      const some = Math.min(rowsAtOnce, to - at);
      const bytes = await read(rows, some * rowBytes, at * rowBytes);
      yield Array.from({ length: some }, (_, i) => decodeRow(bytes, i * rowBytes));
    }
  }

  async function* pictures(): AsyncGenerator<PlannedPicture> {
    for await (const block of rowBlocks(0, count)) {
      const [first, last] = [block[0]!, block.at(-1)!];
      const bytes = await read(lines, last.offset + last.length - first.offset, first.offset);
      for (const { offset, length } of block)
        yield parse(bytes.toString('utf8', offset - first.offset, offset - first.offset + length));
    }
  }

  return {
    count,
    async load(at) {
      const { offset, length } = decodeRow(await read(rows, rowBytes, at * rowBytes), 0);
      return parse((await read(lines, length, offset)).toString('utf8'));
    },
    async loadAll() {
      const all: PlannedPicture[] = [];
      for await (const picture of pictures()) all.push(picture);
      return all;
    },
    async *rows(from = 0, to = count) {
      for await (const block of rowBlocks(from, to)) yield* block;
    },
    async loadMembers() {
      const members = new Map<number, number[]>();
      let at = 0;
      for await (const { classIndices } of pictures()) {
        for (const classIndex of classIndices ?? []) {
          const own = members.get(classIndex);
          if (own) own.push(at);
          else members.set(classIndex, [at]);
        }
        at++;
      }
      return members;
    },
    close,
  };
}
