import type { Sharp } from 'sharp';
import { type ImageFormat, type ImageInput, openImage, type ReadOptions } from './input.js';

/** Pixels of one picture: RGB, row by row from the top (HWC), 0-255; `data.length` is width * height * 3. */
export interface RawImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A picture still in its file, of which the size is known: what is needed of it is decoded when it is needed. */
export interface EncodedImage {
  /** The file, in one of the formats Fovea reads. */
  readonly bytes: Uint8Array;
  /** As shown: after the EXIF orientation is applied. */
  readonly width: number;
  readonly height: number;
}

/** What a picture file is. Width and height are as shown, after the EXIF orientation is applied. */
export interface ImageFacts {
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  readonly sizeBytes: number;
}

/**
 * Decodes to 8-bit sRGB, upright by the EXIF orientation. Transparent pixels are laid on white; grey, palette, CMYK (by
 * its colour profile), 16-bit and floating-point pictures are converted; of an animation the first frame is taken.
 *
 * @throws FoveaError `unreadable_image` with the reason: missing, empty, another format, broken or cut off, too large
 */
export async function decodeImage(input: ImageInput, options?: ReadOptions): Promise<RawImage> {
  const opened = await openImage(input, options);
  try {
    return await renderRgb(opened.pipeline());
  } catch (cause) {
    throw opened.broken(cause);
  }
}

/** Runs a pipeline over a file to 8-bit sRGB without transparency. */
export async function renderRgb(pipeline: Sharp): Promise<RawImage> {
  const { data, info } = await pipeline
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data: asRgb(data, info.channels), width: info.width, height: info.height };
}

/**
 * Says what a picture is, having read all of its pixels once, so that a file that is cut off or broken further down
 * is found out. Needs little memory: rows are read and dropped.
 *
 * @throws FoveaError `unreadable_image`, as {@link decodeImage}
 */
export async function probeImage(input: ImageInput, options?: ReadOptions): Promise<ImageFacts> {
  const opened = await openImage(input, options);
  try {
    await opened
      .pipeline()
      .resize(16, 16, { fit: 'fill', kernel: 'nearest', fastShrinkOnLoad: false })
      .raw()
      .toBuffer();
  } catch (cause) {
    throw opened.broken(cause);
  }
  return { width: opened.width, height: opened.height, format: opened.format, sizeBytes: opened.bytes.length };
}

/**
 * Width and height as shown, from the header alone: says nothing about whether the pixels can be read.
 *
 * @throws FoveaError `unreadable_image`
 */
export async function readImageSize(input: ImageInput): Promise<{ width: number; height: number }> {
  const { width, height } = await openImage(input);
  return { width, height };
}

function asRgb(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  const count = data.length / channels;
  const rgb = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * channels + (channels < 3 ? 0 : c)]!;
  }
  return rgb;
}
