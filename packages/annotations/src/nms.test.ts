import fc from 'fast-check';
import { expect, test } from 'vitest';
import { iou, type Xyxy } from './box.js';
import { nms } from './nms.js';

const candidates = fc.array(
  fc.record({
    x: fc.integer({ min: 0, max: 60 }),
    y: fc.integer({ min: 0, max: 60 }),
    w: fc.integer({ min: 0, max: 40 }),
    h: fc.integer({ min: 0, max: 40 }),
    score: fc.integer({ min: 0, max: 20 }),
  }),
  { maxLength: 40 },
);

const pack = (list: Xyxy[]) => Float32Array.from(list.flat());
const asXyxy = (c: { x: number; y: number; w: number; h: number }): Xyxy => [c.x, c.y, c.x + c.w, c.y + c.h];

test('keeps the best of an overlapping pair, and the one apart', () => {
  const boxes = pack([
    [0, 0, 10, 10],
    [1, 0, 11, 10],
    [50, 50, 60, 60],
  ]);
  expect([...nms(boxes, Float32Array.of(0.5, 0.9, 0.7), 0.5)]).toEqual([1, 2]);
  expect([...nms(boxes, Float32Array.of(0.5, 0.9, 0.7), 0.5, 1)]).toEqual([1]);
  expect([...nms(boxes, Float32Array.of(0.5, Number.NaN, 0.7), 0.5)]).toEqual([2, 0]);
  expect(nms(new Float32Array(0), new Float32Array(0), 0.5)).toHaveLength(0);
});

test('the kept do not overlap, every dropped box overlaps a better kept one, and a second pass drops nothing', () => {
  fc.assert(
    fc.property(candidates, (list) => {
      const boxes = list.map(asXyxy);
      const scores = Float32Array.from(list, (c) => c.score);
      const kept = [...nms(pack(boxes), scores, 0.5)];
      for (const i of kept)
        for (const k of kept) if (i !== k) expect(iou(boxes[i]!, boxes[k]!)).toBeLessThanOrEqual(0.5);
      for (let i = 0; i < list.length; i++) {
        if (kept.includes(i)) continue;
        expect(kept.some((k) => scores[k]! >= scores[i]! && iou(boxes[i]!, boxes[k]!) > 0.5)).toBe(true);
      }
      const again = nms(
        pack(kept.map((i) => boxes[i]!)),
        Float32Array.from(kept, (i) => scores[i]!),
        0.5,
      );
      expect([...again]).toEqual(kept.map((_, position) => position));
    }),
  );
});
