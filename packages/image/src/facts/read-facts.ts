import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { type ImageFormat, type ImageInput, type OpenedImage, openImage, type ReadOptions } from '../input.js';
import { type ExifFacts, readExif } from './exif.js';
import { MAX_STEP, type PixelSums, sumPixels } from './kernel/pixel-kernel.js';
import { perceptualHash } from './perceptual-hash.js';
import { computePixelStatistics, type PixelStatistics } from './pixel-statistics.js';

/** All that is known of a picture from its file alone. */
export interface PictureFacts {
  /** Of the file's bytes, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly format: ImageFormat;
  /** As shown: after the EXIF orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation, 1 to 8; 1 where none is told. */
  readonly orientation: number;
  /** As libvips names it: `srgb`, `b-w`, `cmyk`, `rgb16`, … */
  readonly colourSpace: string;
  readonly channels: number;
  readonly bitsPerChannel: number;
  readonly hasAlpha: boolean;
  /** Frames of an animation, pages of a document; of those after the first nothing else is told. */
  readonly pages: number;
  readonly perceptualHash: string;
  /**
   * Width and height of what statistics and hash were taken from, which is the size of the thumbnail too: a picture of up
   * to 511 pixels a side is left as it is, a larger one reduced to a longer side of 256 to 511.
   */
  readonly statisticsSize: readonly [width: number, height: number];
  readonly statistics: PixelStatistics;
  readonly exif: ExifFacts;
  /** Upright: JPEG, and WebP where there is transparency, which stays. */
  readonly thumbnail: Uint8Array;
}

/** Longer sides: below the first nothing is reduced; what is of no whole step gets the second. */
const [WHOLE_SIDE, STEP_SIDE, RESIZED_SIDE] = [512, 256, 320];

const bits: Readonly<Record<string, number>> = {
  char: 8,
  uchar: 8,
  short: 16,
  ushort: 16,
  int: 32,
  uint: 32,
  float: 32,
  double: 64,
};

/**
 * Everything of a picture in one reading of its file and one decoding, reduced to a thumbnail's size. All of the data is
 * read, so that a file that is cut off or broken further down is found out.
 *
 * @throws FoveaError `unreadable_image` with the reason
 */
export async function readFacts(input: ImageInput, options: ReadOptions = {}): Promise<PictureFacts> {
  const opened = await openImage(input, options);
  const { bytes, format, width, height, header } = opened;
  let small: SmallPicture;
  let thumbnail: Uint8Array;
  try {
    small = await decodeSmall(opened);
    thumbnail = await encodeThumbnail(small);
  } catch (cause) {
    throw opened.broken(cause);
  }
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    sizeBytes: bytes.length,
    format,
    width,
    height,
    orientation: header.orientation ?? 1,
    colourSpace: header.space ?? 'unknown',
    channels: header.channels ?? small.channels,
    bitsPerChannel: bits[header.depth ?? 'uchar'] ?? 8,
    hasAlpha: header.hasAlpha ?? false,
    pages: header.pages ?? 1,
    perceptualHash: perceptualHash(small.sums.cells),
    statisticsSize: [small.sums.width, small.sums.height],
    statistics: computePixelStatistics(small.sums),
    exif: await readExif(format === 'tiff' ? bytes : header.exif),
    thumbnail,
  };
}

/** A picture at a thumbnail's size, 8-bit sRGB, upright. */
interface SmallPicture {
  readonly sums: PixelSums;
  /** [height, width, channels] */
  readonly pixels: Uint8Array;
  readonly channels: 3 | 4;
}

/**
 * Up to five times the thumbnail's side all pixels are decoded and joined by whole steps, which is faster than to let
 * libvips resize them; above, libvips resizes while it decodes (a JPEG at a half, a quarter or an eighth), in little
 * memory.
 */
async function decodeSmall({ width, height, header, pipeline }: OpenedImage): Promise<SmallPicture> {
  const side = Math.max(width, height);
  const step = side < WHOLE_SIDE ? 1 : Math.floor(side / STEP_SIDE);
  // Colours under transparency must not run into their neighbours: libvips sees to that.
  const isJoined = step === 1 || (step <= MAX_STEP && Math.min(width, height) >= step && !header.hasAlpha);
  const decoded = isJoined ? pipeline() : pipeline().resize(RESIZED_SIDE, RESIZED_SIDE, { fit: 'inside' });
  const { data, info } = await decoded
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  // In sRGB grey has three channels too; a fourth is alpha.
  const channels = info.channels as 3 | 4;
  const opaque = channels === 4 ? layOnWhite(data) : data;
  const sums = sumPixels(opaque, info.width, info.height, isJoined ? step : 1);
  return { sums, pixels: channels === 4 ? data : sums.pixels, channels };
}

function encodeThumbnail({ pixels, channels, sums: { width, height } }: SmallPicture): Promise<Uint8Array> {
  const encoder = sharp(pixels, { raw: { width, height, channels } });
  return channels === 4
    ? encoder.webp({ quality: 80, effort: 0 }).toBuffer()
    : encoder.jpeg({ quality: 80, optimiseCoding: false }).toBuffer();
}

/** RGB of RGBA. */
function layOnWhite(data: Uint8Array): Uint8Array {
  const out = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    const alpha = data[from + 3]! / 255;
    for (let channel = 0; channel < 3; channel++) {
      out[to++] = Math.round(255 + (data[from + channel]! - 255) * alpha);
    }
  }
  return out;
}
