import { area, intersection, iou } from '@fovea/annotations';
import type { EvalPicture } from './detection-input.js';

/** What was taken for what, at one confidence. */
export interface Confusion {
  readonly confidence: number;
  readonly iou: number;
  /**
   * [truth][prediction], square, one more than there are classes: the last row is predictions of nothing there, the
   * last column objects that were missed.
   */
  readonly matrix: number[][];
  /** Predictions of an object with its class. */
  readonly truePositives: number;
  /** Predictions of nothing there, or of the wrong class. */
  readonly falsePositives: number;
  /** Objects missed, or taken for another class. */
  readonly falseNegatives: number;
  /** Null where there is no prediction. */
  readonly precision: number | null;
  /** Null where there is no object. */
  readonly recall: number | null;
  /** Harmonic mean of the two; null where either is. */
  readonly f1: number | null;
}

/**
 * Pairs objects and predictions of any class one to one, best overlap first, and counts the pairs of classes.
 * Crowds, and what lies mostly inside one of its class, are left out.
 *
 * @param confidence predictions below it are left out
 * @param iouThreshold the least overlap of a pair
 */
export function computeConfusion(
  pictures: readonly EvalPicture[],
  classCount: number,
  confidence = 0.25,
  iouThreshold = 0.5,
): Confusion {
  const matrix = Array.from({ length: classCount + 1 }, () => new Array<number>(classCount + 1).fill(0));
  for (const picture of pictures) countPicture(matrix, picture, confidence, iouThreshold);

  let predicted = 0;
  let objects = 0;
  let truePositives = 0;
  for (let truth = 0; truth <= classCount; truth++) {
    for (let found = 0; found <= classCount; found++) {
      const count = matrix[truth]![found]!;
      if (found < classCount) predicted += count;
      if (truth < classCount) objects += count;
      if (truth === found) truePositives += count;
    }
  }
  const precision = predicted > 0 ? truePositives / predicted : null;
  const recall = objects > 0 ? truePositives / objects : null;
  return {
    confidence,
    iou: iouThreshold,
    matrix,
    truePositives,
    falsePositives: predicted - truePositives,
    falseNegatives: objects - truePositives,
    precision,
    recall,
    f1: precision === null || recall === null ? null : (2 * truePositives) / (predicted + objects),
  };
}

function countPicture(matrix: number[][], picture: EvalPicture, confidence: number, iouThreshold: number): void {
  const background = matrix.length - 1;
  const truths = picture.groundTruth.filter(({ isCrowd }) => !isCrowd);
  const crowds = picture.groundTruth.filter(({ isCrowd }) => isCrowd);
  const predictions = picture.predictions.filter((prediction) => prediction.confidence >= confidence);

  const pairs: { truth: number; prediction: number; overlap: number }[] = [];
  predictions.forEach((found, prediction) => {
    truths.forEach(({ box }, truth) => {
      const overlap = iou(found.box, box);
      if (overlap >= iouThreshold) pairs.push({ truth, prediction, overlap });
    });
  });
  const isRight = (pair: (typeof pairs)[number]) =>
    Number(truths[pair.truth]!.classIndex === predictions[pair.prediction]!.classIndex);
  pairs.sort(
    (a, b) =>
      b.overlap - a.overlap ||
      isRight(b) - isRight(a) ||
      predictions[b.prediction]!.confidence - predictions[a.prediction]!.confidence,
  );

  const isTruthTaken = new Set<number>();
  const isPredictionTaken = new Set<number>();
  const count = (truth: number, found: number) => {
    matrix[truth]![found]!++;
  };
  for (const { truth, prediction } of pairs) {
    if (isTruthTaken.has(truth) || isPredictionTaken.has(prediction)) continue;
    isTruthTaken.add(truth);
    isPredictionTaken.add(prediction);
    count(truths[truth]!.classIndex, predictions[prediction]!.classIndex);
  }
  truths.forEach(({ classIndex }, truth) => {
    if (!isTruthTaken.has(truth)) count(classIndex, background);
  });
  predictions.forEach(({ classIndex, box }, prediction) => {
    if (isPredictionTaken.has(prediction)) return;
    const isInCrowd = crowds.some(
      (crowd) => crowd.classIndex === classIndex && area(intersection(box, crowd.box)) >= iouThreshold * area(box),
    );
    if (!isInCrowd) count(background, classIndex);
  });
}
