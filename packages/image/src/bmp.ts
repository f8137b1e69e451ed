/** What the header of a BMP file says, checked so far that its pixels can be looked for. */
export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** The first row of the file is the upper one. */
  readonly isTopDown: boolean;
  readonly bitsPerPixel: 1 | 4 | 8 | 16 | 24 | 32;
  readonly compression: 'none' | 'rle8' | 'rle4' | 'masks';
  /** Where red, green, blue and alpha lie in a pixel of 16 or 32 bits; alpha 0: there is none. */
  readonly masks: readonly [red: number, green: number, blue: number, alpha: number];
  readonly paletteOffset: number;
  readonly paletteEntryBytes: 3 | 4;
  readonly paletteSize: number;
  readonly pixelOffset: number;
}

const compressions = ['none', 'rle8', 'rle4', 'masks'] as const;

/**
 * Reads the header of a Windows or OS/2 bitmap (Microsoft, BITMAPCOREHEADER to BITMAPV5HEADER).
 *
 * @throws Error with the reason
 */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 26) throw new Error('its header is cut off');
  const pixelOffset = view.getUint32(10, true);
  const headerBytes = view.getUint32(14, true);
  const isCore = headerBytes === 12;
  if (!isCore && !(headerBytes >= 40 && headerBytes <= 124)) throw new Error(`its header claims ${headerBytes} bytes`);
  if (bytes.length < 14 + headerBytes) throw new Error('its header is cut off');
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const rows = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const kind = isCore ? 0 : view.getUint32(30, true);
  if (width <= 0 || rows === 0) throw new Error(`it claims ${width} x ${rows} pixels`);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new Error(`it has ${bits} bits a pixel`);
  // 6: masks with one for alpha.
  const compression = kind === 6 ? 'masks' : compressions[kind];
  const wanted = { none: [1, 4, 8, 16, 24, 32], rle8: [8], rle4: [4], masks: [16, 32] };
  if (compression === undefined || !wanted[compression].includes(bits)) {
    throw new Error(`its compression ${kind} is not one of ${bits} bits a pixel`);
  }
  if (rows < 0 && compression.startsWith('rle')) throw new Error('its compressed rows run from the top');
  // Masks lie after a header of 40 bytes, and in place in the longer ones, which is the same place.
  const hasMasks = compression === 'masks';
  if (hasMasks && bytes.length < 66) throw new Error('its header is cut off');
  const mask = (index: number) => view.getUint32(54 + index * 4, true);
  const hasAlphaMask = hasMasks && (kind === 6 || headerBytes >= 56) && bytes.length >= 70;
  const masks = hasMasks
    ? ([mask(0), mask(1), mask(2), hasAlphaMask ? mask(3) : 0] as const)
    : bits === 16
      ? ([0x7c00, 0x3e0, 0x1f, 0] as const)
      : ([0xff0000, 0xff00, 0xff, 0] as const);
  const masksBytes = hasMasks && headerBytes === 40 ? (kind === 6 ? 16 : 12) : 0;
  const colours = isCore ? 0 : view.getUint32(46, true);
  return {
    width,
    height: Math.abs(rows),
    isTopDown: rows < 0,
    bitsPerPixel: bits as BmpHeader['bitsPerPixel'],
    compression,
    masks,
    paletteOffset: 14 + headerBytes + masksBytes,
    paletteEntryBytes: isCore ? 3 : 4,
    paletteSize: bits > 8 ? 0 : colours > 0 && colours <= 2 ** bits ? colours : 2 ** bits,
    pixelOffset,
  };
}

/**
 * The pixels of a BMP: [height, width, channels], 8 bits, from the top; 4 channels where it has alpha, else 3. What a
 * compressed file skips, and a palette index without a colour, is black.
 *
 * @throws Error with the reason, where the data ends early
 */
export function decodeBmp(bytes: Uint8Array, header: BmpHeader): { data: Uint8Array; channels: 3 | 4 } {
  const { width, height, bitsPerPixel, compression } = header;
  if (bitsPerPixel > 8) return decodeColours(bytes, header);
  const indices = compression === 'none' ? unpackIndices(bytes, header) : unpackRuns(bytes, header);
  const palette = new Uint8Array(256 * 3);
  for (let index = 0; index < header.paletteSize; index++) {
    const at = header.paletteOffset + index * header.paletteEntryBytes;
    // Stored blue first.
    for (let channel = 0; channel < 3; channel++) palette[index * 3 + channel] = bytes[at + 2 - channel] ?? 0;
  }
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = rowOf(header, y) * width;
    for (let x = 0, to = y * width * 3; x < width; x++, to += 3) {
      const colour = indices[from + x]! * 3;
      data[to] = palette[colour]!;
      data[to + 1] = palette[colour + 1]!;
      data[to + 2] = palette[colour + 2]!;
    }
  }
  return { data, channels: 3 };
}

