import { FoveaError } from '@fovea/annotations';

/** One bar of a reliability diagram: predictions whose confidence lies in (lower, upper], the first from 0 on. */
export interface CalibrationBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Mean confidence; null where the bin is empty. */
  readonly confidence: number | null;
  /** Share of right predictions; null where the bin is empty. */
  readonly accuracy: number | null;
}

/** Whether confidence can be taken at its word. */
export interface Calibration {
  /** Expected calibration error: mean gap between confidence and accuracy over bins, by their count. Null without any. */
  readonly expectedError: number | null;
  /** The largest gap of a bin. */
  readonly maximumError: number | null;
  readonly bins: readonly CalibrationBin[];
}

/**
 * Expected calibration error over bins of equal width (Naeini et al. 2015; Guo et al. 2017, eq. 3, arXiv:1706.04599).
 *
 * @param confidences [N] in [0, 1]
 * @param isRight [N]
 * @throws FoveaError `bad_scores` for numbers outside [0, 1], different lengths or no bins
 */
export function computeCalibration(
  confidences: ArrayLike<number>,
  isRight: ArrayLike<number | boolean>,
  binCount = 15,
): Calibration {
  if (!Number.isInteger(binCount) || binCount < 1 || binCount > 10_000) {
    throw new FoveaError('bad_scores', `There can be 1 to 10000 bins, not ${binCount}.`);
  }
  if (isRight.length !== confidences.length) {
    throw new FoveaError('bad_scores', `There are ${confidences.length} confidences and ${isRight.length} truths.`);
  }
  const counts = new Float64Array(binCount);
  const sums = new Float64Array(binCount);
  const rights = new Float64Array(binCount);
  for (let at = 0; at < confidences.length; at++) {
    const confidence = confidences[at]!;
    if (!(confidence >= 0 && confidence <= 1)) {
      throw new FoveaError('bad_scores', `Confidence ${at} is ${confidence}, not a number in 0 to 1.`, { at });
    }
    const bin = binOf(confidence, binCount);
    counts[bin]!++;
    sums[bin]! += confidence;
    if (isRight[at]) rights[bin]!++;
  }
  const bins = Array.from(
    counts,
    (count, bin): CalibrationBin => ({
      lower: bin / binCount,
      upper: (bin + 1) / binCount,
      count,
      confidence: count > 0 ? sums[bin]! / count : null,
      accuracy: count > 0 ? rights[bin]! / count : null,
    }),
  );
  const filled = bins.filter(({ count }) => count > 0);
  const gaps = filled.map(({ confidence, accuracy }) => Math.abs(confidence! - accuracy!));
  const weighted = filled.reduce((sum, { count }, at) => sum + count * gaps[at]!, 0);
  return {
    expectedError: filled.length > 0 ? weighted / confidences.length : null,
    maximumError: filled.length > 0 ? Math.max(...gaps) : null,
    bins,
  };
}

/** The bin with lower < value <= upper; a guess is put right where rounding misled it. */
function binOf(value: number, binCount: number): number {
  let bin = Math.min(Math.max(Math.ceil(value * binCount) - 1, 0), binCount - 1);
  if (bin > 0 && value <= bin / binCount) bin--;
  else if (bin < binCount - 1 && value > (bin + 1) / binCount) bin++;
  return bin;
}
