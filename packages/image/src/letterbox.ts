import type { Xyxy } from '@fovea/annotations';
import sharp from 'sharp';
import type { RawImage } from './decode.js';

/** Grey that fills what a picture does not cover. */
export const letterboxFill = 114;

/** How a picture was placed on a canvas: x' = x * scaleX, y' = y * scaleY, from the top-left corner. */
export interface Letterbox {
  readonly scaleX: number;
  readonly scaleY: number;
}

/** Resamples pixels to `width` x `height` (linear, averaging when it shrinks); `area` cuts first, `mirror` flips. */
export async function resample(
  image: RawImage,
  width: number,
  height: number,
  options: { area?: { left: number; top: number; width: number; height: number }; mirror?: boolean } = {},
): Promise<Uint8Array> {
  let pipeline = sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } });
  if (options.area) pipeline = pipeline.extract(options.area);
  pipeline = pipeline.resize(width, height, { fit: 'fill', kernel: 'linear' });
  if (options.mirror) pipeline = pipeline.flop();
  return pipeline.raw().toBuffer();
}

/** Copies `width` x `height` RGB pixels into a canvas of `canvasWidth` at (left, top), row by row. */
export function paste(
  pixels: Uint8Array,
  width: number,
  height: number,
  canvas: Uint8Array,
  canvasWidth: number,
  left: number,
  top: number,
): void {
  for (let row = 0; row < height; row++)
    canvas.set(pixels.subarray(row * width * 3, (row + 1) * width * 3), ((top + row) * canvasWidth + left) * 3);
}

/**
 * Fits a picture into a canvas at the top left, keeping its aspect ratio; the rest is grey.
 *
 * @param canvas uint8 [height, width, 3], written in full.
 */
export async function letterbox(
  image: RawImage,
  canvas: Uint8Array,
  width: number,
  height: number,
): Promise<Letterbox> {
  const scale = Math.min(width / image.width, height / image.height);
  const fitWidth = Math.max(1, Math.min(width, Math.round(image.width * scale)));
  const fitHeight = Math.max(1, Math.min(height, Math.round(image.height * scale)));
  canvas.fill(letterboxFill);
  paste(await resample(image, fitWidth, fitHeight), fitWidth, fitHeight, canvas, width, 0, 0);
  return { scaleX: fitWidth / image.width, scaleY: fitHeight / image.height };
}

/** A box of the canvas back in the pixels of the picture. */
export function unletterbox(box: Xyxy, { scaleX, scaleY }: Letterbox): Xyxy {
  return [box[0] / scaleX, box[1] / scaleY, box[2] / scaleX, box[3] / scaleY];
}
