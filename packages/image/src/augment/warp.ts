import sharp from 'sharp';
import type { RawImage } from '../decode.js';
import { letterboxFill } from '../letterbox.js';
import { type Rectangle, resample } from '../resample.js';
import { type Affine, inverted } from './affine.js';
import { type Geometry, shownPart } from './geometry.js';
import { unlabelled } from './sample.js';

/** A rectangle of a canvas `stride` pixels wide; what is outside of it stays. */
export interface View extends Rectangle {
  readonly pixels: Uint8Array;
  readonly labelMap?: Uint8Array | undefined;
  readonly stride: number;
}

/** Pixels for a rectangle of a view, which they may overlap. */
interface Patch extends Rectangle {
  readonly data: Uint8Array;
}

/** Writes a picture into a view; grey where the picture does not reach. */
export async function warpPixels(image: RawImage, geometry: Geometry, view: View): Promise<void> {
  const patch = await (geometry.axes ? resized(image, geometry.axes) : turned(image, geometry.affine, view));
  const left = Math.max(0, patch.left);
  const right = Math.min(view.width, patch.left + patch.width);
  for (let y = 0; y < view.height; y++) {
    const at = ((view.top + y) * view.stride + view.left) * 3;
    const row = y - patch.top;
    if (row < 0 || row >= patch.height || left >= right) {
      view.pixels.fill(letterboxFill, at, at + view.width * 3);
      continue;
    }
    const from = (row * patch.width - patch.left) * 3;
    view.pixels.fill(letterboxFill, at, at + left * 3);
    view.pixels.set(patch.data.subarray(from + left * 3, from + right * 3), at + left * 3);
    view.pixels.fill(letterboxFill, at + right * 3, at + view.width * 3);
  }
}

async function resized(image: RawImage, axes: NonNullable<Geometry['axes']>): Promise<Patch> {
  const { source: area, target, mirror, flip } = axes;
  return { data: await resample(image, target.width, target.height, { area, mirror, flip }), ...target };
}

/** Sides of what is resized before it is turned, in sides of the view: bounds memory where a few pixels fill it all. */
const mostResized = 4;

/** Resizes first, which averages where it shrinks, then turns with bilinear interpolation, which does not. */
async function turned(image: RawImage, affine: Affine, view: View): Promise<Patch> {
  const [a, b, c, d, e, f] = affine;
  const [scaleX, scaleY] = [Math.hypot(a, d), Math.hypot(b, e)];
  const margin = (scale: number) => Math.ceil(2 / scale) + 1;
  const part = shownPart(affine, image, view, margin(scaleX), margin(scaleY));
  if (part.width === 0 || part.height === 0) return { data: new Uint8Array(0), left: 0, top: 0, width: 0, height: 0 };
  const most = mostResized * Math.max(view.width, view.height);
  const width = Math.max(1, Math.min(most, Math.round(part.width * scaleX)));
  const height = Math.max(1, Math.min(most, Math.round(part.height * scaleY)));
  const [shrinkX, shrinkY] = [part.width / width, part.height / height];
  const matrix: [[number, number], [number, number]] = [
    [a * shrinkX, b * shrinkY],
    [d * shrinkX, e * shrinkY],
  ];
  const x = a * part.left + b * part.top + c;
  const y = d * part.left + e * part.top + f;
  // libvips maps pixel indices, we map pixel centres: hence the halves. Its output begins at the rounded corner of the
  // turned rectangle, whatever the displacement odx, ody.
  const shrinks = width <= part.width && height <= part.height;
  const pixels = (of: RawImage) => sharp(of.data, { raw: { width: of.width, height: of.height, channels: 3 } });
  const ready = shrinks
    ? pixels(image)
        .extract({ ...part })
        .resize(width, height, { fit: 'fill', kernel: 'linear' })
    : pixels({ data: await resample(image, width, height, { area: part }), width, height });
  const { data, info } = await ready
    .affine(matrix, {
      background: { r: letterboxFill, g: letterboxFill, b: letterboxFill },
      interpolator: 'bilinear',
      idx: 0.5,
      idy: 0.5,
      odx: x - Math.floor(x) - 0.5,
      ody: y - Math.floor(y) - 0.5,
    })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const corner = ([p, q]: readonly [number, number]) =>
    Math.min(roundAway(0), ...[p * width, q * height, p * width + q * height].map(roundAway));
  return {
    data,
    left: Math.floor(x) + corner(matrix[0]),
    top: Math.floor(y) + corner(matrix[1]),
    width: info.width,
    height: info.height,
  };
}

/** As libvips rounds: halves away from 0. */
function roundAway(value: number): number {
  return value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5);
}

/**
 * Writes a label map into a view by nearest neighbour, with the geometry of its picture; {@link unlabelled} beyond it.
 *
 * @param labels classes at `size`, which covers what `picture` covers
 * @param affine from pixels of `picture` to pixels of the view
 */
export function warpLabels(
  labels: Uint8Array,
  size: { width: number; height: number },
  picture: { width: number; height: number },
  affine: Affine,
  view: View,
): void {
  const target = view.labelMap!;
  const back = inverted(affine);
  const [toX, toY] = [size.width / picture.width, size.height / picture.height];
  const [a, b, c] = [back[0] * toX, back[1] * toX, back[2] * toX];
  const [d, e, f] = [back[3] * toY, back[4] * toY, back[5] * toY];
  const { width, height } = size;
  const columns = Int32Array.from({ length: view.width }, (_, x) => {
    const column = Math.floor(a * (x + 0.5) + c);
    return column < width ? Math.max(-1, column) : -1;
  });
  for (let y = 0; y < view.height; y++) {
    const at = (view.top + y) * view.stride + view.left;
    if (b === 0 && d === 0) {
      const row = Math.floor(e * (y + 0.5) + f);
      const outside = row < 0 || row >= height;
      for (let x = 0; x < view.width; x++)
        target[at + x] = outside || columns[x]! < 0 ? unlabelled : labels[row * width + columns[x]!]!;
      continue;
    }
    const fromX = b * (y + 0.5) + c;
    const fromY = e * (y + 0.5) + f;
    for (let x = 0; x < view.width; x++) {
      const column = Math.floor(a * (x + 0.5) + fromX);
      const row = Math.floor(d * (x + 0.5) + fromY);
      const inside = column >= 0 && column < width && row >= 0 && row < height;
      target[at + x] = inside ? labels[row * width + column]! : unlabelled;
    }
  }
}
