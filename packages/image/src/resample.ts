import sharp, { type Sharp } from 'sharp';
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

/** A step enlarges this much at the most: its border is then small against what it makes. */
const largestStep = 8;

/**
 * Resamples pixels to `width` x `height`: linear, averaging where it shrinks; off this thread.
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
  const [growsX, growsY] = [width > area.width, height > area.height];
  if (growsX || growsY) return enlarge(image, area, width, height, options);
  let pipeline = sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } });
  if (area.width !== image.width || area.height !== image.height) pipeline = pipeline.extract({ ...area });
  return turnedOver(pipeline.resize(width, height, { fit: 'fill', kernel: 'linear' }), options)
    .raw()
    .toBuffer();
}

/**
 * libvips enlarges with a shift of half a pixel to the right and down, so this asks its affine transform instead, which
 * can be told where pixels have their middle. Beyond the picture that sees nothing, hence a border of repeated pixels.
 */
async function enlarge(
  image: RawImage,
  area: Rectangle,
  width: number,
  height: number,
  options: ResampleOptions,
): Promise<Uint8Array> {
  const [stepX, stepY] = [Math.min(width, area.width * largestStep), Math.min(height, area.height * largestStep)];
  if (stepX < width || stepY < height) {
    const data = await resample(image, stepX, stepY, options);
    return resample({ data, width: stepX, height: stepY }, width, height);
  }
  const [borderX, borderY] = [width > area.width ? 1 : 0, height > area.height ? 1 : 0];
  const bordered = withBorder(image, area, borderX, borderY);
  let pipeline = sharp(bordered.data, { raw: { width: bordered.width, height: bordered.height, channels: 3 } });
  // The side that shrinks is shrunk first; the affine transform does not average.
  const between = {
    width: borderX ? bordered.width : width,
    height: borderY ? bordered.height : height,
  };
  if (between.width !== bordered.width || between.height !== bordered.height)
    pipeline = pipeline.resize(between.width, between.height, { fit: 'fill', kernel: 'linear' });
  const [scaleX, scaleY] = [borderX ? width / area.width : 1, borderY ? height / area.height : 1];
  const [x, y] = [-borderX * scaleX, -borderY * scaleY];
  const { data, info } = await turnedOver(pipeline, options)
    .affine([scaleX, 0, 0, scaleY], {
      interpolator: 'bilinear',
      idx: 0.5,
      idy: 0.5,
      odx: x - Math.floor(x) - 0.5,
      ody: y - Math.floor(y) - 0.5,
    })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const result = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((row - Math.floor(y)) * info.width - Math.floor(x)) * 3;
    result.set(data.subarray(from, from + width * 3), row * width * 3);
  }
  return result;
}

function turnedOver(pipeline: Sharp, { mirror, flip }: ResampleOptions): Sharp {
  let turned = pipeline;
  if (mirror) turned = turned.flop();
  if (flip) turned = turned.flip();
  return turned;
}

/** A part of a picture with its outermost pixels repeated around it. */
function withBorder(image: RawImage, area: Rectangle, borderX: number, borderY: number): RawImage {
  const [width, height] = [area.width + 2 * borderX, area.height + 2 * borderY];
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const source = area.top + Math.min(area.height - 1, Math.max(0, row - borderY));
    const from = (source * image.width + area.left) * 3;
    const to = row * width * 3;
    data.set(image.data.subarray(from, from + area.width * 3), to + borderX * 3);
    if (borderX === 0) continue;
    data.set(image.data.subarray(from, from + 3), to);
    data.set(image.data.subarray(from + area.width * 3 - 3, from + area.width * 3), to + width * 3 - 3);
  }
  return { data, width, height };
}
