import sharp, { type Sharp } from 'sharp';
import { enlarge } from './bilinear.js';
import { type EncodedImage, type RawImage, renderRgb } from './decode.js';
import { openKnown } from './input.js';

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
 * of its own. Of a picture still in its file no more is decoded than the part needs.
 *
 * A point at x of `area` lies at x * width / area.width of the result, with no shift: what is at the middle stays there.
 *
 * @returns uint8 RGB [height, width, 3]
 * @throws FoveaError `unreadable_image` for a file that is broken, or smaller than it was said to be
 */
export async function resample(
  image: RawImage | EncodedImage,
  width: number,
  height: number,
  options: ResampleOptions = {},
): Promise<Uint8Array> {
  const area = options.area ?? { left: 0, top: 0, width: image.width, height: image.height };
  if ('data' in image && width >= area.width && height >= area.height)
    return enlarge(image, area, width, height, options);
  const shrunk = { width: Math.min(width, area.width), height: Math.min(height, area.height) };
  const part = area.width !== image.width || area.height !== image.height;
  const steps = (source: Sharp) => {
    let pipeline = part ? source.extract({ ...area }) : source;
    pipeline = pipeline.resize(shrunk.width, shrunk.height, { fit: 'fill', kernel: 'linear' });
    if (options.mirror) pipeline = pipeline.flop();
    return options.flip ? pipeline.flip() : pipeline;
  };
  const data = 'data' in image ? await fromPixels(image, steps) : await fromFile(image, steps);
  if (shrunk.width === width && shrunk.height === height) return data;
  return enlarge({ data, ...shrunk }, { left: 0, top: 0, ...shrunk }, width, height, {});
}

function fromPixels({ data, width, height }: RawImage, steps: (source: Sharp) => Sharp): Promise<Uint8Array> {
  return steps(sharp(data, { raw: { width, height, channels: 3 } }))
    .raw()
    .toBuffer();
}

async function fromFile({ bytes }: EncodedImage, steps: (source: Sharp) => Sharp): Promise<Uint8Array> {
  const opened = openKnown(bytes);
  try {
    return (await renderRgb(steps(opened.pipeline()))).data;
  } catch (cause) {
    throw opened.broken(cause);
  }
}
