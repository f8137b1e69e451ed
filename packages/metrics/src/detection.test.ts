import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Xywh, type Xyxy, xywhToXyxy } from '@fovea/annotations';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateDetections } from './detection.js';
import type { EvalPicture } from './detection-input.js';

const CLASSES = ['ant', 'bee', 'cat'];

const anyBox = fc
  .tuple(fc.nat(400), fc.nat(400), fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }))
  .map(([x, y, width, height]): Xyxy => [x, y, x + width, y + height]);
const anyTruth = fc.record({ classIndex: fc.nat(2), box: anyBox });
/** Confidences are all different, so that ranks are. */
const anyPictures = fc
  .array(fc.tuple(fc.array(anyTruth, { maxLength: 5 }), fc.array(anyTruth, { maxLength: 8 })), { maxLength: 5 })
  .map((list) =>
    list.map(
      ([groundTruth, found], picture): EvalPicture => ({
        id: `p${picture}`,
        width: 600,
        height: 600,
        groundTruth,
        predictions: found.map((entry, at) => ({ ...entry, confidence: ((picture * 37 + at * 101) % 997) / 997 })),
      }),
    ),
  );

const picture = (groundTruth: EvalPicture['groundTruth'], predictions: EvalPicture['predictions']): EvalPicture => ({
  id: 'a',
  width: 600,
  height: 600,
  groundTruth,
  predictions,
});

describe('by hand', () => {
  const box: Xyxy = [100, 100, 200, 200];

  test('one object found at IoU .8, after one false find: precision one half at every recall', () => {
    const { AP, AP50, AP75, AR1, AR10, perClass, confusion } = evaluateDetections(
      [
        picture(
          [{ classIndex: 0, box }],
          [
            { classIndex: 0, box: [100, 100, 180, 200], confidence: 0.6 },
            { classIndex: 0, box: [300, 300, 400, 400], confidence: 0.9 },
          ],
        ),
      ],
      CLASSES,
    );
    expect(AP50).toBeCloseTo(0.5, 12);
    expect(AP75).toBeCloseTo(0.5, 12);
    expect(AP).toBeCloseTo(0.5 * 0.7, 12);
    expect(AR1).toBe(0);
    expect(AR10).toBeCloseTo(0.7, 12);
    expect(perClass[1]).toEqual({ className: 'bee', AP: null, AP50: null, AP75: null, AR100: null, groundTruth: 0 });
    expect(confusion).toMatchObject({
      truePositives: 1,
      falsePositives: 1,
      falseNegatives: 0,
      precision: 0.5,
      recall: 1,
    });
  });

  test('finds inside a crowd count neither for nor against', () => {
    const crowd = { classIndex: 0, box: [300, 300, 600, 600] as Xyxy, isCrowd: true };
    const { AP, confusion } = evaluateDetections(
      [
        picture(
          [{ classIndex: 0, box }, crowd],
          [
            { classIndex: 0, box, confidence: 0.5 },
            { classIndex: 0, box: [310, 310, 350, 350], confidence: 0.9 },
            { classIndex: 0, box: [400, 400, 450, 450], confidence: 0.8 },
          ],
        ),
      ],
      CLASSES,
    );
    expect(AP).toBe(1);
    expect(confusion).toMatchObject({ falsePositives: 0, falseNegatives: 0 });
  });

  test('the second find of one object is false; a wrong class shows in the confusion matrix', () => {
    const { AP50, confusion } = evaluateDetections(
      [
        picture(
          [
            { classIndex: 0, box },
            { classIndex: 1, box: [300, 300, 400, 400] },
          ],
          [
            { classIndex: 0, box, confidence: 0.9 },
            { classIndex: 0, box, confidence: 0.8 },
            { classIndex: 2, box: [300, 300, 400, 400], confidence: 0.7 },
            { classIndex: 2, box, confidence: 0.1 },
          ],
        ),
      ],
      CLASSES,
    );
    expect(AP50).toBeCloseTo(0.5, 12);
    expect(confusion.matrix).toEqual([
      [1, 0, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 0],
      [1, 0, 0, 0],
    ]);
  });

  test('no pictures, or none with objects: nothing is defined, nothing is NaN', () => {
    const empty = evaluateDetections([], CLASSES);
    expect(empty).toMatchObject({ AP: null, AP50: null, AR100: null, pictures: 0, groundTruth: 0 });
    const onlyFalse = evaluateDetections([picture([], [{ classIndex: 0, box, confidence: 1 }])], CLASSES);
    expect(onlyFalse).toMatchObject({ AP: null, confusion: { falsePositives: 1, precision: 0, recall: null } });
    expect(JSON.stringify(evaluateDetections([], []))).not.toContain('NaN');
  });

  test('classes and numbers that make no sense are refused by picture and place', () => {
    const truth = { classIndex: 3, box };
    expect(() => evaluateDetections([picture([truth], [])], CLASSES)).toThrow(/Picture a, truth 0: class index 3/);
    const prediction = { classIndex: 0, box, confidence: Number.NaN };
    expect(() => evaluateDetections([picture([], [prediction])], CLASSES)).toThrow(/prediction 0: the confidence NaN/);
  });
});

