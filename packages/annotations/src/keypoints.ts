import type { Xywh } from './box.js';

/** Points x0, y0, v0, x1, y1, v1, … in pixels; v of a truth is 0 not labelled, 1 hidden, 2 visible. */
export type Keypoints = readonly number[];

/**
 * How far people place each of COCO's 17 key points of a person from each other, relative to its size: nose, eyes,
 * ears, shoulders, elbows, wrists, hips, knees, ankles (https://cocodataset.org/#keypoints-eval).
 */
export const COCO_SIGMAS: readonly number[] = [
  0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089,
];

/** A labelled object with key points; `areaPixels` is its own, not its box's. */
export interface KeypointTruth {
  readonly keypoints: Keypoints;
  readonly box: Xywh;
  readonly areaPixels: number;
}

/**
 * Object key point similarity, in [0, 1]: the mean over labelled points of exp(-d² / (2 area (2σ)²)), d being the
 * distance of the predicted point (https://cocodataset.org/#keypoints-eval). Where no point is labelled, d is how far a
 * point lies outside the box thrice as wide and high, for all points.
 *
 * @param predicted as many points as the truth has; their third numbers do not matter
 * @param sigmas one per point
 */
export function oks(predicted: Keypoints, truth: KeypointTruth, sigmas: readonly number[] = COCO_SIGMAS): number {
  const { keypoints, box, areaPixels } = truth;
  let labelled = 0;
  for (let at = 2; at < keypoints.length; at += 3) if (keypoints[at]! > 0) labelled++;
  const [xmin, ymin, width, height] = box;
  const outside = (value: number, min: number, size: number) =>
    Math.max(0, min - size - value) + Math.max(0, value - (min + size * 2));

  let sum = 0;
  for (let point = 0; point < sigmas.length; point++) {
    const [x, y] = [predicted[point * 3]!, predicted[point * 3 + 1]!];
    let [dx, dy] = [0, 0];
    if (labelled === 0) {
      dx = outside(x, xmin, width);
      dy = outside(y, ymin, height);
    } else if (keypoints[point * 3 + 2]! > 0) {
      dx = x - keypoints[point * 3]!;
      dy = y - keypoints[point * 3 + 1]!;
    } else continue;
    sum += Math.exp(-((dx * dx + dy * dy) / (sigmas[point]! * 2) ** 2 / (areaPixels + Number.EPSILON) / 2));
  }
  return sum / (labelled || sigmas.length);
}
