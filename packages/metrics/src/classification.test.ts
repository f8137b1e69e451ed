import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeCalibration } from './calibration.js';
import { type ClassificationMetrics, evaluateClassification } from './classification.js';
import { averagePrecisionOf, precisionRecallCurve, rocAuc, rocCurve, sweep } from './ranking.js';
import { agrees, readRecorded } from './scores.fixture.js';

interface Recorded {
  classes: number;
  labels: number[];
  probabilities: number[];
  accuracy: number;
  balancedAccuracy: number;
  top2: number;
  confusion: number[][];
  perClass: (number | null)[][];
  means: Record<'macro' | 'micro' | 'weighted', (number | null)[]>;
  logLoss: number;
  brier: number;
  auc: (number | null)[];
  ap: (number | null)[];
  ece: number | null;
}

const names = (classes: number) => Array.from({ length: classes }, (_, index) => `c${index}`);

test("classification: scikit-learn's figures", () => {
  for (const expected of readRecorded<Recorded>('classification')) {
    const { classes, labels, probabilities } = expected;
    const metrics = evaluateClassification({ probabilities, labels, classNames: names(classes), topK: [2] });
    expect(metrics.confusion).toEqual(expected.confusion);
    const figures = (m: ClassificationMetrics) => [
      ...[m.accuracy, m.balancedAccuracy, m.topK[0]!.accuracy, m.logLoss, m.brier],
      ...m.perClass.map(({ precision }) => precision),
      ...m.perClass.map(({ recall }) => recall),
      ...m.perClass.map(({ f1 }) => f1),
      ...m.perClass.map((row) => row.rocAuc),
      ...m.perClass.map((row) => row.averagePrecision),
      ...(['macro', 'micro', 'weighted'] as const).flatMap((name) => [m[name].precision, m[name].recall, m[name].f1]),
    ];
    const { accuracy, balancedAccuracy, top2, logLoss, brier, perClass, auc, ap, means } = expected;
    const theirs = [accuracy, balancedAccuracy, top2, logLoss, brier, ...perClass.flat(), ...auc, ...ap];
    theirs.push(...means.macro, ...means.micro, ...means.weighted);
    expect([figures(metrics), theirs, agrees(figures(metrics), theirs)]).toEqual([
      expect.anything(),
      expect.anything(),
      true,
    ]);
    if (expected.ece !== null) expect(metrics.calibration.expectedError).toBeCloseTo(expected.ece, 12);
  }
});

test("ROC and precision-recall curves: scikit-learn's points and areas", () => {
  type Curves = Record<'scores' | 'truth' | 'fpr' | 'tpr' | 'thresholds' | 'precision' | 'recall', number[]>;
  for (const expected of readRecorded<Curves & { auc: number; ap: number }>('curves')) {
    const ranked = sweep(expected.scores, expected.truth);
    const roc = rocCurve(ranked)!;
    expect(roc.thresholds).toEqual([Infinity, ...expected.thresholds]);
    expect(agrees(roc.falsePositiveRate, expected.fpr) && agrees(roc.truePositiveRate, expected.tpr)).toBe(true);
    expect(rocAuc(ranked)).toBeCloseTo(expected.auc, 12);
    expect(averagePrecisionOf(ranked)).toBeCloseTo(expected.ap, 12);
    // Their curve ends at the first threshold of full recall, ours goes on to the lowest one.
    const { precision, recall } = precisionRecallCurve(ranked)!;
    const length = expected.recall.length;
    expect(agrees(precision.slice(0, length), expected.precision)).toBe(true);
    expect(agrees(recall.slice(0, length), expected.recall)).toBe(true);
  }
});

