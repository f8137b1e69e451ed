import { clipBox } from '@fovea/annotations';
import { type Letterbox, unletterbox } from '@fovea/image';
import { OnnxError, type Tensor } from '@fovea/onnx';
import { decodeDetections } from '../detector/decode.js';
import type { ModelSpec } from '../spec.js';
import type { ClassProbability, ModelResult } from './result.js';

/** Choices for one call; what is left out is as the model's own file says. */
export interface PredictOptions {
  /** Least confidence of a detection. */
  readonly confidence?: number;
  /** Overlap above which the weaker of two detections of one class goes. */
  readonly iouThreshold?: number;
  readonly maxDetections?: number;
  /** Most classes a classifier answers. */
  readonly topK?: number;
  readonly signal?: AbortSignal;
}

/** A picture's own size, and where it lies in the model's input. */
export interface Placed {
  readonly width: number;
  readonly height: number;
  readonly fit: Letterbox;
}

type Answer = ModelResult extends infer R ? (R extends ModelResult ? Omit<R, 'timings'> : never) : never;

/**
 * Turns a batch's outputs into one answer per picture.
 *
 * @throws OnnxError `wrong_output` where the model gives other outputs than its spec says.
 */
export function decodeOutputs(
  spec: ModelSpec,
  outputs: Readonly<Record<string, Tensor>>,
  placed: readonly Placed[],
  options: PredictOptions,
): Answer[] {
  const count = placed.length;
  const perPicture = <T extends Float32Array | Uint8Array>(name: string, dtype: 'float32' | 'uint8', size?: number) => {
    const tensor = outputs[name];
    const length = tensor ? tensor.data.length / count : 0;
    if (tensor?.dtype !== dtype || tensor.shape[0] !== count || (size !== undefined && length !== size))
      throw new OnnxError(
        'wrong_output',
        `The model's output "${name}" should be ${dtype} for ${count} pictures` +
          `${size === undefined ? '' : ` of ${size} numbers each`}; it is ${tensor ? `${tensor.dtype} [${tensor.shape}]` : 'missing'}.`,
        { name },
      );
    return (i: number) => tensor.data.subarray(i * length, (i + 1) * length) as T;
  };
  const { classNames } = spec;
  switch (spec.task) {
    case 'classification': {
      const probabilities = perPicture<Float32Array>(spec.output.probabilities, 'float32', classNames.length);
      const most = options.topK ?? spec.postprocessing.topK;
      return placed.map(({ width, height }, i) => ({
        task: 'classification',
        width,
        height,
        classes: likeliest(probabilities(i), classNames, most),
      }));
    }
    case 'detection': {
      const boxes = perPicture<Float32Array>(spec.output.boxes, 'float32');
      const scores = perPicture<Float32Array>(spec.output.scores, 'float32');
      const limits = {
        confidence: options.confidence ?? spec.postprocessing.confidence,
        iouThreshold: options.iouThreshold ?? spec.postprocessing.iouThreshold,
        maxDetections: options.maxDetections ?? spec.postprocessing.maxDetections,
      };
      return placed.map(({ width, height, fit }, i) => ({
        task: 'detection',
        width,
        height,
        detections: decodeDetections(
          boxes(i),
          scores(i),
          classNames,
          (box) => clipBox(unletterbox(box, fit), width, height),
          limits,
        ),
      }));
    }
    case 'segmentation': {
      const { input } = spec;
      const labels = perPicture<Uint8Array>(spec.output.labels, 'uint8', input.width * input.height);
      return placed.map((picture, i) => {
        const labelMap = unplaceLabels(labels(i), input.width, input.height, picture);
        const { width, height } = picture;
        return { task: 'segmentation', width, height, labelMap, classNames, shares: sharesOf(labelMap, classNames) };
      });
    }
    case 'embedding': {
      const embedding = perPicture<Float32Array>(spec.output.embedding, 'float32', spec.dimensions);
      return placed.map(({ width, height }, i) => ({
        task: 'embedding',
        width,
        height,
        embedding: embedding(i).slice(),
      }));
    }
  }
}

function likeliest(probabilities: Float32Array, classNames: readonly string[], most: number): ClassProbability[] {
  return classNames
    .map((className, classIndex) => ({ className, classIndex, probability: probabilities[classIndex]! }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, most);
}

/**
 * A label map of the model's input as one of the picture: each pixel takes the label its middle falls on, those outside
 * the input the nearest one's.
 *
 * @param labels [inputHeight, inputWidth].
 * @returns [height, width] of the picture.
 */
export function unplaceLabels(
  labels: Uint8Array,
  inputWidth: number,
  inputHeight: number,
  { width, height, fit }: Placed,
): Uint8Array {
  const { scaleX, scaleY, left = 0, top = 0 } = fit;
  const within = (at: number, length: number) => Math.max(0, Math.min(length - 1, Math.floor(at)));
  const columns = Int32Array.from({ length: width }, (_, x) => within((x + 0.5) * scaleX + left, inputWidth));
  const map = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = within((y + 0.5) * scaleY + top, inputHeight) * inputWidth;
    for (let x = 0; x < width; x++) map[y * width + x] = labels[row + columns[x]!]!;
  }
  return map;
}

function sharesOf(labelMap: Uint8Array, classNames: readonly string[]): number[] {
  const counts = new Array<number>(256).fill(0);
  for (const label of labelMap) counts[label]!++;
  return classNames.map((_, index) => counts[index]! / Math.max(1, labelMap.length));
}
