import type { Xyxy } from '@fovea/annotations';
import type { EncodedImage, RawImage } from '../decode.js';

/** A point in pixels, and COCO's visibility: 0 not labelled, 1 labelled but hidden, 2 seen. */
export type Keypoint = readonly [x: number, y: number, visibility: number];

/** Corners x0, y0, x1, y1, … of a closed ring in pixels; an instance is the union of its rings. */
export type Ring = readonly number[];

/** The pixels of one instance inside a rectangle of its picture: `data` is [height * width], 1 belongs, 0 does not. */
export interface InstanceMask {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A box with the class it is of and whatever belongs to it; further fields of an object travel along untouched. */
export interface LabelledBox {
  readonly classIndex: number;
  readonly box: Xyxy;
  readonly difficult?: boolean;
  /** How much the box counts, 0 to 1, where pictures were mixed; absent is 1. */
  readonly weight?: number;
  /** The outline; where it is given, it says what of the box is seen. */
  readonly polygons?: readonly Ring[];
  /** Instead of an outline. Where both are given the mask counts, and the outline is dropped. */
  readonly mask?: InstanceMask;
  /** Points in the order the data set defines; a policy's `flipPairs` are indices into it. */
  readonly keypoints?: readonly Keypoint[];
}

/** A class of the whole picture and how much it counts, 0 to 1. */
export interface WeightedClass {
  readonly classIndex: number;
  readonly weight: number;
}

/** The class of a pixel nobody labelled, or that shows nothing of the picture. */
export const unlabelled = 255;

/** One picture with what is on it. */
export interface Sample {
  /** Decoded, or still in its file: then no more is decoded than is used, each time it is used. */
  readonly image: RawImage | EncodedImage;
  /** The size that annotations are given in, where `image` was decoded smaller; default is the size of `image`. */
  readonly size?: { readonly width: number; readonly height: number };
  readonly boxes?: readonly LabelledBox[];
  /** Class of each pixel at `size`, row by row; {@link unlabelled} where there is none. */
  readonly labelMap?: Uint8Array;
  /** Classes of the whole picture. */
  readonly classIndices?: readonly number[];
}

/** Where an augmented picture is written: uint8 RGB [height, width, 3] and, if wanted, classes [height, width]. */
export interface AugmentTarget {
  readonly pixels: Uint8Array;
  readonly labelMap?: Uint8Array;
}

/** What is on an augmented picture, in pixels of the canvas. */
export interface AugmentedSample {
  /** Clipped; boxes mostly outside or covered are gone. */
  readonly boxes: readonly LabelledBox[];
  /** Each class once; weights sum to more than 1 only where a picture is of several classes. */
  readonly classes: readonly WeightedClass[];
  /** How much the sample itself counts against those mixed into it by mixup or cutmix; 1 where none was. */
  readonly lambda: number;
  /** The colour change left to the training graph: 3 rows of [R, G, B, offset], out = M rgb + b on 0-255. */
  readonly colour: Float32Array;
}
