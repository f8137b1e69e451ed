import type { Xyxy } from '@fovea/annotations';
import type { EncodedImage, RawImage } from './decode.js';
import { resample } from './resample.js';

/** Grey that fills what a picture does not cover. */
export const letterboxFill = 114;

/** How a picture was placed on a canvas: x' = x * scaleX + left, y' = y * scaleY + top. */
export interface Letterbox {
  readonly scaleX: number;
  readonly scaleY: number;
  /** Pixels of the canvas; 0 where absent, negative where the picture reaches beyond it. */
  readonly left?: number;
  readonly top?: number;
}

/** Ways to bring any picture to the size a model takes: grey beside it, its sides cut, or its shape changed. */
export type Placement = 'letterbox-top-left' | 'cover-centre' | 'stretch';

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
  image: RawImage | EncodedImage,
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

/**
 * Brings a picture to the size of a canvas.
 *
 * @param canvas uint8 [height, width, 3], written in full.
 */
export async function placeImage(
  image: RawImage | EncodedImage,
  canvas: Uint8Array,
  width: number,
  height: number,
  placement: Placement,
): Promise<Letterbox> {
  if (placement === 'letterbox-top-left') return letterbox(image, canvas, width, height);
  if (placement === 'stretch') {
    canvas.set(await resample(image, width, height));
    return { scaleX: width / image.width, scaleY: height / image.height };
  }
  const scale = Math.max(width / image.width, height / image.height);
  const side = (canvasSide: number, imageSide: number) =>
    Math.min(imageSide, Math.max(1, Math.round(canvasSide / scale)));
  const area = { width: side(width, image.width), height: side(height, image.height), left: 0, top: 0 };
  area.left = (image.width - area.width) >> 1;
  area.top = (image.height - area.height) >> 1;
  canvas.set(await resample(image, width, height, { area }));
  const [scaleX, scaleY] = [width / area.width, height / area.height];
  return { scaleX, scaleY, left: -area.left * scaleX, top: -area.top * scaleY };
}

/** A box of the canvas back in the pixels of the picture. */
export function unletterbox(box: Xyxy, { scaleX, scaleY, left = 0, top = 0 }: Letterbox): Xyxy {
  return [(box[0] - left) / scaleX, (box[1] - top) / scaleY, (box[2] - left) / scaleX, (box[3] - top) / scaleY];
}
