import { closeSync, constants, fstatSync, open, read } from 'node:fs';
import { promisify } from 'node:util';
import { FoveaError } from '@fovea/annotations';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { decodeBmp, readBmpHeader } from './bmp.js';
import { readPlainJpegHeader } from './jpeg-header.js';

/** A picture as bytes of its file, or the path of that file. */
export type ImageInput = string | Uint8Array;

/** The formats Fovea reads, by their content. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif' | 'bmp';

/** What every reading function takes. */
export interface ReadOptions {
  /** Refuse pictures of more pixels than this, before any is decoded; default 100 million. */
  readonly maxPixels?: number;
  /** What errors call a picture that is given as bytes: the file they were read from. */
  readonly file?: string;
}

/** What a file's header says, as sharp tells it. */
export type ImageHeader = Pick<
  Metadata,
  'autoOrient' | 'orientation' | 'space' | 'channels' | 'depth' | 'hasAlpha' | 'pages' | 'exif'
>;

/** A file opened far enough to know what it claims to be; its pixels are still unread. */
export interface OpenedImage {
  readonly bytes: Uint8Array;
  readonly format: ImageFormat;
  /** As shown: after the EXIF orientation is applied. */
  readonly width: number;
  readonly height: number;
  readonly header: ImageHeader;
  /** A fresh pipeline over the bytes, turned upright, one frame, limits set. */
  pipeline(): Sharp;
  /** The error for pixels that turn out unreadable. */
  broken(cause: unknown): FoveaError;
}

/** Pictures of more pixels are refused unless the caller sets another limit. */
export const DEFAULT_MAX_PIXELS = 100_000_000;
const MAX_FILE_BYTES = 1_000_000_000;
const DECODE_TIMEOUT_SECONDS = 60;
const MAX_SIDE = 65_500;
// Windows has no O_NONBLOCK, nor named pipes among its files.
const O_RDONLY_NONBLOCK = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const [openFile, readFile] = [promisify(open), promisify(read)];

/**
 * Reads the header. Only the seven formats above are let through, told by their first bytes and not by their name, so that
 * SVG, PDF and the like never reach a parser.
 *
 * @throws FoveaError `unreadable_image`
 */
export async function openImage(input: ImageInput, options: ReadOptions = {}): Promise<OpenedImage> {
  const fail = failure(typeof input === 'string' ? input : options.file);
  const bytes = typeof input === 'string' ? await readRegularFile(input, fail) : input;
  const { format, source, pipeline, broken } = openKnown(bytes, fail);
  const maxPixels = options.maxPixels ?? DEFAULT_MAX_PIXELS;

  let header: ImageHeader;
  try {
    header =
      format === 'bmp'
        ? bmpMetadata(bytes)
        : (format === 'jpeg' && plainJpegMetadata(bytes)) || (await source().metadata());
  } catch (cause) {
    throw broken(cause);
  }
  const { width, height } = header.autoOrient;
  if (!(width > 0 && height > 0)) throw fail('it has no pixels');
  if (width * height > maxPixels || Math.max(width, height) > MAX_SIDE) {
    const megapixels = (width * height) / 1e6;
    throw fail(
      `it claims ${width} x ${height} pixels (${megapixels.toFixed(1)} MP), more than the limit of ` +
        `${maxPixels / 1e6} MP and ${MAX_SIDE} pixels a side`,
    );
  }
  return { bytes, format, width, height, header, pipeline, broken };
}

/** The header of a BMP, which sharp does not read; its pixels are not looked at. */
function bmpMetadata(bytes: Uint8Array): ImageHeader {
  const { width, height, masks } = readBmpHeader(bytes);
  const hasAlpha = masks[3] !== 0;
  return { autoOrient: { width, height }, space: 'srgb', channels: hasAlpha ? 4 : 3, depth: 'uchar', hasAlpha };
}

/** The header of a JPEG without EXIF, without libvips. */
function plainJpegMetadata(bytes: Uint8Array): ImageHeader | undefined {
  const plain = readPlainJpegHeader(bytes);
  if (plain === undefined) return undefined;
  const { channels, ...autoOrient } = plain;
  return { autoOrient, space: channels === 1 ? 'b-w' : 'srgb', channels, depth: 'uchar', hasAlpha: false };
}

type Fail = (why: string, cause?: unknown) => FoveaError;

function failure(file: string | undefined): Fail {
  const name = file === undefined ? 'the picture' : `"${file}"`;
  return (why, cause) =>
    new FoveaError(
      'unreadable_image',
      `Cannot read ${name}: ${why}.`,
      { ...(file !== undefined && { file }), reason: why },
      { cause },
    );
}

