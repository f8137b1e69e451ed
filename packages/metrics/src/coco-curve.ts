import {
  type AreaName,
  type Candidates,
  IOU_THRESHOLDS,
  judge,
  rank,
  SKIPPED,
  TRUE,
  type Verdicts,
} from './coco-match.js';
import { mean } from './ratio.js';

/** Recall at which precision is read: 0, .01, … 1. */
export const RECALL_POINTS = 101;

/** One class over all pictures, in one area range. Rows are IoU thresholds. */
export interface Curves {
  /** [threshold][101]: the best precision at that recall or beyond; 0 where that recall is not reached. */
  readonly precision: readonly Float64Array[];
  /** [threshold]: the share of objects found in the end. */
  readonly recall: readonly number[];
}

/** The curves of one class: `curve(area, n)` with at most the n most confident predictions of each picture. */
export interface ClassCurves {
  /** Null when there is no object of that size to be found: nothing is defined then. */
  curve(areaName: AreaName, maxDetections: number): Curves | null;
  /** Objects to be found of that size. */
  objects(areaName: AreaName): number;
}

/**
 * Precision over recall of one class, all pictures' predictions ranked together by confidence, equals in the order of
 * the pictures.
 *
 * @param pictures those that have a prediction or an object of the class
 */
export function computeClassCurves(pictures: readonly Candidates[]): ClassCurves {
  const confidences = Float64Array.from(pictures.flatMap((picture) => [...picture.confidences]));
  const order = rank(confidences);
  const places = Uint32Array.from(pictures.flatMap((picture) => Array.from(picture.confidences, (_, place) => place)));
  const known = new Map<AreaName, Verdicts>();
  const verdicts = (areaName: AreaName) => {
    const judged = known.get(areaName) ?? judge(pictures, areaName);
    known.set(areaName, judged);
    return judged;
  };
  return {
    objects: (areaName) => verdicts(areaName).objects,
    curve: (areaName, maxDetections) => {
      const { rows, objects } = verdicts(areaName);
      if (objects === 0) return null;
      const counted = order.filter((prediction) => places[prediction]! < maxDetections);
      const found = rows.map((row) => traceRow(row, counted, objects));
      return { precision: found.map(({ precision }) => precision), recall: found.map(({ recall }) => recall) };
    },
  };
}

function traceRow(row: Uint8Array, order: Uint32Array, objects: number): { precision: Float64Array; recall: number } {
  // Recall rises, and precision peaks, at true finds alone, so it is enough to look there.
  const peaks = new Float64Array(Math.min(order.length, objects));
  let found = 0;
  let seen = 0;
  for (const prediction of order) {
    if (row[prediction] === SKIPPED) continue;
    seen++;
    if (row[prediction] === TRUE) {
      found++;
      peaks[found - 1] = found / seen;
    }
  }
  for (let at = found - 2; at >= 0; at--) if (peaks[at + 1]! > peaks[at]!) peaks[at] = peaks[at + 1]!;

  const precision = new Float64Array(RECALL_POINTS);
  let at = 0;
  for (let point = 0; point < RECALL_POINTS; point++) {
    // Written as a product, as the COCO API does: 35 * .01 and .35 differ in the last bit, and a point is won or lost.
    while (at < found && (at + 1) / objects < point * 0.01) at++;
    if (at >= found) break;
    precision[point] = peaks[at]!;
  }
  return { precision, recall: found / objects };
}

/** Mean over classes, thresholds and recalls; null where no class has an object. @param row one threshold */
export function averagePrecision(curves: readonly (Curves | null)[], row?: number): number | null {
  return mean(
    curves.map((curve) => {
      if (!curve) return null;
      const rows = row === undefined ? curve.precision : [curve.precision[row]!];
      return rows.reduce((sum, values) => sum + values.reduce((a, b) => a + b, 0), 0) / (rows.length * RECALL_POINTS);
    }),
  );
}

/** Mean over classes and thresholds; null where no class has an object. @param row one threshold */
export function averageRecall(curves: readonly (Curves | null)[], row?: number): number | null {
  return mean(curves.map((curve) => curve && (row === undefined ? mean(curve.recall) : curve.recall[row]!)));
}

/** The row of IoU threshold .50, and of .75. */
export const AP50_ROW = 0;
export const AP75_ROW = IOU_THRESHOLDS.length / 2;
