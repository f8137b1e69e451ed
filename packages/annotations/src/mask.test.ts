import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { xyxyToXywh } from './box.js';
import { maskFromCoco, maskToCoco, packRuns, unpackRuns } from './coco-rle.js';
import {
  createMask,
  decodeMask,
  encodeMask,
  intersectionArea,
  maskArea,
  maskBox,
  maskIou,
  mergeMasks,
} from './mask.js';
import { polygonIou, polygonsToMask } from './polygon.js';

/** What pycocotools draws and says; see fixtures/record-masks.py. */
const recorded: {
  height: number;
  width: number;
  polygons: number[][];
  masks: string[];
  union: string;
  intersection: string;
  area: number;
  xywh: number[];
  iou: number;
  crowd: number;
}[] = readFileSync(new URL('../fixtures/masks.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const anyBitmap = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([width, height]) =>
    fc
      .tuple(...[0, 1].map(() => fc.array(fc.nat(1), { minLength: width * height, maxLength: width * height })))
      .map(([a, b]) => ({ width, height, a: a!, b: b! })),
  );

describe("as the COCO API's", () => {
  test('polygons are drawn, merged, measured and packed', () => {
    for (const { width, height, polygons, masks, ...expected } of recorded) {
      const each = polygons.map((polygon) => polygonsToMask([polygon], width, height));
      const union = polygonsToMask(polygons, width, height);
      expect(each.map((mask) => packRuns(mask.counts))).toEqual(masks);
      expect({
        union: packRuns(union.counts),
        intersection: packRuns(mergeMasks(each, 'intersection').counts),
        area: maskArea(union),
        xywh: xyxyToXywh(maskBox(union)),
        iou: maskIou(each[0]!, each.at(-1)!),
        crowd: maskIou(each[0]!, each.at(-1)!, true),
      }).toEqual(expected);
      expect(polygonIou([polygons[0]!], [polygons.at(-1)!], width, height)).toBe(expected.iou);
    }
  });

  test('packed runs are read, and packed again say the same', () => {
    for (const { width, height, masks } of recorded) {
      for (const counts of masks) {
        const mask = maskFromCoco({ size: [height, width], counts });
        expect(maskToCoco(mask)).toEqual({ size: [height, width], counts });
        expect(maskFromCoco({ size: [height, width], counts: [...mask.counts] })).toEqual(mask);
      }
    }
  });
});

describe('for any bitmap', () => {
  test('encoding and decoding, area, box and overlap are those of its pixels', () => {
    fc.assert(
      fc.property(anyBitmap, ({ width, height, a, b }) => {
        const [left, right] = [encodeMask(a, width, height), encodeMask(b, width, height)];
        expect([...decodeMask(left)]).toEqual(a);
        expect(createMask(width, height, [...left.counts])).toEqual(left);
        expect(maskArea(left)).toBe(a.filter(Boolean).length);
        const common = a.filter((value, at) => value & b[at]!).length;
        expect(intersectionArea(left, right)).toBe(common);
        expect([...decodeMask(mergeMasks([left, right]))]).toEqual(a.map((value, at) => value | b[at]!));
        expect([...decodeMask(mergeMasks([left, right], 'intersection'))]).toEqual(
          a.map((value, at) => value & b[at]!),
        );
        expect(maskIou(left, right)).toBe(maskIou(right, left));
        expect(maskIou(left, left)).toBe(maskArea(left) > 0 ? 1 : 0);

        const inside = a.flatMap((value, at) => (value ? [[at % width, Math.floor(at / width)] as const] : []));
        const [xs, ys] = [inside.map(([x]) => x), inside.map(([, y]) => y)];
        expect(maskBox(left)).toEqual(
          inside.length === 0
            ? [0, 0, 0, 0]
            : [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1],
        );
      }),
    );
  });

  test('runs of length 0 mean nothing', () => {
    const plain = createMask(3, 2, [1, 2, 3]);
    const odd = createMask(3, 2, [0, 0, 1, 1, 0, 1, 0, 0, 3, 0]);
    expect([...decodeMask(odd)]).toEqual([...decodeMask(plain)]);
    expect(maskBox(odd)).toEqual(maskBox(plain));
    expect(maskIou(odd, plain)).toBe(1);
    expect(mergeMasks([odd, plain])).toEqual(plain);
    expect(maskBox(createMask(3, 2, [6, 0]))).toEqual([0, 0, 0, 0]);
    expect(maskArea(createMask(0, 5, []))).toBe(0);
  });

  test('any runs survive packing', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(40), fc.nat(2 ** 31 - 1))), (counts) => {
        expect([...unpackRuns(packRuns(counts))]).toEqual(counts);
      }),
    );
  });
});

describe('what cannot be a mask is refused with a sentence', () => {
  test.each<[unknown, RegExp]>([
    [null, /"size"/],
    [{ counts: [4] }, /"size"/],
    [{ size: [2, 2] }, /"counts"/],
    [{ size: [2], counts: [4] }, /"size"/],
    [{ size: [2, 2], counts: [5] }, /add up to 5, not to 4/],
    [{ size: [2, 2], counts: [5, -1] }, /Run 1 of a mask is -1/],
    [{ size: [2, 2], counts: [1.5, 2.5] }, /Run 0 of a mask is 1.5/],
    [{ size: [2, 2], counts: [Number.NaN, 4] }, /Run 0 of a mask is NaN/],
    [{ size: [2, 2], counts: ['4'] }, /Run 0/],
    [{ size: [-2, -2], counts: [4] }, /-2 x -2/],
    [{ size: [1e9, 1e9], counts: [1e18] }, /not possible/],
    [{ size: [2, 2.5], counts: [5] }, /not possible/],
    [{ size: [2, 2], counts: 'é' }, /character 0/],
    [{ size: [2, 2], counts: '4P' }, /middle of a number/],
    [{ size: [2, 2], counts: 'oooooooo0' }, /too long/],
    [{ size: [2, 2], counts: 'O' }, /run 0 would be -1/],
    [{ size: [2, 2], counts: 'oooooo2' }, /run 0 would be/],
  ])('%j', (value, sentence) => {
    expect(() => maskFromCoco(value)).toThrow(expect.objectContaining({ code: 'bad_mask' }));
    expect(() => maskFromCoco(value)).toThrow(sentence);
  });

  test('sizes that differ, bitmaps of another size, and masks too large to lay out', () => {
    const differ = () => maskIou(createMask(2, 2, [4]), createMask(4, 1, [4]));
    expect(differ).toThrow(expect.objectContaining({ code: 'mask_sizes_differ' }));
    expect(() => encodeMask([0, 1], 3, 3)).toThrow(/has 2 pixels/);
    const large = maskFromCoco({ size: [40_000, 40_000], counts: [1, 1.6e9 - 1] });
    expect(maskArea(large)).toBe(1.6e9 - 1);
    expect(() => decodeMask(large)).toThrow(expect.objectContaining({ code: 'mask_too_large' }));
    expect(() => mergeMasks([])).toThrow(/no masks/);
  });

  test('any string ends in a mask or a sentence', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(50), fc.nat(50), (counts, width, height) => {
        try {
          expect(maskArea(maskFromCoco({ size: [height, width], counts }))).toBeLessThanOrEqual(width * height);
        } catch (error) {
          expect(error).toMatchObject({ name: 'FoveaError', code: 'bad_mask' });
        }
      }),
    );
  });
});
