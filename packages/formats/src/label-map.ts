import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import { FoveaError } from '@fovea/annotations';
import { decodePngSamples } from './png-samples.js';

/** The value of a pixel nobody said a class of. */
export const UNLABELLED = 255;

/** The most classes a label map tells apart: indices 0 to 254. */
export const MAX_LABEL_CLASSES = 255;

/** A class for each pixel: `data[y * width + x]` is a class index, or 255 for unlabelled. */
export interface LabelMap {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Reads a label map from the bytes of a PNG: one channel of at most eight bits, grey or palette, whose stored value
 * (not its colour) is the class.
 *
 * @throws FoveaError `bad_label_map` where it is another kind of file, or broken
 */
export async function decodeLabelMap(bytes: Uint8Array): Promise<LabelMap> {
  return decodePngSamples(bytes);
}

/** {@link decodeLabelMap} of a file. @throws FoveaError `bad_label_map`, also where the file cannot be read */
export async function loadLabelMap(path: string): Promise<LabelMap> {
  return decodeLabelMap(await loadLabelMapFile(path));
}

/** Bytes of a label map's file. @throws FoveaError `bad_label_map` */
export async function loadLabelMapFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = `the file cannot be opened (${(cause as NodeJS.ErrnoException).code})`;
    throw new FoveaError('bad_label_map', `The label map cannot be used: ${reason}.`, { reason }, { cause });
  }
}

/** How many pixels have each value; length 256. */
export function countLabels({ data }: LabelMap): Uint32Array {
  const counts = new Uint32Array(256);
  for (const value of data) counts[value]!++;
  return counts;
}

/** The map with each value k replaced by `indices[k]`, and by {@link UNLABELLED} where there is none. */
export function mapLabels({ data, width, height }: LabelMap, indices: readonly number[]): LabelMap {
  const table = new Uint8Array(256).fill(UNLABELLED);
  indices.slice(0, MAX_LABEL_CLASSES).forEach((index, value) => {
    if (index < MAX_LABEL_CLASSES) table[value] = index;
  });
  return { data: data.map((value) => table[value]!), width, height };
}

const deflated = promisify(deflate);

/** Writes a label map as an 8-bit grey PNG; the same map gives the same bytes. */
export async function encodeLabelMap({ data, width, height }: LabelMap): Promise<Uint8Array> {
  // A row is its filter (0, none: the smallest for class indices), then a byte a pixel.
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const pixels = await deflated(rows);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, data.length + 8)), data.length + 8);
  return out;
}
