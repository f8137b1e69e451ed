import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COCO_SIGMAS, type KeypointTruth, oks } from './keypoints.js';

const points = fc.array(fc.tuple(fc.nat(200), fc.nat(200), fc.nat(2)), { minLength: 17, maxLength: 17 });
const truthOf = (keypoints: number[]): KeypointTruth => ({ keypoints, box: [10, 10, 50, 80], areaPixels: 3000 });

test('one point, by the formula', () => {
  const truth = { keypoints: [10, 10, 2], box: [0, 0, 20, 20] as const, areaPixels: 400 };
  expect(oks([13, 14, 1], truth, [0.05])).toBeCloseTo(Math.exp(-25 / (2 * 400 * 0.1 ** 2)), 12);
  expect(oks([10, 10, 0], truth, [0.05])).toBe(1);
});

test('without labelled points, only what lies outside the box thrice as large counts', () => {
  const truth = { keypoints: [0, 0, 0], box: [100, 100, 20, 20] as const, areaPixels: 400 };
  for (const [x, y] of [
    [80, 80],
    [140, 140],
    [110, 99],
  ]) {
    expect(oks([x!, y!, 1], truth, [0.5])).toBe(1);
  }
  expect(oks([140 + 6, 80 - 8, 1], truth, [0.5])).toBeCloseTo(Math.exp(-100 / (2 * 400)), 12);
});

test('in [0, 1], 1 for the truth itself, and points that are not labelled do not matter', () => {
  fc.assert(
    fc.property(points, points, (a, b) => {
      const truth = truthOf(a.flat());
      const value = oks(b.flat(), truth);
      expect(value >= 0 && value <= 1).toBe(true);
      if (!a.some(([, , v]) => v > 0)) return;
      expect(oks(truth.keypoints, truth)).toBe(1);
      const moved = b.flatMap(([x, y, v], at) => (a[at]![2] === 0 ? [x + 999, y, v] : [x, y, v]));
      expect(oks(moved, truth)).toBe(value);
    }),
  );
  expect(COCO_SIGMAS).toHaveLength(17);
});
