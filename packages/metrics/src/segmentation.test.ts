import { describe, expect, test } from 'vitest';
import { agrees, readRecorded } from './scores.fixture.js';
import { addLabelCounts, countLabels, createLabelCounts, evaluateSegmentation } from './segmentation.js';

interface Recorded {
  classes: number;
  maps: [number[], number[]][];
  confusion: number[][];
  pixelAccuracy: number;
  meanAccuracy: number;
  mIoU: number;
  meanDice: number;
  frequencyWeightedIoU: number;
  IoU: (number | null)[];
}

const names = (classes: number) => Array.from({ length: classes }, (_, index) => `c${index}`);

test("scikit-learn's figures, whether counted together or apart", () => {
  for (const expected of readRecorded<Recorded>('segmentation')) {
    const counts = createLabelCounts(expected.classes);
    const apart = createLabelCounts(expected.classes);
    for (const [truth, prediction] of expected.maps) {
      countLabels(counts, Uint8Array.from(truth), Uint8Array.from(prediction));
      const one = createLabelCounts(expected.classes);
      countLabels(one, Uint8Array.from(truth), Uint8Array.from(prediction));
      addLabelCounts(apart, one);
    }
    const metrics = evaluateSegmentation(counts, names(expected.classes));
    expect(evaluateSegmentation(apart, names(expected.classes))).toEqual(metrics);
    expect(metrics.confusion).toEqual(expected.confusion.map((row) => [...row, 0]));
    const { pixelAccuracy, meanAccuracy, mIoU, meanDice, frequencyWeightedIoU } = metrics;
    const own = [
      pixelAccuracy,
      meanAccuracy,
      mIoU,
      meanDice,
      frequencyWeightedIoU,
      ...metrics.perClass.map((c) => c.IoU),
    ];
    const { IoU, ...e } = expected;
    const theirs = [e.pixelAccuracy, e.meanAccuracy, e.mIoU, e.meanDice, e.frequencyWeightedIoU, ...IoU];
    expect([own, theirs, agrees(own, theirs)]).toEqual([expect.anything(), expect.anything(), true]);
    expect(metrics.ignored).toBe(expected.maps.flatMap(([truth]) => truth).filter((label) => label === 255).length);
  }
});

describe('by hand', () => {
  test('pixels that were given no class are missed, those without a truth left out', () => {
    const counts = createLabelCounts(3);
    countLabels(counts, Uint8Array.of(0, 0, 0, 1, 255, 255), Uint8Array.of(0, 0, 255, 0, 1, 200));
    const metrics = evaluateSegmentation(counts, ['sky', 'road', 'tree']);
    expect(metrics).toMatchObject({ pixels: 4, ignored: 2, pixelAccuracy: 0.5, mIoU: 0.25, meanAccuracy: 1 / 3 });
    expect(metrics.confusion[0]).toEqual([2, 0, 0, 1]);
    expect(metrics.perClass[0]).toEqual({
      className: 'sky',
      IoU: 0.5,
      dice: 4 / 6,
      accuracy: 2 / 3,
      precision: 2 / 3,
      truthPixels: 3,
      predictedPixels: 3,
    });
    expect(metrics.perClass[2]).toMatchObject({ IoU: null, dice: null, accuracy: null, precision: null });
  });

  test('nothing counted: null, not NaN', () => {
    const metrics = evaluateSegmentation(createLabelCounts(1), ['sky']);
    expect(metrics).toMatchObject({ pixelAccuracy: null, mIoU: null, meanDice: null, frequencyWeightedIoU: null });
  });

  test('what does not fit is refused, and changes nothing', () => {
    const counts = createLabelCounts(2);
    const count = (truth: number[], found: number[]) =>
      countLabels(counts, Uint8Array.from(truth), Uint8Array.from(found), 'p.png');
    expect(() => count([0, 1, 1], [0, 1])).toThrow(/p\.png have 3 and 2 pixels/);
    expect(() => count([0, 7], [0, 1])).toThrow(/truth of p\.png has pixels of class 7: there are the classes 0 to 1/);
    expect(() => count([0, 1], [0, 2])).toThrow(/prediction of p\.png has pixels of class 2/);
    expect(counts.matrix.every((value) => value === 0)).toBe(true);
    count([0], [1]);
    expect([...counts.matrix]).toEqual([0, 1, 0, 0, 0, 0]);
    expect(() => createLabelCounts(256)).toThrow(/1 to 255 classes/);
    expect(() => evaluateSegmentation(counts, ['one'])).toThrow(/2 classes were counted, but 1/);
    expect(() => addLabelCounts(counts, createLabelCounts(3))).toThrow(/2 and of 3 classes/);
  });
});
