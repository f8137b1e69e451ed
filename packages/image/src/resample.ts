import sharp from 'sharp';
import { enlarge } from './bilinear.js';
import type { RawImage } from './decode.js';

/** A rectangle of whole pixels. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface ResampleOptions {
  /** The part to take; default all. */
  readonly area?: Rectangle;
  /** Left and right exchanged, top and bottom exchanged. */
  readonly mirror?: boolean;
  readonly flip?: boolean;
}

/**
 * Resamples pixels to `width` x `height`: linear, averaging along a side that shrinks, which libvips does on a thread
 * of its own.
 *
 * A point at x of `area` lies at x * width / area.width of the result, with no shift: what is at the middle stays there.
 *
 * @returns uint8 RGB [height, width, 3]
 */
export async function resample(
  image: RawImage,
  width: number,
  height: number,
  options: ResampleOptions = {},
): Promise<Uint8Array> {
  const area = options.area ?? { left: 0, top: 0, width: image.width, height: image.height };
  if (width >= area.width && height >= area.height) return enlarge(image, area, width, height, options);
  const shrunk = { width: Math.min(width, area.width), height: Math.min(height, area.height) };
  let pipeline = sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } });
  if (area.width !== image.width || area.height !== image.height) pipeline = pipeline.extract({ ...area });
  pipeline = pipeline.resize(shrunk.width, shrunk.height, { fit: 'fill', kernel: 'linear' });
  if (options.mirror) pipeline = pipeline.flop();
  if (options.flip) pipeline = pipeline.flip();
  const data = await pipeline.raw().toBuffer();
  if (shrunk.width === width && shrunk.height === height) return data;
  return enlarge({ data, ...shrunk }, { left: 0, top: 0, ...shrunk }, width, height, {});
}
