import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { type ImageFormat, type ImageInput, openImage, type ReadOptions } from '../input.js';
import { type ExifFacts, readExif } from './exif.js';
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
  /** Width and height of the decoded picture that statistics and hash were taken from: reduced where it is smaller. */
  readonly statisticsSize: readonly [width: number, height: number];
  readonly statistics: PixelStatistics;
  readonly exif: ExifFacts;
  /** WebP, upright, its longer side `thumbnailSide` at most; transparency stays. */
  readonly thumbnail: Uint8Array;
}

/** Options of {@link readFacts}. */
export interface FactsOptions extends ReadOptions {
  /** Longer side of thumbnail and statistics, default 320: where a JPEG is twice that size it is decoded at half. */
  readonly thumbnailSide?: number;
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
 * Everything of a picture in one reading of its file and one decoding, reduced to the thumbnail's size. All of the data
 * is read, so that a file that is cut off or broken further down is found out.
 *
 * @throws FoveaError `unreadable_image` with the reason
 */
export async function readFacts(input: ImageInput, options: FactsOptions = {}): Promise<PictureFacts> {
  const { thumbnailSide = 320, ...limits } = options;
  const opened = await openImage(input, limits);
  const { bytes, format, width, height, header } = opened;
  let reduced: { data: Buffer; info: { width: number; height: number; channels: number } };
  let thumbnail: Uint8Array;
  try {
    reduced = await opened
      .pipeline()
      .resize(thumbnailSide, thumbnailSide, { fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { info, data } = reduced;
    // In sRGB grey has three channels too; a fourth is alpha.
    const raw = { width: info.width, height: info.height, channels: info.channels as 3 | 4 };
    thumbnail = await sharp(data, { raw }).webp({ quality: 80, effort: 0 }).toBuffer();
  } catch (cause) {
    throw opened.broken(cause);
  }
  const { info, data } = reduced;
  const channels = info.channels as 3 | 4;
  const { statistics, luma } = computePixelStatistics(data, info.width, info.height, channels);
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    sizeBytes: bytes.length,
    format,
    width,
    height,
    orientation: header.orientation ?? 1,
    colourSpace: header.space ?? 'unknown',
    channels: header.channels ?? info.channels,
    bitsPerChannel: bits[header.depth ?? 'uchar'] ?? 8,
    hasAlpha: header.hasAlpha ?? false,
    pages: header.pages ?? 1,
    perceptualHash: perceptualHash(luma, info.width, info.height),
    statisticsSize: [info.width, info.height],
    statistics,
    exif: await readExif(format === 'tiff' ? bytes : header.exif),
    thumbnail,
  };
}
