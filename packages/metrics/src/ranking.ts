import { FoveaError } from '@fovea/annotations';

/**
 * How positives and negatives separate as the threshold falls, one entry per different score from the highest on:
 * "positive" is called what scores at least the threshold.
 */
export interface Sweep {
  readonly thresholds: Float64Array;
  /** Positives called so. */
  readonly truePositives: Float64Array;
  /** Negatives called positive. */
  readonly falsePositives: Float64Array;
  readonly positives: number;
  readonly negatives: number;
}

/**
 * Ranks scores once for everything below.
 *
 * @param scores [N], not NaN; the higher, the more positive
 * @param isPositive [N], anything but 0 and false is positive
 * @throws FoveaError `bad_scores` for NaN or different lengths
 */
export function sweep(scores: ArrayLike<number>, isPositive: ArrayLike<number | boolean>): Sweep {
  const count = scores.length;
  if (isPositive.length !== count) {
    throw new FoveaError(
      'bad_scores',
      `There are ${count} scores and ${isPositive.length} truths: one each is needed.`,
    );
  }
  let positives = 0;
  for (let at = 0; at < count; at++) {
    if (Number.isNaN(scores[at])) throw new FoveaError('bad_scores', `Score ${at} is NaN.`, { at });
    if (isPositive[at]) positives++;
  }
  // Two plain sorts and a merge: far faster than sorting indices by a comparison.
  const good = new Float64Array(positives);
  const bad = new Float64Array(count - positives);
  for (let at = 0, i = 0, j = 0; at < count; at++) {
    if (isPositive[at]) good[i++] = scores[at]!;
    else bad[j++] = scores[at]!;
  }
  good.sort();
  bad.sort();

  const [thresholds, truePositives, falsePositives] = [[], [], []] as number[][];
  for (let i = good.length - 1, j = bad.length - 1; i >= 0 || j >= 0; ) {
    const threshold = Math.max(i >= 0 ? good[i]! : -Infinity, j >= 0 ? bad[j]! : -Infinity);
    while (i >= 0 && good[i] === threshold) i--;
    while (j >= 0 && bad[j] === threshold) j--;
    thresholds!.push(threshold);
    truePositives!.push(good.length - 1 - i);
    falsePositives!.push(bad.length - 1 - j);
  }
  return {
    thresholds: Float64Array.from(thresholds!),
    truePositives: Float64Array.from(truePositives!),
    falsePositives: Float64Array.from(falsePositives!),
    positives,
    negatives: bad.length,
  };
}

/** Receiver operating characteristic: from (0, 0) at an infinite threshold to (1, 1). */
export interface RocCurve {
  readonly thresholds: readonly number[];
  readonly falsePositiveRate: readonly number[];
  readonly truePositiveRate: readonly number[];
}

/** Null without a positive or without a negative. */
export function rocCurve({ thresholds, truePositives, falsePositives, positives, negatives }: Sweep): RocCurve | null {
  if (positives === 0 || negatives === 0) return null;
  return {
    thresholds: [Infinity, ...thresholds],
    falsePositiveRate: [0, ...falsePositives.map((count) => count / negatives)],
    truePositiveRate: [0, ...truePositives.map((count) => count / positives)],
  };
}

/**
 * Area under the ROC curve: the chance that a positive scores above a negative, equal scores counting half (Hanley &
 * McNeil 1982). Null without a positive or without a negative.
 */
export function rocAuc({ truePositives, falsePositives, positives, negatives }: Sweep): number | null {
  if (positives === 0 || negatives === 0) return null;
  let area = 0;
  let [tp, fp] = [0, 0];
  for (let at = 0; at < truePositives.length; at++) {
    area += (falsePositives[at]! - fp) * ((truePositives[at]! + tp) / 2);
    [tp, fp] = [truePositives[at]!, falsePositives[at]!];
  }
  return area / positives / negatives;
}

/** Precision and recall by falling threshold. */
export interface PrecisionRecallCurve {
  readonly thresholds: readonly number[];
  readonly precision: readonly number[];
  readonly recall: readonly number[];
}

/** Null without a positive. */
export function precisionRecallCurve(ranked: Sweep): PrecisionRecallCurve | null {
  const { thresholds, truePositives, falsePositives, positives } = ranked;
  if (positives === 0) return null;
  return {
    thresholds: [...thresholds],
    precision: Array.from(truePositives, (count, at) => count / (count + falsePositives[at]!)),
    recall: Array.from(truePositives, (count) => count / positives),
  };
}

/**
 * Average precision: precision at each threshold, weighted by the recall gained there, without interpolation. Null
 * without a positive.
 */
export function averagePrecisionOf({ truePositives, falsePositives, positives }: Sweep): number | null {
  if (positives === 0) return null;
  let sum = 0;
  let before = 0;
  for (let at = 0; at < truePositives.length; at++) {
    const count = truePositives[at]!;
    sum += ((count - before) * count) / (count + falsePositives[at]!);
    before = count;
  }
  return sum / positives;
}
