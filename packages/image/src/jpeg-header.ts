/** What the header of a plain JPEG says. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** 1: grey, 3: colour. */
  readonly channels: 1 | 3;
}

// Segments that change nothing of what is told: tables (DQT, DHT, DRI), JFIF, Adobe's, comments.
const PASSED = new Set([0xdb, 0xc4, 0xdd, 0xe0, 0xee, 0xfe]);
/** Baseline, extended sequential, progressive; all Huffman-coded. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2]);

/**
 * Size and channels of a JPEG (ITU-T T.81, annex B) that is as plain as most are: 8 bits, grey or of three components,
 * with nothing before its frame but tables, JFIF, Adobe's segment, colour profile and comments. Undefined for any other,
 * among them those with EXIF: they are for libvips, which takes a tenth of a decoding to tell the same.
 */
export function readPlainJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (FRAMES.has(marker)) {
      const channels = bytes[at + 9]!;
      const isPlain = bytes[at + 4] === 8 && length === 8 + channels * 3 && at + 2 + length <= bytes.length;
      if (!isPlain || !(channels === 1 || channels === 3)) return undefined;
      const [height, width] = [(bytes[at + 5]! << 8) | bytes[at + 6]!, (bytes[at + 7]! << 8) | bytes[at + 8]!];
      return width > 0 && height > 0 ? { width, height, channels } : undefined;
    }
    const isProfile = marker === 0xe2 && String.fromCharCode(...bytes.subarray(at + 4, at + 16)) === 'ICC_PROFILE\0';
    if (length < 2 || !(PASSED.has(marker) || isProfile)) return undefined;
    at += 2 + length;
  }
  return undefined;
}
