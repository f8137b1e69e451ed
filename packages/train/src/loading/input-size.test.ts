import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chooseInputSize as choose } from './input-size.js';

const chooseInputSize = (sizes: Parameters<typeof choose>[0]) => choose(sizes, 86_000);

const many = (width: number, height: number, times = 5) => Array.from({ length: times }, () => ({ width, height }));

it('keeps the aspect ratio within a budget of pixels', () => {
  expect(chooseInputSize(many(1920, 1080))).toEqual({ width: 384, height: 224 });
  expect(chooseInputSize(many(1000, 1000))).toEqual({ width: 288, height: 288 });
  expect(chooseInputSize(many(1080, 1920))).toEqual({ width: 224, height: 384 });
});

it('goes by the median: a few odd pictures change nothing', () => {
  expect(chooseInputSize([...many(640, 480), { width: 10, height: 4000 }, { width: 9000, height: 9 }])).toEqual(
    chooseInputSize(many(640, 480)),
  );
});

it('is never much larger than the pictures, and never smaller than 64', () => {
  expect(chooseInputSize(many(160, 96))).toEqual({ width: 160, height: 96 });
  expect(chooseInputSize(many(8, 8))).toEqual({ width: 64, height: 64 });
});

it('is two multiples of 32 from 64 to 1280, whatever the pictures', () => {
  const side = fc.integer({ min: 1, max: 30_000 });
  fc.assert(
    fc.property(fc.array(fc.record({ width: side, height: side }), { maxLength: 20 }), (sizes) => {
      for (const length of Object.values(chooseInputSize(sizes))) {
        expect(length % 32).toBe(0);
        expect(length).toBeGreaterThanOrEqual(64);
        expect(length).toBeLessThanOrEqual(1280);
      }
    }),
  );
});