/** The file's row that is row `y` of the picture. */
function rowOf({ isTopDown, height }: BmpHeader, y: number): number {
  return isTopDown ? y : height - 1 - y;
}

/** Bytes of a row in the file: a multiple of four. Throws where the file has not all rows. */
function rowBytes(bytes: Uint8Array, { width, height, bitsPerPixel, pixelOffset }: BmpHeader): number {
  const stride = Math.ceil((width * bitsPerPixel) / 32) * 4;
  // Padding after the last row may be missing.
  const needed = pixelOffset + stride * (height - 1) + Math.ceil((width * bitsPerPixel) / 8);
  if (needed > bytes.length) throw new Error(`it is cut off: ${bytes.length} of ${needed} bytes are there`);
  return stride;
}

function decodeColours(bytes: Uint8Array, header: BmpHeader): { data: Uint8Array; channels: 3 | 4 } {
  const { width, height, bitsPerPixel, masks, pixelOffset } = header;
  const stride = rowBytes(bytes, header);
  const step = bitsPerPixel / 8;
  const channels = masks[3] === 0 ? 3 : 4;
  const data = new Uint8Array(width * height * channels);
  const fields = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask === 0 ? 1 : mask >>> shift };
  });
  for (let y = 0, to = 0; y < height; y++) {
    let from = pixelOffset + rowOf(header, y) * stride;
    for (let x = 0; x < width; x++, from += step, to += channels) {
      let pixel = bytes[from]! | (bytes[from + 1]! << 8);
      if (step > 2) pixel |= bytes[from + 2]! << 16;
      if (step > 3) pixel |= bytes[from + 3]! << 24;
      for (let channel = 0; channel < channels; channel++) {
        const { mask, shift, most } = fields[channel]!;
        data[to + channel] = Math.round((((pixel & mask) >>> shift) * 255) / most);
      }
    }
  }
  return { data, channels };
}

function unpackIndices(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, bitsPerPixel, pixelOffset } = header;
  const stride = rowBytes(bytes, header);
  const perByte = 8 / bitsPerPixel;
  const most = 2 ** bitsPerPixel - 1;
  const indices = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = bytes[pixelOffset + y * stride + Math.floor(x / perByte)]!;
      indices[y * width + x] = (byte >> (8 - bitsPerPixel * ((x % perByte) + 1))) & most;
    }
  }
  return indices;
}

/** Run lengths: pairs of count and colour; count 0 is an escape (0 end of row, 1 end, 2 move, else literals). */
function unpackRuns(bytes: Uint8Array, { width, height, compression, pixelOffset }: BmpHeader): Uint8Array {
  const isNibbles = compression === 'rle4';
  const indices = new Uint8Array(width * height);
  let [x, y, at] = [0, 0, pixelOffset];
  const put = (index: number) => {
    // Past the edge is dropped: real encoders write it.
    if (x < width && y < height) indices[y * width + x] = index;
    x++;
  };
  const nibble = (byte: number, isSecond: boolean) => (isNibbles ? (isSecond ? byte & 15 : byte >> 4) : byte);
  while (y < height) {
    if (at + 1 >= bytes.length) throw new Error(`it is cut off in row ${y} of ${height}`);
    const count = bytes[at++]!;
    const value = bytes[at++]!;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(nibble(value, i % 2 === 1));
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      if (at + 1 >= bytes.length) throw new Error(`it is cut off in row ${y} of ${height}`);
      x += bytes[at++]!;
      y += bytes[at++]!;
    } else {
      const length = isNibbles ? Math.ceil(value / 2) : value;
      if (at + length > bytes.length) throw new Error(`it is cut off in row ${y} of ${height}`);
      for (let i = 0; i < value; i++) put(nibble(bytes[at + (isNibbles ? i >> 1 : i)]!, i % 2 === 1));
      // Literals fill whole words.
      at += length + (length % 2);
    }
  }
  return indices;
}