describe('by hand', () => {
  const classNames = ['ant', 'bee', 'cat'];

  test('nothing is undefined but by null', () => {
    const empty = evaluateClassification({ probabilities: [], labels: [], classNames });
    expect(empty).toMatchObject({ accuracy: null, logLoss: null, rocAuc: null, pictures: 0 });
    expect(empty.macro).toEqual({ precision: null, recall: null, f1: null });
    expect(empty.calibration.expectedError).toBeNull();
    const one = evaluateClassification({ probabilities: [0, 1, 0], labels: [0], classNames });
    expect(one.perClass).toMatchObject([
      { precision: null, recall: 0, f1: 0, support: 1, predicted: 0, rocAuc: null },
      { precision: 0, recall: null, f1: 0, support: 0, predicted: 1 },
      { precision: null, recall: null, f1: null, curves: null },
    ]);
    expect(one.logLoss).toBeCloseTo(52 * Math.LN2, 12);
    expect(one.topK).toEqual([
      { k: 1, accuracy: 0 },
      { k: 5, accuracy: 1 },
    ]);
    for (const metrics of [empty, one]) expect(JSON.stringify(metrics)).not.toMatch(/NaN|Infinity/);
  });

  test('of equally probable classes the first is taken', () => {
    const { accuracy, topK } = evaluateClassification({
      probabilities: [0.4, 0.4, 0.2, 0.4, 0.4, 0.2],
      labels: [0, 1],
      classNames,
      topK: [1, 2],
    });
    expect([accuracy, topK.map((row) => row.accuracy)]).toEqual([0.5, [0.5, 1]]);
  });

  test('perfect predictions score 1 everywhere, plotted curves included', () => {
    const labels = [0, 1, 2, 1];
    const probabilities = labels.flatMap((label) => classNames.map((_, index) => Number(index === label)));
    const metrics = evaluateClassification({ probabilities: Float32Array.from(probabilities), labels, classNames });
    expect(metrics).toMatchObject({ accuracy: 1, rocAuc: 1, averagePrecision: 1, brier: 0, weighted: { f1: 1 } });
    expect(metrics.logLoss).toBe(0);
    expect(metrics.calibration).toMatchObject({ expectedError: 0, maximumError: 0 });
    for (const { curves } of metrics.perClass) {
      expect(curves).toEqual({ roc: new Array(101).fill(1), precisionRecall: new Array(101).fill(1) });
    }
  });

  test('bins take what is above their lower end up to their upper one', () => {
    const { bins, expectedError, maximumError } = computeCalibration([0, 0.2, 0.21, 0.4, 1], [0, 1, 0, 1, 1], 5);
    expect(bins.map(({ count }) => count)).toEqual([2, 2, 0, 0, 1]);
    expect(bins[0]).toEqual({ lower: 0, upper: 0.2, count: 2, confidence: 0.1, accuracy: 0.5 });
    expect(bins[2]).toMatchObject({ confidence: null, accuracy: null });
    expect(maximumError).toBeCloseTo(0.4, 12);
    expect(expectedError).toBeCloseTo((2 * 0.4 + 2 * (0.5 - 0.305)) / 5, 12);
  });

  test.each<[Partial<Parameters<typeof evaluateClassification>[0]>, RegExp]>([
    [{ probabilities: [1, 0] }, /2 probabilities for 1 pictures and 3 classes, not 3/],
    [{ labels: [3] }, /Picture 0 is of class 3, which is not in 0 to 2/],
    [{ labels: [0.5] }, /class 0.5/],
    [{ probabilities: [2, -1, 0] }, /probability 2 for class 0/],
    [{ probabilities: [Number.NaN, 1, 0] }, /probability NaN for class 0/],
    [{ probabilities: [0.5, 0.5, 0.5] }, /add up to 1.5, not to 1: are they logits/],
    [{ topK: [0] }, /not 0/],
  ])('refused: %j', (wrong, sentence) => {
    const right = { probabilities: [1, 0, 0], labels: [0], classNames };
    const run = () => evaluateClassification({ ...right, ...wrong });
    expect(run).toThrow(expect.objectContaining({ code: 'bad_evaluation_input' }));
    expect(run).toThrow(sentence);
  });

  test('scores and truths that do not fit', () => {
    expect(() => sweep([1, Number.NaN], [0, 1])).toThrow(/Score 1 is NaN/);
    expect(() => sweep([1], [0, 1])).toThrow(/1 scores and 2 truths/);
    expect(() => computeCalibration([1.5], [1])).toThrow(/Confidence 0 is 1.5/);
    expect(rocAuc(sweep([1, 2], [1, 1]))).toBeNull();
    expect(rocCurve(sweep([], []))).toBeNull();
    expect(averagePrecisionOf(sweep([1], [0]))).toBeNull();
  });
});

test('turning scores round turns the area round, and any rising change of them leaves it', () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.boolean()), { maxLength: 30 });
  fc.assert(
    fc.property(pairs, (list) => {
      const truth = list.map(([, isPositive]) => isPositive);
      const areaOf = (change: (score: number) => number) =>
        rocAuc(
          sweep(
            list.map(([score]) => change(score)),
            truth,
          ),
        );
      const area = areaOf((score) => score);
      if (area === null) return;
      expect(areaOf((score) => -score)!).toBeCloseTo(1 - area, 12);
      expect(areaOf((score) => Math.exp(score))).toBe(area);
    }),
  );
});
