import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { placeImage, unletterbox } from './letterbox.js';
import { resample } from './resample.js';

/** A soft spot about (x, y) on black. */
function spot(width: number, height: number, x: number, y: number) {
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const distance = (column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2;
      data.fill(Math.round(250 * Math.exp(-distance / 72)), (row * width + column) * 3, (row * width + column) * 3 + 3);
    }
  return { data, width, height };
}

/** Where the spot is, in pixels of any size. */
function middleOf(data: Uint8Array, width: number, height: number): [number, number] {
  let [sumX, sumY, sum] = [0, 0, 0];
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const value = data[(row * width + column) * 3]!;
      sumX += value * (column + 0.5);
      sumY += value * (row + 0.5);
      sum += value;
    }
  return [sumX / sum, sumY / sum];
}

const sizes = [
  [240, 180],
  [233, 175],
  [120, 90],
  [61, 47],
  [241, 181],
  [480, 360],
  [300, 120],
  [100, 400],
] as const;

describe('resampling', () => {
  test('moves nothing, whether it shrinks, enlarges or both', async () => {
    for (const [width, height] of sizes)
      for (const [x, y] of [
        [60, 50],
        [120, 90],
        [180, 130],
      ] as const) {
        const [atX, atY] = middleOf(await resample(spot(240, 180, x, y), width, height), width, height);
        expect(Math.abs(atX - (x * width) / 240), `${width} x ${height}`).toBeLessThan(0.06);
        expect(Math.abs(atY - (y * height) / 180), `${width} x ${height}`).toBeLessThan(0.06);
      }
  });

  test('takes a part, and turns it over', async () => {
    const image = spot(240, 180, 100, 80);
    const area = { left: 40, top: 30, width: 120, height: 90 };
    for (const [width, height] of [
      [60, 45],
      [300, 200],
      [200, 60],
    ] as const) {
      const data = await resample(image, width, height, { area, mirror: true, flip: true });
      const [x, y] = middleOf(data, width, height);
      expect(Math.abs(x - (1 - 60 / 120) * width)).toBeLessThan(0.1);
      expect(Math.abs(y - (1 - 50 / 90) * height)).toBeLessThan(0.1);
    }
  });

  test('enlarging is what libvips interpolates, half a pixel further on', async () => {
    const noise = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7919) % 251);
    const ours = await resample({ data: noise, width: 40, height: 30 }, 100, 75);
    const theirs = await sharp(noise, { raw: { width: 40, height: 30, channels: 3 } })
      .affine([2.5, 0, 0, 2.5], { interpolator: 'bilinear', idx: 0.5, idy: 0.5, odx: -0.5, ody: -0.5 })
      .raw()
      .toBuffer();
    for (let y = 3; y < 72; y++)
      for (let i = (y * 100 + 3) * 3; i < (y * 100 + 97) * 3; i++)
        expect(Math.abs(ours[i]! - theirs[i]!), `at ${i}`).toBeLessThanOrEqual(3);
  });

  test('one pixel fills any size', async () => {
    expect(await resample({ data: Uint8Array.of(9, 8, 7), width: 1, height: 1 }, 2, 1)).toEqual(
      Uint8Array.of(9, 8, 7, 9, 8, 7),
    );
  });
});

test('a placed picture and the boxes found on it: there and back', async () => {
  for (const placement of ['letterbox-top-left', 'cover-centre', 'stretch'] as const)
    for (const [width, height] of [
      [128, 128],
      [320, 200],
      [90, 240],
    ] as const) {
      const canvas = new Uint8Array(width * height * 3).fill(200);
      const placed = await placeImage(spot(240, 180, 130, 95), canvas, width, height, placement);
      if (placement === 'letterbox-top-left')
        for (let i = 0; i < canvas.length; i++) if (canvas[i] === 114) canvas[i] = 0;
      const [x, y] = middleOf(canvas, width, height);
      const back = unletterbox([x, y, x, y], placed);
      expect(Math.abs(back[0] - 130), placement).toBeLessThan(1.2);
      expect(Math.abs(back[1] - 95), placement).toBeLessThan(1.2);
    }
});
