import type { Xyxy } from './box.js';
import type { CocoRle } from './coco-rle.js';
import type { Polygon } from './polygon.js';

/** A box turned about its middle, in pixels; `angle` in radians, clockwise as seen (y points down), in (-pi, pi]. */
export interface RotatedBox {
  readonly center: readonly [x: number, y: number];
  readonly width: number;
  readonly height: number;
  readonly angle: number;
}

/** What is known of an object's shape beyond the box around it; each may be missing. Pixels of its picture. */
export interface ObjectShape {
  /** Outlines of the object's parts: it is all that any of them encloses. */
  readonly polygons?: readonly Polygon[];
  /** Outlines cut out of `polygons`. */
  readonly holes?: readonly Polygon[];
  /** Its pixels, where no outline says them; `counts` packed into a string. Not together with `polygons`. */
  readonly mask?: CocoRle;
  readonly rotatedBox?: RotatedBox;
  /** x, y, v for each of the class's key points, in their order; v as COCO has it: 0 not labelled (x and y 0), 1 hidden, 2 seen. */
  readonly keypoints?: readonly number[];
}

/**
 * An object marked by a person or read from a data set: the truth, as far as anyone knows it. The box is always there,
 * around all of its shape. Pixels of its picture.
 */
export interface BoxAnnotation extends ObjectShape {
  readonly className: string;
  readonly box: Xyxy;
  /** A region of many objects, not one (COCO `iscrowd`): evaluation neither rewards nor punishes finds in it. */
  readonly isCrowd?: boolean;
  /** The same object in other pictures of the same sequence has the same id. */
  readonly trackId?: string;
  /** What the source said besides (`truncated`, `pose`, …), untouched. */
  readonly attributes?: Record<string, unknown>;
}

/** The key points of a class: their names in order, and which are joined by a line, as pairs of indices from 0. */
export interface Skeleton {
  readonly names: readonly string[];
  readonly edges: readonly (readonly [from: number, to: number])[];
}

/** A box found by a model. `confidence` is a probability in [0, 1]; `classIndex` counts in the model's class list. */
export interface Detection {
  readonly className: string;
  readonly classIndex: number;
  readonly box: Xyxy;
  readonly confidence: number;
}
