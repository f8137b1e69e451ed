import { crc32, inflate } from 'node:zlib';
import { FoveaError } from '@fovea/annotations';
import { DEFAULT_MAX_PIXELS } from '@fovea/image';

/** Samples of a PNG with one channel, as stored: grey values, or indices of the palette. One byte each, row by row. */
export interface PngSamples {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const COLOUR_TYPES: Record<number, string> = { 2: 'RGB', 4: 'grey with transparency', 6: 'RGB with transparency' };

/** Where the samples of each of Adam7's passes lie: first column and row, and the steps to the next. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const WHOLE = [[0, 0, 1, 1]] as const;

/**
 * Reads a PNG's samples as they are stored, which picture decoders do not give: they turn palette indices into colours
 * and stretch grey of few bits. PNG specification, third edition (W3C 2025).
 *
 * @throws FoveaError `bad_label_map` where it is no PNG, broken or cut off, has more than one channel or 16 bits
 */
export async function decodePngSamples(bytes: Uint8Array): Promise<PngSamples> {
  const { width, height, bitDepth, isInterlaced, compressed } = readChunks(bytes);
  const passes = (isInterlaced ? ADAM7 : WHOLE).map(([left, top, stepX, stepY]) => {
    const columns = Math.ceil((width - left) / stepX);
    const rows = columns > 0 ? Math.ceil((height - top) / stepY) : 0;
    return { left, top, stepX, stepY, columns, rows, rowBytes: Math.ceil((columns * bitDepth) / 8) };
  });
  const size = passes.reduce((sum, pass) => sum + pass.rows * (1 + pass.rowBytes), 0);
  const raw = await inflateExactly(compressed, size);
  const data = new Uint8Array(width * height);
  let at = 0;
  for (const { left, top, stepX, stepY, columns, rows, rowBytes } of passes) {
    let above: Uint8Array = new Uint8Array(rowBytes);
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(at + 1, at + 1 + rowBytes);
      unfilter(raw[at]!, line, above);
      const start = (top + row * stepY) * width + left;
      if (bitDepth === 8 && stepX === 1) data.set(line, start);
      else for (let x = 0; x < columns; x++) data[start + x * stepX] = sampleAt(line, x, bitDepth);
      above = line;
      at += 1 + rowBytes;
    }
  }
  return { data, width, height };
}

interface Chunks {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly isInterlaced: boolean;
  readonly compressed: Uint8Array;
}

function readChunks(bytes: Uint8Array): Chunks {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length === 0) throw bad('the file is empty');
  if (!file.subarray(0, 8).equals(SIGNATURE)) throw bad('it is no PNG');
  let header: Omit<Chunks, 'compressed'> | undefined;
  const data: Uint8Array[] = [];
  for (let at = 8; ; ) {
    if (at + 12 > file.length) throw bad('the file is cut off');
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    if (at + 12 + length > file.length) throw bad('the file is cut off');
    const body = file.subarray(at + 8, at + 8 + length);
    if (crc32(file.subarray(at + 4, at + 8 + length)) !== file.readUInt32BE(at + 8 + length)) {
      throw bad(`its chunk ${JSON.stringify(type)} is broken (the checksum is wrong)`);
    }
    if (type === 'IHDR') header = readHeader(body);
    else if (header === undefined) throw bad('it does not begin with a header');
    else if (type === 'IDAT') data.push(body);
    else if (type === 'IEND') break;
    at += 12 + length;
  }
  if (header === undefined || data.length === 0) throw bad('it has no pixels');
  return { ...header, compressed: Buffer.concat(data) };
}

function readHeader(body: Buffer): Omit<Chunks, 'compressed'> {
  if (body.length !== 13) throw bad('its header is broken');
  const [width, height, bitDepth, colourType] = [body.readUInt32BE(0), body.readUInt32BE(4), body[8]!, body[9]!];
  const wanted = 'want one channel of at most 8 bits, grey or palette, whose value is the class';
  if (COLOUR_TYPES[colourType]) throw bad(`it is ${COLOUR_TYPES[colourType]} (${bitDepth} bits a channel); ${wanted}`);
  if (colourType !== 0 && colourType !== 3) throw bad('its header is broken');
  if (bitDepth === 16) throw bad(`it has 16 bits a pixel; ${wanted}`);
  if (![1, 2, 4, 8].includes(bitDepth) || body[10] !== 0 || body[11] !== 0 || body[12]! > 1) {
    throw bad('its header is broken');
  }
  if (width === 0 || height === 0) throw bad('it has no pixels');
  if (width * height > DEFAULT_MAX_PIXELS) {
    throw bad(`its ${width} x ${height} pixels are over the limit of ${DEFAULT_MAX_PIXELS}`);
  }
  return { width, height, bitDepth, isInterlaced: body[12] === 1 };
}

function inflateExactly(compressed: Uint8Array, size: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // One byte more than there should be, so that a bomb is stopped and a longer stream noticed.
    inflate(compressed, { maxOutputLength: size + 1 }, (error, raw) => {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_BUFFER_TOO_LARGE')
        reject(bad('it has more pixels than its header says'));
      else if (error) reject(bad(`its pixels are broken (${error.message})`, error));
      else if (raw.length < size) reject(bad('it has fewer pixels than its header says'));
      else if (raw.length > size) reject(bad('it has more pixels than its header says'));
      else resolve(raw);
    });
  });
}

/** Undoes a row's filter in place. Samples are at most a byte, so the filters' step to the left is one byte. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array): void {
  const length = line.length;
  if (filter === 1) {
    for (let i = 1; i < length; i++) line[i] = line[i]! + line[i - 1]!;
  } else if (filter === 2) {
    for (let i = 0; i < length; i++) line[i] = line[i]! + above[i]!;
  } else if (filter === 3) {
    for (let i = 0, left = 0; i < length; i++) {
      line[i] = line[i]! + ((left + above[i]!) >> 1);
      left = line[i]!;
    }
  } else if (filter === 4) {
    for (let i = 0, left = 0, corner = 0; i < length; i++) {
      line[i] = line[i]! + paeth(left, above[i]!, corner);
      left = line[i]!;
      corner = above[i]!;
    }
  } else if (filter !== 0) throw bad(`its pixels are broken (there is no filter ${filter})`);
}

/** Of left, above and upper left, the one nearest to left + above - corner (PNG, 9.4). */
function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const toLeft = Math.abs(estimate - left);
  const toAbove = Math.abs(estimate - above);
  const toCorner = Math.abs(estimate - corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Samples of fewer than eight bits are packed, the first in the highest bits. */
function sampleAt(line: Uint8Array, index: number, bitDepth: number): number {
  if (bitDepth === 8) return line[index]!;
  const bit = index * bitDepth;
  return (line[bit >> 3]! >> (8 - bitDepth - (bit & 7))) & ((1 << bitDepth) - 1);
}

function bad(reason: string, cause?: unknown): FoveaError {
  return new FoveaError('bad_label_map', `The label map cannot be used: ${reason}.`, { reason }, { cause });
}
