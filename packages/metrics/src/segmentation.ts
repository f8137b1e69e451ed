import { FoveaError } from '@fovea/annotations';
import { mean, ratio } from './ratio.js';

/** In a label map: no class. In a truth such pixels are left out; in a prediction they are missed. */
export const UNLABELLED = 255;

/** How many pixels of each class were taken for which, gathered map by map. */
export interface LabelCounts {
  /** At most 255. */
  readonly classCount: number;
  /** [truth, prediction] as rows of classCount + 1, the last column for pixels that were given no class. */
  readonly matrix: Float64Array;
  /** Pixels without a truth. */
  ignored: number;
}

/** One class: everything in [0, 1], null where undefined. */
export interface SegmentationClassMetrics {
  readonly className: string;
  /** Pixels right / pixels that are or were called so. */
  readonly IoU: number | null;
  /** 2 right / (are + were called so), also called F1. */
  readonly dice: number | null;
  /** Right / are so (recall). */
  readonly accuracy: number | null;
  /** Right / were called so. */
  readonly precision: number | null;
  readonly truthPixels: number;
  readonly predictedPixels: number;
}

/** How well pixels were told apart. Everything in [0, 1]; null where undefined, as without any labelled pixel. */
export interface SegmentationMetrics {
  /** Right pixels / labelled pixels. */
  readonly pixelAccuracy: number | null;
  /** Mean over classes that the truth has. */
  readonly meanAccuracy: number | null;
  /** Mean over classes that truth or prediction have. */
  readonly mIoU: number | null;
  /** IoU, weighted by how common a class is in the truth. */
  readonly frequencyWeightedIoU: number | null;
  /** Mean over classes that truth or prediction have. */
  readonly meanDice: number | null;
  /** In the order of the class names. */
  readonly perClass: readonly SegmentationClassMetrics[];
  /** [truth][prediction] in pixels; the last column counts those that were given no class. */
  readonly confusion: readonly (readonly number[])[];
  /** Labelled pixels. */
  readonly pixels: number;
  /** Pixels without a truth, left out. */
  readonly ignored: number;
}

/** @throws FoveaError `bad_label` unless there are 1 to 255 classes */
export function createLabelCounts(classCount: number): LabelCounts {
  if (!Number.isInteger(classCount) || classCount < 1 || classCount > UNLABELLED) {
    throw new FoveaError('bad_label', `A label map holds 1 to ${UNLABELLED} classes, not ${classCount}.`);
  }
  return { classCount, matrix: new Float64Array(classCount * (classCount + 1)), ignored: 0 };
}

/** Counts of all pairs of bytes in one map, cleared after each. */
const pairs = new Uint32Array(256 * 256);

/**
 * Adds one picture to the counts.
 *
 * @param truth class index of each pixel, {@link UNLABELLED} where unknown
 * @param prediction the same for what was found
 * @param id named in errors
 * @throws FoveaError `bad_label` for a class index that is none, `label_maps_differ` for maps of different sizes; the
 *   counts are then as before
 */
export function countLabels(counts: LabelCounts, truth: Uint8Array, prediction: Uint8Array, id = 'a picture'): void {
  if (truth.length !== prediction.length) {
    throw new FoveaError(
      'label_maps_differ',
      `The label maps of ${id} have ${truth.length} and ${prediction.length} pixels: both must be of one size.`,
      { id, truth: truth.length, prediction: prediction.length },
    );
  }
  for (let at = 0; at < truth.length; at++) pairs[(truth[at]! << 8) | prediction[at]!]!++;
  try {
    addPairs(counts, truth.length, id);
  } finally {
    pairs.fill(0);
  }
}

function addPairs(counts: LabelCounts, pixels: number, id: string): void {
  const { classCount, matrix } = counts;
  const columns = classCount + 1;
  const added = new Float64Array(matrix.length);
  let known = 0;
  for (let truth = 0; truth < classCount; truth++) {
    for (let column = 0; column < columns; column++) {
      const value = pairs[(truth << 8) | (column === classCount ? UNLABELLED : column)]!;
      added[truth * columns + column] = value;
      known += value;
    }
  }
  let ignored = 0;
  for (let found = 0; found < 256; found++) ignored += pairs[(UNLABELLED << 8) | found]!;
  if (known + ignored !== pixels) {
    const isWrong = (value: number) => value >= classCount && value !== UNLABELLED;
    const pair = pairs.findIndex(
      (count, at) => count > 0 && at >> 8 !== UNLABELLED && (isWrong(at >> 8) || isWrong(at & 255)),
    );
    const [kind, value] = isWrong(pair >> 8) ? ['truth', pair >> 8] : ['prediction', pair & 255];
    throw new FoveaError(
      'bad_label',
      `The ${kind} of ${id} has pixels of class ${value}: there are the classes 0 to ${classCount - 1}, and ${UNLABELLED} for none.`,
      { id, kind, value },
    );
  }
  for (let at = 0; at < matrix.length; at++) matrix[at]! += added[at]!;
  counts.ignored += ignored;
}

/** Adds what was counted elsewhere, by another thread for example. @throws FoveaError `bad_label` for other classes */
export function addLabelCounts(counts: LabelCounts, more: LabelCounts): void {
  if (more.classCount !== counts.classCount) {
    throw new FoveaError(
      'bad_label',
      `Counts of ${counts.classCount} and of ${more.classCount} classes do not add up.`,
    );
  }
  for (let at = 0; at < counts.matrix.length; at++) counts.matrix[at]! += more.matrix[at]!;
  counts.ignored += more.ignored;
}

/**
 * The figures of a confusion matrix of pixels (Long, Shelhamer & Darrell 2015, section 5, arXiv:1411.4038, has the
 * first four): all pictures' pixels count together, not picture by picture.
 *
 * @throws FoveaError `bad_label` when there are not as many names as classes
 */
export function evaluateSegmentation(counts: LabelCounts, classNames: readonly string[]): SegmentationMetrics {
  const { classCount, matrix, ignored } = counts;
  if (classNames.length !== classCount) {
    throw new FoveaError('bad_label', `${classCount} classes were counted, but ${classNames.length} are named.`);
  }
  const columns = classCount + 1;
  const confusion = classNames.map((_, row) => Array.from(matrix.subarray(row * columns, (row + 1) * columns)));
  const truthPixels = confusion.map((row) => row.reduce((a, b) => a + b, 0));
  const predictedPixels = classNames.map((_, column) => confusion.reduce((sum, row) => sum + row[column]!, 0));
  const pixels = truthPixels.reduce((a, b) => a + b, 0);

  const perClass = classNames.map((className, index): SegmentationClassMetrics => {
    const right = confusion[index]![index]!;
    const [are, called] = [truthPixels[index]!, predictedPixels[index]!];
    return {
      className,
      IoU: ratio(right, are + called - right),
      dice: ratio(2 * right, are + called),
      accuracy: ratio(right, are),
      precision: ratio(right, called),
      truthPixels: are,
      predictedPixels: called,
    };
  });
  const right = confusion.reduce((sum, row, index) => sum + row[index]!, 0);
  const weighted = perClass.reduce((sum, { IoU, truthPixels: weight }) => sum + (IoU ?? 0) * weight, 0);
  return {
    pixelAccuracy: ratio(right, pixels),
    meanAccuracy: mean(perClass.map(({ accuracy }) => accuracy)),
    mIoU: mean(perClass.map(({ IoU }) => IoU)),
    frequencyWeightedIoU: ratio(weighted, pixels),
    meanDice: mean(perClass.map(({ dice }) => dice)),
    perClass,
    confusion,
    pixels,
    ignored,
  };
}
