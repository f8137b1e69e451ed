import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMask, maskArea, maskBox } from './mask.js';
import { polygonArea, polygonBox, polygonIou, polygonsToMask } from './polygon.js';

const anyPolygon = fc.array(fc.integer({ min: -30, max: 130 }), { minLength: 6, maxLength: 16 }).map((numbers) => {
  return numbers.length % 2 === 0 ? numbers : numbers.slice(1);
});

test('area and box of hand-computed cases', () => {
  expect(polygonArea([0, 0, 4, 0, 4, 3, 0, 3])).toBe(12);
  expect(polygonArea([0, 3, 4, 3, 4, 0, 0, 0])).toBe(12);
  expect(polygonArea([0, 0, 4, 0, 0, 3])).toBe(6);
  expect([polygonArea([]), polygonArea([1, 2]), polygonArea([1, 2, 3, 4])]).toEqual([0, 0, 0]);
  expect(polygonBox([1, 2, 3, 5], [-1, 4])).toEqual([-1, 2, 3, 5]);
  expect(polygonBox()).toEqual([0, 0, 0, 0]);
});

test('a box on pixel borders is drawn as its pixels', () => {
  const mask = polygonsToMask([[1, 0, 3, 0, 3, 2, 1, 2]], 4, 3);
  expect([...decodeMask(mask)]).toEqual([0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
  expect(maskBox(mask)).toEqual([1, 0, 3, 2]);
  expect(polygonIou([[0, 0, 2, 0, 2, 2, 0, 2]], [[1, 1, 3, 1, 3, 3, 1, 3]], 9, 9)).toBeCloseTo(1 / 7, 12);
});

test('whichever corner an outline begins with, the pixels are the same, and none lies outside its box', () => {
  fc.assert(
    fc.property(anyPolygon, fc.nat(7), (polygon, turn) => {
      const shift = (turn * 2) % polygon.length;
      const turned = [...polygon.slice(shift), ...polygon.slice(0, shift)];
      const mask = polygonsToMask([polygon], 100, 100);
      expect(polygonsToMask([turned], 100, 100)).toEqual(mask);
      if (maskArea(mask) === 0) return;
      const [xmin, ymin, xmax, ymax] = maskBox(mask);
      const [left, top, right, bottom] = polygonBox(polygon);
      expect(xmin >= left - 1 && ymin >= top - 1 && xmax <= right + 1 && ymax <= bottom + 1).toBe(true);
    }),
  );
});

test('outlines far larger than the picture cost no more than others', () => {
  const far = 4e8;
  const mask = polygonsToMask([[-far, -far, far, -far + 1, far, far, -far + 1, far]], 1000, 800);
  expect(maskArea(mask)).toBe(800_000);
  expect(maskArea(polygonsToMask([[far, far, far + 5, far, far, far + 9]], 1000, 800))).toBe(0);
});

test.each<[number[][], RegExp]>([
  [[], /no polygon/],
  [[[0, 0, 1, 1]], /this has 4 numbers/],
  [[[0, 0, 1, 1, 2, 2, 3]], /this has 7 numbers/],
  [[[0, 0, 1, Number.NaN, 2, 2]], /Number 3 of a polygon is NaN/],
  [[[0, 0, 1, 1e12, 2, 2]], /Number 3 of a polygon is 1000000000000/],
  [[[0, 0, 1, '7' as unknown as number, 2, 2]], /Number 3/],
  [[Array.from({ length: 60_000 }, (_, at) => (at % 4 === 0 ? 0 : at % 4 === 2 ? 1e6 : at % 7))], /crosses columns/],
])('no mask is drawn of nonsense, case %#', (parts, sentence) => {
  const draw = () => polygonsToMask(parts, 1_000_000, 100);
  expect(draw).toThrow(expect.objectContaining({ code: 'bad_polygon' }));
  expect(draw).toThrow(sentence);
});
