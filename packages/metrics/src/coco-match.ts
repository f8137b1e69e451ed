/** IoU thresholds .50, .55, … .95, as evenly spaced doubles: what ties with one must tie with the COCO API's too. */
export const IOU_THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, index) =>
  index === 9 ? 0.95 : 0.5 + index * ((0.95 - 0.5) / 9),
);

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

/** One class in one picture, all that does not depend on the area range. P predictions, T objects. */
export interface Candidates {
  /** [P], falling. */
  readonly confidences: Float64Array;
  /** [P], square pixels. */
  readonly areas: Float64Array;
  /** [T], square pixels. */
  readonly truthAreas: Float64Array;
  /** [T]: 1 for a region of many objects, which may be matched many times. */
  readonly isCrowd: Uint8Array;
  /** [T]: 1 for what need not be found: a crowd, or an object without a labelled key point. */
  readonly isIgnored: Uint8Array;
  /** [P, T]: similarity in [0, 1]. */
  readonly overlaps: Float64Array;
}

/** What became of a prediction. */
export const FALSE = 0;
export const TRUE = 1;
/** Neither for nor against. */
export const SKIPPED = 2;

/** One class over all pictures in one area range. P predictions in the order of the pictures. */
export interface Verdicts {
  /** [threshold][P]: {@link FALSE}, {@link TRUE} or {@link SKIPPED}. */
  readonly rows: readonly Uint8Array[];
  /** Objects to be found: neither ignored nor of another size. */
  readonly objects: number;
}

/** The best `limit` of N by falling confidence, equals in their order (as everywhere here: the COCO API sorts so too). */
export function rank(confidences: ArrayLike<number>, limit = Infinity): Uint32Array {
  const order = Uint32Array.from(confidences, (_, index) => index);
  order.sort((a, b) => confidences[b]! - confidences[a]! || a - b);
  return order.length > limit ? order.slice(0, limit) : order;
}

/**
 * COCO's matching (Lin et al. 2014, arXiv:1405.0312; rules at https://cocodataset.org/#detection-eval): by falling
 * confidence, each prediction takes the free object it overlaps most, if by the threshold at least; of equals the last.
 * Objects of another size and ignored ones are matched last, and what matches them counts neither for nor against;
 * crowds may be matched many times. Unmatched predictions of another size do not count either.
 *
 * @param pictures those that have a prediction or an object of the class
 */
export function judge(pictures: readonly Candidates[], areaName: AreaName): Verdicts {
  const [minArea, maxArea] = AREA_RANGES[areaName];
  const total = pictures.reduce((sum, { confidences }) => sum + confidences.length, 0);
  const rows = IOU_THRESHOLDS.map(() => new Uint8Array(total));
  let objects = 0;
  let offset = 0;
  for (const picture of pictures) {
    const { areas, truthAreas, isIgnored } = picture;
    // Objects that count first, each kind in the order of the data set.
    const order = new Uint32Array(truthAreas.length);
    let counted = 0;
    const isOut = Uint8Array.from(truthAreas, (value, truth) =>
      isIgnored[truth] === 1 || value < minArea || value > maxArea ? 1 : 0,
    );
    for (let truth = 0; truth < order.length; truth++) if (isOut[truth] === 0) order[counted++] = truth;
    for (let truth = 0, at = counted; truth < order.length; truth++) if (isOut[truth] === 1) order[at++] = truth;
    objects += counted;

    const isTaken = new Uint8Array(order.length);
    IOU_THRESHOLDS.forEach((threshold, row) => {
      isTaken.fill(0);
      for (let prediction = 0; prediction < areas.length; prediction++) {
        let verdict = TRUE;
        let truth = best(picture, prediction, threshold, order, 0, counted, isTaken);
        if (truth < 0) {
          truth = best(picture, prediction, threshold, order, counted, order.length, isTaken);
          const size = areas[prediction]!;
          verdict = truth >= 0 || size < minArea || size > maxArea ? SKIPPED : FALSE;
        }
        if (truth >= 0) isTaken[truth] = 1;
        rows[row]![offset + prediction] = verdict;
      }
    });
    offset += areas.length;
  }
  return { rows, objects };
}

/** The free object among `order[from … to)` that the prediction overlaps most, by the threshold at least; else -1. */
function best(
  { overlaps, isCrowd }: Candidates,
  prediction: number,
  threshold: number,
  order: Uint32Array,
  from: number,
  to: number,
  isTaken: Uint8Array,
): number {
  let found = -1;
  let most = Math.min(threshold, 1 - 1e-10);
  for (let at = from; at < to; at++) {
    const truth = order[at]!;
    if (isTaken[truth] === 1 && isCrowd[truth] === 0) continue;
    const value = overlaps[prediction * order.length + truth]!;
    if (value < most) continue;
    most = value;
    found = truth;
  }
  return found;
}
