import { FoveaError } from '@fovea/annotations';

/** Of pairs: how many of the same are accepted where so many of different ones are. */
export interface TarAtFar {
  /** False accept rate asked for. */
  readonly far: number;
  /** True accept rate at the lowest threshold with no more false accepts; null where fewer than 1 / far could tell. */
  readonly tar: number | null;
  /** Accept from this similarity on; null where nothing can be accepted. */
  readonly threshold: number | null;
}

/** How well pairs of the same are told from pairs of different ones. Null where one of both kinds is missing. */
export interface VerificationMetrics {
  readonly tarAtFar: readonly TarAtFar[];
  /** Equal error rate: where as large a share is falsely accepted as falsely rejected, between thresholds on a line. */
  readonly eer: number | null;
  /** The similarity nearest to it. */
  readonly eerThreshold: number | null;
  /** Area under the ROC curve. */
  readonly rocAuc: number | null;
  /** For plotting, at false accept rates of ten a decade from 1 down to what the pairs can tell; null where undefined. */
  readonly roc: { readonly far: readonly number[]; readonly tar: readonly number[] } | null;
  /** Pairs of the same. */
  readonly genuine: number;
  /** Pairs of different ones. */
  readonly impostors: number;
}

/**
 * Similarities of genuine pairs, and impostor pairs only as counts between and at them: the ROC curve bends nowhere
 * else, so that is all of it, and memory does not grow with the impostors.
 */
export interface PairTally {
  /** Different similarities of genuine pairs, rising: [K]. */
  readonly values: Float64Array;
  /** [K]: genuine pairs of that similarity. */
  readonly genuine: Float64Array;
  /** [K]: impostor pairs of that very similarity. */
  readonly equal: Float64Array;
  /** [K + 1]: impostor pairs below the first, between the first two, … above the last. */
  readonly between: Float64Array;
}

/** @param genuine similarities of pairs of the same, not NaN; sorted in place */
export function createPairTally(genuine: Float64Array): PairTally {
  genuine.sort();
  const values: number[] = [];
  const counts: number[] = [];
  for (const value of genuine) {
    if (value === values.at(-1)) counts[counts.length - 1]!++;
    else {
      values.push(value);
      counts.push(1);
    }
  }
  return {
    values: Float64Array.from(values),
    genuine: Float64Array.from(counts),
    equal: new Float64Array(values.length),
    between: new Float64Array(values.length + 1),
  };
}

/** Counts one pair of different ones. */
export function countImpostor({ values, equal, between }: PairTally, similarity: number): void {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < similarity) low = middle + 1;
    else high = middle;
  }
  if (low < values.length && values[low] === similarity) equal[low]!++;
  else between[low]!++;
}

/** False accept rates told by default. */
export const DEFAULT_FARS: readonly number[] = [1e-1, 1e-2, 1e-3, 1e-4];

/**
 * Evaluates given pairs, such as a protocol's list.
 *
 * @param similarities [N], not NaN; the higher, the more alike
 * @param isSame [N], anything but 0 and false is the same
 * @throws FoveaError `bad_scores` for NaN or different lengths, `bad_far` for rates outside (0, 1]
 */
export function evaluateVerification(
  similarities: ArrayLike<number>,
  isSame: ArrayLike<number | boolean>,
  fars: readonly number[] = DEFAULT_FARS,
): VerificationMetrics {
  if (similarities.length !== isSame.length) {
    throw new FoveaError('bad_scores', `There are ${similarities.length} similarities and ${isSame.length} truths.`);
  }
  const genuine: number[] = [];
  for (let at = 0; at < similarities.length; at++) {
    if (Number.isNaN(similarities[at])) throw new FoveaError('bad_scores', `Similarity ${at} is NaN.`, { at });
    if (isSame[at]) genuine.push(similarities[at]!);
  }
  const tally = createPairTally(Float64Array.from(genuine));
  for (let at = 0; at < similarities.length; at++) if (!isSame[at]) countImpostor(tally, similarities[at]!);
  return measureTally(tally, fars);
}

