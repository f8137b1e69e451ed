import type { Detection } from '@fovea/annotations';
import type { Task } from '../network.js';

/** How long each part of a prediction took, per picture. */
export interface Timings {
  readonly preprocessMs: number;
  readonly inferenceMs: number;
  readonly postprocessMs: number;
}

interface ResultOf<T extends Task> {
  readonly task: T;
  /** Size of the upright picture. */
  readonly width: number;
  readonly height: number;
  readonly timings: Timings;
}

/** A class a picture may be of. */
export interface ClassProbability {
  readonly className: string;
  readonly classIndex: number;
  /** In [0, 1]; those of all classes add up to 1. */
  readonly probability: number;
}

/** What a classifier says of a picture. */
export interface ClassificationResult extends ResultOf<'classification'> {
  /** The likeliest classes, best first. */
  readonly classes: readonly ClassProbability[];
}

/** What a detector says of a picture. */
export interface DetectionResult extends ResultOf<'detection'> {
  /** In the picture's own pixels, by descending confidence. */
  readonly detections: Detection[];
}

/** What a segmenter says of a picture. */
export interface SegmentationResult extends ResultOf<'segmentation'> {
  /** The class of each pixel of the picture, [height, width] row by row. */
  readonly labelMap: Uint8Array;
  /** Classes by their number in `labelMap`. */
  readonly classNames: readonly string[];
  /** The part of the picture's pixels each class has, by its number; they add up to 1. */
  readonly shares: readonly number[];
}

/** What an embedder makes of a picture. */
export interface EmbeddingResult extends ResultOf<'embedding'> {
  /** Of length 1: the inner product of two is their cosine. */
  readonly embedding: Float32Array;
}

/** What a model says of one picture, by task. */
export type ModelResult = ClassificationResult | DetectionResult | SegmentationResult | EmbeddingResult;
