import type { RawImage } from './decode.js';
import type { Rectangle } from './resample.js';

/**
 * Bilinear interpolation in fixed point, weights in 256ths, where nothing is to be averaged: enlarging and turning.
 *
 * In JavaScript on purpose. libvips enlarges with a shift of half a pixel and blends with what lies beyond the border;
 * and moving 200 x 200 pixels onto 224 x 224 costs a quarter of the processor time here (0.7 ms against 2.6 ms).
 */
export function enlarge(
  { data, width: stride }: RawImage,
  area: Rectangle,
  width: number,
  height: number,
  { mirror = false, flip = false }: { mirror?: boolean; flip?: boolean },
): Uint8Array {
  const columns = taps(area.width, width, mirror, 3, area.left * 3);
  const rows = taps(area.height, height, flip, stride * 3, area.top * stride * 3);
  const result = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const upper = rows.first[y]!;
    const lower = rows.second[y]!;
    const down = rows.weight[y]!;
    for (let x = 0; x < width; x++) {
      const across = columns.weight[x]!;
      let p = upper + columns.first[x]!;
      let q = upper + columns.second[x]!;
      let r = lower + columns.first[x]!;
      let s = lower + columns.second[x]!;
      for (const end = at + 3; at < end; at++, p++, q++, r++, s++) {
        const top = (data[p]! << 8) + (data[q]! - data[p]!) * across;
        const bottom = (data[r]! << 8) + (data[s]! - data[r]!) * across;
        result[at] = ((top << 8) + (bottom - top) * down + 0x8000) >> 16;
      }
    }
  }
  return result;
}

/** Between which two source pixels each target pixel lies, as byte offsets, and how far along in 256ths. */
function taps(source: number, target: number, turned: boolean, step: number, start: number) {
  const first = new Int32Array(target);
  const second = new Int32Array(target);
  const weight = new Int32Array(target);
  for (let i = 0; i < target; i++) {
    const place = Math.min(source - 1, Math.max(0, ((i + 0.5) * source) / target - 0.5));
    const whole = Math.floor(place);
    const to = turned ? target - 1 - i : i;
    first[to] = start + whole * step;
    second[to] = start + Math.min(source - 1, whole + 1) * step;
    weight[to] = Math.round((place - whole) * 256);
  }
  return { first, second, weight };
}

/**
 * Writes a picture into a rectangle of a canvas `stride` pixels wide.
 *
 * @param back from pixels of the rectangle to pixels of the picture: x' = a x + b y + c, y' = d x + e y + f
 * @param fill the grey of pixels whose centre is beyond the picture
 */
export function turn(
  { data, width, height }: RawImage,
  back: readonly [a: number, b: number, c: number, d: number, e: number, f: number],
  canvas: Uint8Array,
  stride: number,
  target: Rectangle,
  fill: number,
): void {
  const [a, b, c, d, e, f] = back;
  const [lastX, lastY] = [width - 1, height - 1];
  for (let y = 0; y < target.height; y++) {
    const fromX = b * (y + 0.5) + c;
    const fromY = e * (y + 0.5) + f;
    let at = ((target.top + y) * stride + target.left) * 3;
    for (let x = 0; x < target.width; x++) {
      const u = a * (x + 0.5) + fromX;
      const v = d * (x + 0.5) + fromY;
      const end = at + 3;
      if (u < 0 || v < 0 || u >= width || v >= height) {
        for (; at < end; at++) canvas[at] = fill;
        continue;
      }
      const placeX = Math.min(lastX, Math.max(0, u - 0.5));
      const placeY = Math.min(lastY, Math.max(0, v - 0.5));
      const column = placeX | 0;
      const row = placeY | 0;
      const across = ((placeX - column) * 256) | 0;
      const down = ((placeY - row) * 256) | 0;
      const toRight = column < lastX ? 3 : 0;
      let p = (row * width + column) * 3;
      let r = row < lastY ? p + width * 3 : p;
      for (; at < end; at++, p++, r++) {
        const top = (data[p]! << 8) + (data[p + toRight]! - data[p]!) * across;
        const bottom = (data[r]! << 8) + (data[r + toRight]! - data[r]!) * across;
        canvas[at] = ((top << 8) + (bottom - top) * down + 0x8000) >> 16;
      }
    }
  }
}
