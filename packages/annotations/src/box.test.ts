import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  area,
  clipBox,
  cxcywhToXyxy,
  intersection,
  iou,
  type Xyxy,
  xywhToXyxy,
  xyxyToCxcywh,
  xyxyToXywh,
} from './box.js';

const coordinate = fc.integer({ min: -200, max: 200 });
const side = fc.integer({ min: 0, max: 300 });
const anyBox = fc.tuple(coordinate, coordinate, side, side).map((b) => xywhToXyxy(b));

test('IoU of hand-computed cases', () => {
  expect(iou([0, 0, 2, 2], [1, 1, 3, 3])).toBeCloseTo(1 / 7, 12);
  expect(iou([0, 0, 2, 2], [2, 0, 4, 2])).toBe(0);
  expect(iou([0, 0, 4, 4], [1, 1, 3, 3])).toBe(0.25);
});

test('IoU is symmetric, within [0, 1], and 1 for a box with itself', () => {
  fc.assert(
    fc.property(anyBox, anyBox, (a, b) => {
      const value = iou(a, b);
      expect(value).toBe(iou(b, a));
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
      expect(iou(a, a)).toBe(area(a) > 0 ? 1 : 0);
      expect(area(intersection(a, b)) <= Math.min(area(a), area(b))).toBe(true);
    }),
  );
});

test('the three ways of writing a box say the same', () => {
  fc.assert(
    fc.property(anyBox, (box) => {
      expect(xywhToXyxy(xyxyToXywh(box))).toEqual(box);
      expect(cxcywhToXyxy(xyxyToCxcywh(box))).toEqual(box);
    }),
  );
});

test('a clipped box lies inside the picture, and clipping again changes nothing', () => {
  fc.assert(
    fc.property(anyBox, (box) => {
      const clipped = clipBox(box, 100, 50);
      expect(clipBox(clipped, 100, 50)).toEqual(clipped);
      expect(area(clipped)).toBe(area(intersection(box, [0, 0, 100, 50])));
    }),
  );
  expect(clipBox([-10, -10, -5, -5] as Xyxy, 100, 50)).toEqual([0, 0, 0, 0]);
});
