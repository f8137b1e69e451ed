import { turn } from '../bilinear.js';
import type { EncodedImage, RawImage } from '../decode.js';
import { letterboxFill } from '../letterbox.js';
import { type Rectangle, resample } from '../resample.js';
import { type Affine, composed, inverted } from './affine.js';
import { type Geometry, shownPart } from './geometry.js';
import { unlabelled } from './sample.js';

/** A rectangle of a canvas `stride` pixels wide; what is outside of it stays. */
export interface View extends Rectangle {
  readonly pixels: Uint8Array;
  readonly labelMap?: Uint8Array | undefined;
  readonly stride: number;
}

/** Writes a picture into a view; grey where the picture does not reach. */
export async function warpPixels(
  image: RawImage | EncodedImage,
  { axes, affine }: Geometry,
  view: View,
): Promise<void> {
  if (!axes) return turnPixels(image, affine, view);
  const { source, target, mirror, flip } = axes;
  const patch = await resample(image, target.width, target.height, { area: source, mirror, flip });
  for (let y = 0; y < view.height; y++) {
    const at = ((view.top + y) * view.stride + view.left) * 3;
    const row = y - target.top;
    if (row < 0 || row >= target.height) {
      view.pixels.fill(letterboxFill, at, at + view.width * 3);
      continue;
    }
    const [left, right] = [target.left * 3, (target.left + target.width) * 3];
    view.pixels.fill(letterboxFill, at, at + left);
    view.pixels.set(patch.subarray(row * target.width * 3, (row + 1) * target.width * 3), at + left);
    view.pixels.fill(letterboxFill, at + right, at + view.width * 3);
  }
}

/** Shrinks first where it shrinks, which averages, then turns what the view can show. */
async function turnPixels(image: RawImage | EncodedImage, affine: Affine, view: View): Promise<void> {
  const [scaleX, scaleY] = [Math.hypot(affine[0], affine[3]), Math.hypot(affine[1], affine[4])];
  if ('data' in image && scaleX >= 1 && scaleY >= 1)
    return turn(image, inverted(affine), view.pixels, view.stride, view, letterboxFill);
  // Wide enough that no pixel of the view is interpolated with the cut.
  const margin = (scale: number) => Math.ceil(2 / Math.min(1, scale)) + 1;
  const part = shownPart(affine, image, view, margin(scaleX), margin(scaleY));
  const width = Math.max(1, Math.round(part.width * Math.min(1, scaleX)));
  const height = Math.max(1, Math.round(part.height * Math.min(1, scaleY)));
  const shrunk = { data: await resample(image, width, height, { area: part }), width, height };
  const [toX, toY] = [width / part.width, height / part.height];
  const toPart: Affine = [toX, 0, -part.left * toX, 0, toY, -part.top * toY];
  turn(shrunk, composed(toPart, inverted(affine)), view.pixels, view.stride, view, letterboxFill);
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
