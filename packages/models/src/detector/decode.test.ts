import type { Xyxy } from '@fovea/annotations';
import { describe, expect, it } from 'vitest';
import { decodeDetections } from './decode.js';

const limits = { confidence: 0.25, iouThreshold: 0.5, maxDetections: 100 };
const same = (box: Xyxy): Xyxy => box;
const classes = ['cat', 'dog'];

describe('decodeDetections', () => {
  it('keeps what is confident enough, best first, with its class', () => {
    const boxes = Float32Array.of(0, 0, 10, 10, 50, 50, 60, 60, 20, 20, 30, 30);
    const scores = Float32Array.of(0.1, 0.5, 0.9, 0.2, 0.24, 0.25);
    expect(decodeDetections(boxes, scores, classes, same, limits)).toEqual([
      { className: 'cat', classIndex: 0, box: [50, 50, 60, 60], confidence: expect.closeTo(0.9, 6) },
      { className: 'dog', classIndex: 1, box: [0, 0, 10, 10], confidence: 0.5 },
      { className: 'dog', classIndex: 1, box: [20, 20, 30, 30], confidence: 0.25 },
    ]);
  });

  it('suppresses the weaker of two that overlap, within a class only', () => {
    const boxes = Float32Array.of(0, 0, 10, 10, 0, 0, 10, 9, 0, 0, 10, 10);
    const one = decodeDetections(boxes, Float32Array.of(0.6, 0.8, 0.7), ['cat'], same, limits);
    expect(one.map(({ box, confidence }) => [...box, confidence])).toEqual([[0, 0, 10, 9, expect.closeTo(0.8, 6)]]);
    const two = decodeDetections(boxes, Float32Array.of(0.6, 0, 0, 0.8, 0.7, 0), classes, same, limits);
    expect(two.map(({ className }) => className)).toEqual(['dog', 'cat']);
  });

  it('keeps boxes that overlap up to the threshold', () => {
    const boxes = Float32Array.of(0, 0, 10, 10, 0, 5, 10, 15);
    const scores = Float32Array.of(0.9, 0.8);
    const count = (iouThreshold: number) =>
      decodeDetections(boxes, scores, ['cat'], same, { ...limits, iouThreshold }).length;
    expect(count(0.34)).toBe(2);
    expect(count(0.3)).toBe(1);
  });

  it('gives the best of all classes, as many as asked', () => {
    const boxes = Float32Array.from({ length: 40 }, (_, i) => 20 * Math.floor(i / 4) + (i % 4 > 1 ? 10 : 0));
    const scores = Float32Array.from({ length: 20 }, (_, i) => 0.3 + i / 100);
    const best = decodeDetections(boxes, scores, classes, same, { ...limits, maxDetections: 3 });
    expect(best.map(({ confidence }) => confidence)).toEqual([0.49, 0.48, 0.47].map((v) => expect.closeTo(v, 6)));
  });

  it('brings boxes into the picture by what it is given', () => {
    const double = ([x0, y0, x1, y1]: Xyxy): Xyxy => [2 * x0, 2 * y0, 2 * x1, 2 * y1];
    const [found] = decodeDetections(Float32Array.of(1, 2, 3, 4), Float32Array.of(1), ['cat'], double, limits);
    expect(found!.box).toEqual([2, 4, 6, 8]);
  });

  it('gives nothing for nothing', () => {
    expect(decodeDetections(new Float32Array(), new Float32Array(), classes, same, limits)).toEqual([]);
    expect(decodeDetections(Float32Array.of(0, 0, 1, 1), Float32Array.of(0, 0), classes, same, limits)).toEqual([]);
    const none = decodeDetections(Float32Array.of(0, 0, 1, 1), Float32Array.of(Number.NaN), ['cat'], same, limits);
    expect(none).toEqual([]);
  });
});