describe('for any pictures', () => {
  test('the truth as prediction scores 1 wherever anything is defined', () => {
    fc.assert(
      fc.property(anyPictures, (pictures) => {
        const perfect = pictures.map((p) => ({
          ...p,
          predictions: p.groundTruth.map((t) => ({ ...t, confidence: 0.9 })),
        }));
        const metrics = evaluateDetections(perfect, CLASSES);
        for (const key of ['AP', 'AP50', 'AP75', 'APsmall', 'APmedium', 'APlarge', 'AR100'] as const) {
          if (metrics[key] !== null) expect(metrics[key]).toBeCloseTo(1, 12);
        }
        expect(metrics.AP === null).toBe(pictures.every((p) => p.groundTruth.length === 0));
      }),
    );
  });

  test('the order of pictures and of predictions does not matter, nor does the scale of confidence', () => {
    fc.assert(
      fc.property(anyPictures, (pictures) => {
        const shuffled = pictures.toReversed().map((p) => ({ ...p, predictions: p.predictions.toReversed() }));
        expect(evaluateDetections(shuffled, CLASSES)).toEqual(evaluateDetections(pictures, CLASSES));
        const halved = pictures.map((p) => ({
          ...p,
          predictions: p.predictions.map((found) => ({ ...found, confidence: found.confidence / 2 })),
        }));
        expect(evaluateDetections(halved, CLASSES).perClass).toEqual(evaluateDetections(pictures, CLASSES).perClass);
      }),
    );
  });

  test('all values lie in [0, 1], AP50 >= AP75, AR100 >= AR10 >= AR1, and each object and find is counted once', () => {
    fc.assert(
      fc.property(anyPictures, (pictures) => {
        const m = evaluateDetections(pictures, CLASSES);
        for (const value of [m.AP, m.AP50, m.AP75, m.APsmall, m.APlarge, m.AR1, m.AR100]) {
          if (value !== null) expect(value >= 0 && value <= 1).toBe(true);
        }
        if (m.AP === null) return;
        expect(m.AP50!).toBeGreaterThanOrEqual(m.AP75!);
        expect(m.AR100!).toBeGreaterThanOrEqual(m.AR10!);
        expect(m.AR10!).toBeGreaterThanOrEqual(m.AR1!);
        const objects = pictures.flatMap((p) => p.groundTruth).length;
        expect(m.confusion.truePositives + m.confusion.falseNegatives).toBe(objects);
        expect(m.groundTruth).toBe(objects);
      }),
    );
  });

  test('a false find ranked last never raises AP', () => {
    fc.assert(
      fc.property(anyPictures, anyTruth, (pictures, extra) => {
        fc.pre(pictures.length > 0);
        const before = evaluateDetections(pictures, CLASSES);
        const [first, ...rest] = pictures;
        const far = { classIndex: extra.classIndex, box: [5000, 5000, 5010, 5010] as Xyxy, confidence: -1 };
        const worse = evaluateDetections([{ ...first!, predictions: [...first!.predictions, far] }, ...rest], CLASSES);
        if (before.AP !== null) expect(worse.AP!).toBeLessThanOrEqual(before.AP + 1e-12);
      }),
    );
  });
});

const shared = join(
  process.env.FOVEA_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '../../../../shared'),
  'data/coco-eval',
);

/** COCO val2014's first hundred pictures and made-up results; golden numbers are the COCO API's own. */
test.skipIf(!existsSync(shared))('the golden numbers of COCO (skipped where ../shared/data is absent)', () => {
  const read = (name: string) => JSON.parse(readFileSync(join(shared, name), 'utf8'));
  const truth = read('instances_val2014_100.json');
  const results = read('instances_val2014_fakebbox100_results.json');
  const classOf = new Map<number, number>(truth.categories.map(({ id }: { id: number }, at: number) => [id, at]));
  const of = <T extends { image_id: number }>(list: T[], id: number) => list.filter(({ image_id }) => image_id === id);
  type Entry = { image_id: number; category_id: number; bbox: Xywh; area: number; iscrowd: number; score: number };

  const pictures: EvalPicture[] = truth.images.map((image: { id: number; width: number; height: number }) => ({
    id: String(image.id),
    width: image.width,
    height: image.height,
    groundTruth: of<Entry>(truth.annotations, image.id).map(({ category_id, bbox, area, iscrowd }) => ({
      classIndex: classOf.get(category_id)!,
      box: xywhToXyxy(bbox),
      isCrowd: iscrowd === 1,
      areaPixels: area,
    })),
    predictions: of<Entry>(results, image.id).map(({ category_id, bbox, score }) => ({
      classIndex: classOf.get(category_id)!,
      box: xywhToXyxy(bbox),
      confidence: score,
    })),
  }));
  const metrics = evaluateDetections(
    pictures,
    truth.categories.map(({ name }: { name: string }) => name),
  );
  expect(metrics.AP!.toFixed(5)).toBe('0.50458');
  expect(metrics.AP50!.toFixed(5)).toBe('0.69697');
  expect(metrics.AP75!.toFixed(5)).toBe('0.57298');
  // The rest as printed, to three places, by the COCO API's own demonstration on these files.
  const { APsmall, APmedium, APlarge, AR1, AR10, AR100, ARsmall, ARmedium, ARlarge } = metrics;
  const rest = [APsmall, APmedium, APlarge, AR1, AR10, AR100, ARsmall, ARmedium, ARlarge].map((v) => v!.toFixed(3));
  expect(rest.join(' ')).toBe('0.586 0.519 0.501 0.387 0.594 0.595 0.640 0.566 0.564');
});
