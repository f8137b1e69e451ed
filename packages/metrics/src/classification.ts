import { FoveaError } from '@fovea/annotations';
import { type Calibration, computeCalibration } from './calibration.js';
import { averagePrecisionOf, rocAuc, type Sweep, sweep } from './ranking.js';
import { mean, ratio } from './ratio.js';

/** What {@link evaluateClassification} takes. N pictures, C classes. */
export interface ClassificationEvaluation {
  /** [N, C] row by row: probabilities, each row adding up to 1. */
  readonly probabilities: ArrayLike<number>;
  /** [N]: class indices. */
  readonly labels: ArrayLike<number>;
  readonly classNames: readonly string[];
  /** Which top-k accuracies to tell; default 1 and 5. */
  readonly topK?: readonly number[];
  /** Bins of the reliability diagram; default 15. */
  readonly bins?: number;
}

/** Precision, recall and their harmonic mean, in [0, 1]; null where undefined. */
export interface PrecisionRecallF1 {
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

/** One class against all others. */
export interface ClassificationClassMetrics extends PrecisionRecallF1 {
  readonly className: string;
  /** Pictures of the class. */
  readonly support: number;
  /** Pictures taken for it. */
  readonly predicted: number;
  readonly rocAuc: number | null;
  readonly averagePrecision: number | null;
  /** For plotting, at 101 evenly spaced places; null where undefined. */
  readonly curves: ClassificationCurves | null;
}

/** Read at 0, .01, … 1. */
export interface ClassificationCurves {
  /** The best true positive rate at that false positive rate or below. */
  readonly roc: readonly number[];
  /** The best precision at that recall or beyond. */
  readonly precisionRecall: readonly number[];
}

/** How well pictures were told apart. Everything in [0, 1] unless said otherwise; null where undefined. */
export interface ClassificationMetrics {
  /** Share of pictures whose most probable class (the first of equals) is theirs. */
  readonly accuracy: number | null;
  readonly topK: readonly { readonly k: number; readonly accuracy: number | null }[];
  /** Mean recall over classes that the truth has. */
  readonly balancedAccuracy: number | null;
  /** Plain mean over classes that truth or prediction have, what is undefined for one of them counting 0. */
  readonly macro: PrecisionRecallF1;
  /** All decisions counted together: with one class per picture all three are the accuracy. */
  readonly micro: PrecisionRecallF1;
  /** Mean weighted by support, what is undefined counting 0. */
  readonly weighted: PrecisionRecallF1;
  /** Plain mean of the classes' areas under the ROC curve, each against the others, where defined. */
  readonly rocAuc: number | null;
  /** Plain mean of the classes' average precisions where defined (mAP). */
  readonly averagePrecision: number | null;
  /** Mean of -ln p(right class), p at least 2⁻⁵²; in 0 to 36. */
  readonly logLoss: number | null;
  /** Mean of Σ (p - truth)² over all classes (Brier 1950), in 0 to 2: for two classes twice the one-sided score. */
  readonly brier: number | null;
  readonly calibration: Calibration;
  /** In the order of the class names. */
  readonly perClass: readonly ClassificationClassMetrics[];
  /** [truth][prediction] in pictures. */
  readonly confusion: readonly (readonly number[])[];
  readonly pictures: number;
}

/**
 * Evaluates a classifier that gives each picture one class of several.
 *
 * @throws FoveaError `bad_evaluation_input` for lengths that do not match, labels that are no class, and rows that are
 *   not probabilities (in [0, 1], adding up to 1 within a thousandth), naming the picture
 */
export function evaluateClassification(evaluation: ClassificationEvaluation): ClassificationMetrics {
  const { probabilities, labels, classNames, topK = [1, 5], bins = 15 } = evaluation;
  checkEvaluation(evaluation);
  const [pictures, classes] = [labels.length, classNames.length];

  const confusion = classNames.map(() => new Array<number>(classes).fill(0));
  const confidences = new Float64Array(pictures);
  const isRight = new Uint8Array(pictures);
  /** [k]: pictures whose class has k others before it. */
  const before = new Float64Array(classes + 1);
  let [loss, squares] = [0, 0];
  for (let picture = 0; picture < pictures; picture++) {
    const row = picture * classes;
    const label = labels[picture]!;
    const own = probabilities[row + label]!;
    let [best, rank] = [0, 0];
    for (let index = 0; index < classes; index++) {
      const value = probabilities[row + index]!;
      if (value > probabilities[row + best]!) best = index;
      if (value > own || (value === own && index < label)) rank++;
      squares += (value - (index === label ? 1 : 0)) ** 2;
    }
    confusion[label]![best]!++;
    confidences[picture] = Math.min(1, probabilities[row + best]!);
    isRight[picture] = Number(best === label);
    before[rank]!++;
    loss -= Math.log(Math.min(Math.max(own, Number.EPSILON), 1));
  }

  const perClass = classNames.map((className, index): ClassificationClassMetrics => {
    const support = confusion[index]!.reduce((a, b) => a + b, 0);
    const predicted = confusion.reduce((sum, row) => sum + row[index]!, 0);
    const right = confusion[index]![index]!;
    const scores = Float64Array.from({ length: pictures }, (_, picture) => probabilities[picture * classes + index]!);
    const ranked = sweep(
      scores,
      Uint8Array.from({ length: pictures }, (_, picture) => Number(labels[picture] === index)),
    );
    return {
      className,
      precision: ratio(right, predicted),
      recall: ratio(right, support),
      f1: ratio(2 * right, support + predicted),
      support,
      predicted,
      rocAuc: rocAuc(ranked),
      averagePrecision: averagePrecisionOf(ranked),
      curves: traceCurves(ranked),
    };
  });

  const right = confusion.reduce((sum, row, index) => sum + row[index]!, 0);
  const accuracy = ratio(right, pictures);
  const present = perClass.filter(({ support, predicted }) => support + predicted > 0);
  return {
    accuracy,
    topK: topK.map((k) => ({
      k,
      accuracy: ratio(
        before.subarray(0, k).reduce((a, b) => a + b, 0),
        pictures,
      ),
    })),
    balancedAccuracy: mean(perClass.map(({ recall }) => recall)),
    macro: average(present, () => 1),
    micro: { precision: accuracy, recall: accuracy, f1: accuracy },
    weighted: average(present, ({ support }) => support),
    rocAuc: mean(perClass.map((row) => row.rocAuc)),
    averagePrecision: mean(perClass.map((row) => row.averagePrecision)),
    logLoss: ratio(loss, pictures),
    brier: ratio(squares, pictures),
    calibration: computeCalibration(confidences, isRight, bins),
    perClass,
    confusion,
    pictures,
  };
}

/** How far a row of probabilities may be from adding up to 1: half floats and rounded JSON stay below. */
const SUM_TOLERANCE = 1e-3;

function checkEvaluation({ probabilities, labels, classNames, topK = [] }: ClassificationEvaluation): void {
  const fail = (message: string, details: Record<string, unknown>) => {
    throw new FoveaError('bad_evaluation_input', message, details);
  };
  const classes = classNames.length;
  if (probabilities.length !== labels.length * classes) {
    fail(
      `There are ${probabilities.length} probabilities for ${labels.length} pictures and ${classes} classes, not ${labels.length * classes}.`,
      { probabilities: probabilities.length, labels: labels.length, classes },
    );
  }
  for (const k of topK) {
    if (!Number.isInteger(k) || k < 1) fail(`Top-k accuracy takes whole numbers of at least 1, not ${k}.`, { k });
  }
  for (let picture = 0; picture < labels.length; picture++) {
    const label = labels[picture]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      fail(`Picture ${picture} is of class ${label}, which is not in 0 to ${classes - 1}.`, { picture, label });
    }
    let sum = 0;
    for (let index = 0; index < classes; index++) {
      const value = probabilities[picture * classes + index]!;
      if (!(value >= 0 && value <= 1 + SUM_TOLERANCE)) {
        fail(`Picture ${picture} has the probability ${value} for class ${index}, not a number in 0 to 1.`, {
          picture,
          class: index,
        });
      }
      sum += value;
    }
    if (Math.abs(sum - 1) > SUM_TOLERANCE) {
      fail(`The probabilities of picture ${picture} add up to ${sum}, not to 1: are they logits?`, { picture, sum });
    }
  }
}

