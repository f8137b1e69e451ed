import { createHash } from 'node:crypto';
import { type ImageFormat, type ImageInput, openImage, type ReadOptions } from '../input.js';
import { type ExifFacts, readExif } from './exif.js';
import { perceptualHash } from './perceptual-hash.js';
import { computePixelStatistics, type PixelStatistics } from './pixel-statistics.js';
import { decodeSmall, encodeThumbnail, type SmallPicture } from './small-picture.js';

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
