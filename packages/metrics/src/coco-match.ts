import { area, intersection, type Xyxy } from '@fovea/annotations';
import type { EvalPrediction, EvalTruth } from './detection-input.js';

/** IoU thresholds .50, .55, … .95. */
export const IOU_THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, index) => 0.5 + index * 0.05);

/** The most predictions of one class in one picture that count. */
export const MAX_DETECTIONS = 100;

/** Sizes of objects, by area in square pixels, both ends included. */
export const AREA_RANGES = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
} as const satisfies Record<string, readonly [number, number]>;

export type AreaName = keyof typeof AREA_RANGES;

/** One class in one picture, everything that does not depend on the area range: by falling confidence. */
export interface Candidates {
  readonly truths: readonly EvalTruth[];
  readonly truthAreas: readonly number[];
  readonly predictions: readonly EvalPrediction[];
  /** [prediction][truth]; against a crowd, the share of the prediction that lies in it. */
  readonly overlaps: readonly (readonly number[])[];
}

/** How one class in one picture fares in one area range. Rows are IoU thresholds, columns the predictions. */
export interface Matches {
  readonly confidences: readonly number[];
  readonly isMatched: readonly Uint8Array[];
  readonly isIgnored: readonly Uint8Array[];
  /** Objects to be found: neither crowds nor of another size. */
  readonly objects: number;
}

/** Sorts, cuts to the best hundred, and measures overlaps once for all thresholds and sizes. */
export function prepareCandidates(truths: readonly EvalTruth[], predictions: readonly EvalPrediction[]): Candidates {
  const best = predictions.toSorted((a, b) => b.confidence - a.confidence).slice(0, MAX_DETECTIONS);
  return {
    truths,
    truthAreas: truths.map(({ areaPixels, box }) => areaPixels ?? area(box)),
    predictions: best,
    overlaps: best.map(({ box }) => truths.map((truth) => overlap(box, truth))),
  };
}

function overlap(box: Xyxy, truth: EvalTruth): number {
  const common = area(intersection(box, truth.box));
  if (common === 0) return 0;
  return common / (truth.isCrowd ? area(box) : area(box) + area(truth.box) - common);
}

/**
 * COCO's matching (Lin et al. 2014, arXiv:1405.0312; rules at https://cocodataset.org/#detection-eval): by falling
 * confidence, each prediction takes the free object it overlaps most, if by the threshold at least. Objects of another
 * size and crowds are matched last, and what matches them counts neither for nor against; crowds may be matched many
 * times. Unmatched predictions of another size do not count either.
 */
export function matchCandidates(candidates: Candidates, areaName: AreaName): Matches {
  const { truths, truthAreas, predictions, overlaps } = candidates;
  const [minArea, maxArea] = AREA_RANGES[areaName];
  const isOtherSize = (value: number) => value < minArea || value > maxArea;
  const ignoreTruth = truths.map((truth, index) => Boolean(truth.isCrowd) || isOtherSize(truthAreas[index]!));
  const counted = truths.flatMap((_, index) => (ignoreTruth[index] ? [] : [index]));
  const ignored = truths.flatMap((_, index) => (ignoreTruth[index] ? [index] : []));
  const isPredictionOther = predictions.map(({ box }) => isOtherSize(area(box)));

  const isMatched: Uint8Array[] = [];
  const isIgnored: Uint8Array[] = [];
  for (const threshold of IOU_THRESHOLDS) {
    const matched = new Uint8Array(predictions.length);
    const skipped = new Uint8Array(predictions.length);
    const isTaken = new Uint8Array(truths.length);
    for (let p = 0; p < predictions.length; p++) {
      const best = (among: readonly number[]) => {
        let found = -1;
        let most = Math.min(threshold, 1 - 1e-10);
        for (const t of among) {
          if (isTaken[t] && !truths[t]!.isCrowd) continue;
          const value = overlaps[p]![t]!;
          if (value >= most) {
            most = value;
            found = t;
          }
        }
        return found;
      };
      let taken = best(counted);
      if (taken < 0) {
        taken = best(ignored);
        skipped[p] = taken >= 0 || isPredictionOther[p] ? 1 : 0;
      }
      if (taken >= 0) {
        matched[p] = 1;
        isTaken[taken] = 1;
      }
    }
    isMatched.push(matched);
    isIgnored.push(skipped);
  }
  return {
    confidences: predictions.map(({ confidence }) => confidence),
    isMatched,
    isIgnored,
    objects: counted.length,
  };
}