/**
 * The bytes of a picture's file: a regular file of at most 1 GB.
 *
 * @param path as bytes where the file's name is not UTF-8
 * @throws FoveaError `unreadable_image`
 */
export function loadImageFile(path: string | Buffer): Promise<Uint8Array> {
  return readRegularFile(path, failure(path.toString()));
}

/**
 * Opens bytes whose header was read before, when their size was found to be within limits.
 *
 * @throws FoveaError `unreadable_image` for bytes of another format
 */
export function openKnown(bytes: Uint8Array, fail: Fail = failure(undefined)) {
  if (bytes.length === 0) throw fail('it is empty (0 bytes)');
  const format = sniffFormat(bytes);
  if (!format) {
    if (isHeic(bytes))
      throw fail('it is a HEIC picture, whose codec Fovea does not have: save it as JPEG, PNG or AVIF');
    throw fail('it is not a JPEG, PNG, WebP, AVIF, TIFF, GIF or BMP picture');
  }
  const settings = { failOn: 'error', limitInputPixels: false, pages: 1, sequentialRead: true } as const;
  let unpacked: Parameters<typeof sharp> | undefined;
  const unpack = (): Parameters<typeof sharp> => {
    const header = readBmpHeader(bytes);
    const { data, channels } = decodeBmp(bytes, header);
    return [data, { ...settings, raw: { width: header.width, height: header.height, channels } }];
  };
  const source = () => {
    if (format !== 'bmp') return sharp(bytes, settings);
    unpacked ??= unpack();
    return sharp(...unpacked);
  };
  return {
    format,
    source,
    pipeline: () => source().timeout({ seconds: DECODE_TIMEOUT_SECONDS }).autoOrient(),
    broken: (cause: unknown) => fail(`the ${format.toUpperCase()} data is broken (${describe(cause)})`, cause),
  };
}

/** Only what may wait for the disk goes through Node's pool of threads. */
async function readRegularFile(path: string | Buffer, fail: Fail): Promise<Uint8Array> {
  try {
    // Non-blocking: opening a named pipe for reading would otherwise wait for a writer for ever.
    const file = await openFile(path, O_RDONLY_NONBLOCK);
    try {
      const stat = fstatSync(file);
      if (!stat.isFile()) throw fail(stat.isDirectory() ? 'it is a folder' : 'it is not a regular file');
      if (stat.size > MAX_FILE_BYTES) throw fail(`its ${stat.size} bytes are more than the limit of 1 GB`);
      const bytes = Buffer.allocUnsafeSlow(stat.size);
      let done = 0;
      for (let count = -1; done < bytes.length && count !== 0; done += count) {
        count = (await readFile(file, bytes, done, bytes.length - done, null)).bytesRead;
      }
      // Less than it claimed where somebody is cutting it meanwhile.
      return bytes.subarray(0, done);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    if (cause instanceof FoveaError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    throw fail(code === 'ENOENT' ? 'there is no such file' : `the file cannot be opened (${code})`, cause);
  }
}

/** The format by its first bytes, whatever the file's name says; undefined for anything Fovea does not read. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  const ascii = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (bytes[0] === 0x89 && ascii(1, 8) === 'PNG\r\n\x1a\n') return 'png';
  if (ascii(0, 4) === 'RIFF' && ascii(8, 12) === 'WEBP') return 'webp';
  if (ascii(0, 4) === 'GIF8') return 'gif';
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(ascii(0, 4))) return 'tiff';
  // With the size of its information header, in little-endian: many texts begin with BM.
  if (ascii(0, 2) === 'BM' && bytes[14]! >= 12 && bytes[14]! <= 124 && ascii(15, 18) === '\0\0\0') return 'bmp';
  if (isHeic(bytes)) return undefined;
  if (ascii(4, 8) === 'ftyp' && ['avif', 'avis', 'mif1', 'miaf'].includes(ascii(8, 12))) return 'avif';
  return undefined;
}

/** HEIF with HEVC inside, by its brands. */
function isHeic(bytes: Uint8Array): boolean {
  const ascii = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (ascii(4, 8) !== 'ftyp') return false;
  const brand = ascii(8, 12);
  if (/^(hei[cxms]|hev[cxms])$/.test(brand)) return true;
  return brand === 'mif1' && /hei[cx]/.test(ascii(16, 64)) && !ascii(16, 64).includes('avif');
}

function describe(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const [first, second] = text.split('\n').map((line) => line.replace(/[.\s]+$/, ''));
  return /corrupt header/.test(first!) ? second?.trim() || 'its header makes no sense' : first!;
}
