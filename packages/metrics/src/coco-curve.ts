import { IOU_THRESHOLDS, type Matches } from './coco-match.js';

/** Recall at which precision is read: 0, .01, … 1. */
export const RECALL_POINTS = 101;

/** One class over all pictures, in one area range. Rows are IoU thresholds. */
export interface Curves {
  /** [threshold][101]: the best precision at that recall or beyond; 0 where that recall is not reached. */
  readonly precision: readonly Float64Array[];
  /** [threshold]: the share of objects found in the end. */
  readonly recall: readonly number[];
}

/**
 * Precision over recall, all pictures' predictions ranked together by confidence.
 *
 * @param maxDetections of each picture, the most confident so many count
 * @returns null when there is no object to be found: nothing is defined then
 */
export function computeCurves(pictures: readonly Matches[], maxDetections: number): Curves | null {
  const objects = pictures.reduce((sum, picture) => sum + picture.objects, 0);
  if (objects === 0) return null;

  const ranked: { confidence: number; picture: Matches; at: number }[] = [];
  for (const picture of pictures) {
    for (let at = 0; at < Math.min(maxDetections, picture.confidences.length); at++) {
      ranked.push({ confidence: picture.confidences[at]!, picture, at });
    }
  }
  ranked.sort((a, b) => b.confidence - a.confidence);

  const precision: Float64Array[] = [];
  const recall: number[] = [];
  for (let t = 0; t < IOU_THRESHOLDS.length; t++) {
    let found = 0;
    let wrong = 0;
    const recalls: number[] = [];
    const precisions: number[] = [];
    for (const { picture, at } of ranked) {
      if (!picture.isIgnored[t]![at]) {
        if (picture.isMatched[t]![at]) found++;
        else wrong++;
      }
      recalls.push(found / objects);
      precisions.push(found / Math.max(1, found + wrong));
    }
    for (let i = precisions.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i]!, precisions[i + 1]!);
    precision.push(sampleAtRecalls(recalls, precisions));
    recall.push(found / objects);
  }
  return { precision, recall };
}

/** @param recalls rising */
function sampleAtRecalls(recalls: readonly number[], precisions: readonly number[]): Float64Array {
  const sampled = new Float64Array(RECALL_POINTS);
  let at = 0;
  for (let point = 0; point < RECALL_POINTS; point++) {
    // Written as a product, as the COCO API does: 35 * .01 and .35 differ in the last bit, and a point is won or lost.
    while (at < recalls.length && recalls[at]! < point * 0.01) at++;
    if (at === recalls.length) break;
    sampled[point] = precisions[at]!;
  }
  return sampled;
}