/** The figures of a tally. @throws FoveaError `bad_far` for rates outside (0, 1] */
export function measureTally(tally: PairTally, fars: readonly number[]): VerificationMetrics {
  for (const far of fars) {
    if (far > 0 && far <= 1) continue;
    throw new FoveaError('bad_far', `A false accept rate is above 0 and at most 1; ${far} is not.`, { far });
  }
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  const genuine = sum(tally.genuine);
  const impostors = sum(tally.equal) + sum(tally.between);
  const none = { eer: null, eerThreshold: null, rocAuc: null, roc: null };
  if (genuine === 0 || impostors === 0) {
    return { tarAtFar: fars.map((far) => ({ far, tar: null, threshold: null })), ...none, genuine, impostors };
  }
  const steps = climb(tally);
  const decades = Math.floor(Math.log10(impostors) * 10 + 1e-9);
  const plotted = Array.from({ length: decades + 1 }, (_, at) => 10 ** (-at / 10));
  return {
    tarAtFar: fars.map((far) => tarAt(steps, far, genuine, impostors)),
    ...equalError(steps, genuine, impostors),
    rocAuc: steps.area / genuine / impostors,
    roc: { far: plotted, tar: plotted.map((far) => tarAt(steps, far, genuine, impostors).tar ?? 0) },
    genuine,
    impostors,
  };
}

/** The ROC curve in counts, by falling threshold: step k accepts what is at least `thresholds[k]`. */
interface Steps {
  readonly thresholds: Float64Array;
  readonly accepted: Float64Array;
  readonly falselyAccepted: Float64Array;
  /** Impostors accepted on the way from step k - 1 down to above step k. */
  readonly falselyBefore: Float64Array;
  /** Under the whole curve, in pairs of pairs. */
  readonly area: number;
}

function climb({ values, genuine, equal, between }: PairTally): Steps {
  const count = values.length;
  const [accepted, falselyAccepted, falselyBefore] = [0, 1, 2].map(() => new Float64Array(count)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let [right, wrong, area] = [0, 0, 0];
  for (let step = 0, at = count - 1; at >= 0; step++, at--) {
    area += right * between[at + 1]!;
    wrong += between[at + 1]!;
    falselyBefore[step] = wrong;
    area += equal[at]! * (right + genuine[at]! / 2);
    wrong += equal[at]!;
    right += genuine[at]!;
    accepted[step] = right;
    falselyAccepted[step] = wrong;
  }
  area += right * between[0]!;
  return { thresholds: values.toReversed(), accepted, falselyAccepted, falselyBefore, area };
}

function tarAt(steps: Steps, far: number, genuine: number, impostors: number): TarAtFar {
  // A hair of slack: .001 * 3000 is not quite 3 in doubles.
  const allowed = far * impostors * (1 + 1e-12);
  if (allowed < 1) return { far, tar: null, threshold: null };
  let [low, high] = [0, steps.thresholds.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (steps.falselyAccepted[middle]! <= allowed) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return { far, tar: 0, threshold: null };
  return { far, tar: steps.accepted[low - 1]! / genuine, threshold: steps.thresholds[low - 1]! };
}

/** Walks the curve to where false accepts overtake false rejects, which happens on a flat piece or on a slope. */
function equalError(
  { thresholds, accepted, falselyAccepted, falselyBefore }: Steps,
  genuine: number,
  impostors: number,
): { eer: number; eerThreshold: number } {
  let missed = 1;
  for (let step = 0; step < thresholds.length; step++) {
    const eerThreshold = thresholds[step]!;
    const before = falselyBefore[step]! / impostors;
    if (before >= missed) return { eer: missed, eerThreshold };
    const [after, left] = [falselyAccepted[step]! / impostors, 1 - accepted[step]! / genuine];
    if (after >= left) {
      // Where the line from (before, missed) to (after, left) has equal coordinates.
      const share = (missed - before) / (missed - before + after - left);
      return { eer: before + share * (after - before), eerThreshold };
    }
    missed = left;
  }
  throw new Error('internal: the last step accepts all genuine pairs, so the rates must have met');
}
