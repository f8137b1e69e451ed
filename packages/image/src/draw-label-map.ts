import { classColor } from '@fovea/annotations';
import sharp from 'sharp';
import { type RawImage, renderRgb } from './decode.js';
import { type ImageInput, openImage, type ReadOptions } from './input.js';

/** How {@link drawLabelMap} draws. */
export interface DrawLabelMapOptions extends ReadOptions {
  /** JPEG quality, 1 to 100; default 90. */
  readonly quality?: number;
  /** How much of the colour covers the picture, 0 to 1; default 0.55. */
  readonly opacity?: number;
  /** The picture is made smaller, its labels with it, if its longer side exceeds this; default 4096 pixels. */
  readonly maxSide?: number;
}

/**
 * The picture, upright, with every pixel tinted in the colour of its class, as JPEG. Pixels of value 255, unlabelled, stay
 * as they are.
 *
 * @param labels the class of each pixel of the upright picture, [height, width] row by row
 * @throws FoveaError `unreadable_image`
 */
export async function drawLabelMap(
  input: ImageInput,
  labels: Uint8Array,
  options: DrawLabelMapOptions = {},
): Promise<Uint8Array> {
  const opened = await openImage(input, options);
  const scale = Math.min(1, (options.maxSide ?? 4096) / Math.max(opened.width, opened.height));
  const width = Math.max(1, Math.round(opened.width * scale));
  const height = Math.max(1, Math.round(opened.height * scale));
  let drawn: RawImage;
  try {
    drawn = await renderRgb(opened.pipeline().resize(width, height, { fit: 'fill' }));
  } catch (cause) {
    throw opened.broken(cause);
  }
  tint(drawn, labels, opened.width, opened.height, options.opacity ?? 0.55);
  return sharp(drawn.data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: options.quality ?? 90, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** Mixes the class colours in, in place: out = picture + opacity * (colour - picture); labels by the nearest pixel. */
function tint(
  { data, width, height }: RawImage,
  labels: Uint8Array,
  columns: number,
  rows: number,
  opacity: number,
): void {
  const palette = Array.from({ length: 255 }, (_, index) => Buffer.from(classColor(index).slice(1), 'hex'));
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * rows) / height) * columns;
    for (let x = 0; x < width; x++, at += 3) {
      const colour = palette[labels[row + Math.floor(((x + 0.5) * columns) / width)]!];
      if (!colour) continue;
      for (let channel = 0; channel < 3; channel++) {
        const value = data[at + channel]!;
        data[at + channel] = Math.round(value + opacity * (colour[channel]! - value));
      }
    }
  }
}
