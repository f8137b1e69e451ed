import type { Xyxy } from './box.js';

/** A box drawn by a person or read from a data set: the truth, as far as anyone knows it. Pixels of its picture. */
export interface BoxAnnotation {
  readonly className: string;
  readonly box: Xyxy;
  /** A region of many objects, not one (COCO `iscrowd`): evaluation neither rewards nor punishes finds in it. */
  readonly isCrowd?: boolean;
  /** What the source said besides (`truncated`, `pose`, …), untouched. */
  readonly attributes?: Record<string, unknown>;
}

/** A box found by a model. `confidence` is a probability in [0, 1]; `classIndex` counts in the model's class list. */
export interface Detection {
  readonly className: string;
  readonly classIndex: number;
  readonly box: Xyxy;
  readonly confidence: number;
}