function average(
  rows: readonly ClassificationClassMetrics[],
  weigh: (row: ClassificationClassMetrics) => number,
): PrecisionRecallF1 {
  const total = rows.reduce((sum, row) => sum + weigh(row), 0);
  const of = (name: keyof PrecisionRecallF1) =>
    ratio(
      rows.reduce((sum, row) => sum + weigh(row) * (row[name] ?? 0), 0),
      total,
    );
  return { precision: of('precision'), recall: of('recall'), f1: of('f1') };
}

const CURVE_POINTS = 101;

function traceCurves({ truePositives, falsePositives, positives, negatives }: Sweep): ClassificationCurves | null {
  if (positives === 0 || negatives === 0) return null;
  const roc = new Array<number>(CURVE_POINTS).fill(0);
  const precisionRecall = new Array<number>(CURVE_POINTS).fill(0);
  const steps = CURVE_POINTS - 1;
  for (let at = 0; at < truePositives.length; at++) {
    const [tp, fp] = [truePositives[at]!, falsePositives[at]!];
    const rate = Math.ceil((fp / negatives) * steps - 1e-9);
    const recall = Math.floor((tp / positives) * steps + 1e-9);
    roc[rate] = Math.max(roc[rate]!, tp / positives);
    precisionRecall[recall] = Math.max(precisionRecall[recall]!, tp / (tp + fp));
  }
  for (let at = 1; at < CURVE_POINTS; at++) {
    roc[at] = Math.max(roc[at]!, roc[at - 1]!);
    const back = steps - at;
    precisionRecall[back] = Math.max(precisionRecall[back]!, precisionRecall[back + 1]!);
  }
  return { roc, precisionRecall };
}
