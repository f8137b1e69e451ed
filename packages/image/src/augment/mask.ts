import type { Xyxy } from '@fovea/annotations';
import { type Affine, inverted } from './affine.js';
import { boundsOf, moveRing, ringOf } from './polygon.js';
import type { InstanceMask } from './sample.js';

/** Pixels that belong. */
export function maskArea({ data }: InstanceMask): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) count += data[i]!;
  return count;
}

/** The smallest box around the pixels that belong; undefined where none does. */
export function maskBounds({ left, top, width, height, data }: InstanceMask): Xyxy | undefined {
  let [x0, y0, x1, y1] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    const first = data.subarray(y * width, (y + 1) * width).indexOf(1);
    if (first < 0) continue;
    const last = data.lastIndexOf(1, (y + 1) * width - 1) - y * width;
    x0 = Math.min(x0, first);
    x1 = Math.max(x1, last);
    y0 = Math.min(y0, y);
    y1 = y;
  }
  return y1 < 0 ? undefined : [left + x0, top + y0, left + x1 + 1, top + y1 + 1];
}

/** The mask moved by nearest neighbour, as far as it lies on the canvas. */
export function moveMask(mask: InstanceMask, affine: Affine, canvasWidth: number, canvasHeight: number): InstanceMask {
  const { left, top, width, height, data } = mask;
  const [x0, y0, x1, y1] = boundsOf([moveRing(ringOf([left, top, left + width, top + height]), affine)])!;
  const to = { left: Math.max(0, Math.floor(x0)), top: Math.max(0, Math.floor(y0)) };
  const size = {
    width: Math.max(0, Math.min(canvasWidth, Math.ceil(x1)) - to.left),
    height: Math.max(0, Math.min(canvasHeight, Math.ceil(y1)) - to.top),
  };
  const [a, b, c, d, e, f] = inverted(affine);
  const moved = new Uint8Array(size.width * size.height);
  for (let y = 0; y < size.height; y++) {
    const fromX = b * (to.top + y + 0.5) + c - left;
    const fromY = e * (to.top + y + 0.5) + f - top;
    for (let x = 0; x < size.width; x++) {
      const column = Math.floor(a * (to.left + x + 0.5) + fromX);
      const row = Math.floor(d * (to.left + x + 0.5) + fromY);
      if (column >= 0 && column < width && row >= 0 && row < height)
        moved[y * size.width + x] = data[row * width + column]!;
    }
  }
  return { ...to, ...size, data: moved };
}
