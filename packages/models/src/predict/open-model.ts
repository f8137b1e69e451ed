import { decodeImage, type EncodedImage, placeImage, type RawImage } from '@fovea/image';
import { decodeModel, loadModelBytes } from '@fovea/onnx';
import { type DeviceName, openWorkerSession } from '@fovea/runtime';
import {
  type ClassificationSpec,
  type DetectionSpec,
  decodeSpec,
  type EmbeddingSpec,
  type SegmentationSpec,
} from '../spec.js';
import { decodeOutputs, type Placed, type PredictOptions } from './decode-outputs.js';
import type {
  ClassificationResult,
  DetectionResult,
  EmbeddingResult,
  ModelResult,
  SegmentationResult,
} from './result.js';

/**
 * A picture to predict on: its pixels, the bytes of its file, or the file's path; or the bytes with the size they are
 * known to have, of which no more is decoded than the model's input needs.
 */
export type PredictInput = RawImage | EncodedImage | Uint8Array | string;

interface OpenModelOf<Spec extends { readonly task: string }, Result> {
  readonly task: Spec['task'];
  readonly spec: Spec;
  /** Results in the order of `images`; none for none. */
  predict(images: readonly PredictInput[], options?: PredictOptions): Promise<Result[]>;
  close(): Promise<void>;
}

/** A loaded model, by its task. Computing happens in a worker thread; `close` ends it. */
export type OpenModel =
  | OpenModelOf<ClassificationSpec, ClassificationResult>
  | OpenModelOf<DetectionSpec, DetectionResult>
  | OpenModelOf<SegmentationSpec, SegmentationResult>
  | OpenModelOf<EmbeddingSpec, EmbeddingResult>;

/** How a model computes. */
export interface OpenModelOptions {
  /** Threads within one operator, 1 by default. */
  readonly threads?: number | undefined;
  /** Where it computes, `cpu` by default. */
  readonly device?: DeviceName | undefined;
}

/** Turns interleaved bytes [H, W, 3] into planes of floats [3, H, W]. */
function toPlanes(pixels: Uint8Array, out: Float32Array): void {
  const plane = pixels.length / 3;
  for (let at = 0, i = 0; at < plane; at++) {
    out[at] = pixels[i++]!;
    out[at + plane] = pixels[i++]!;
    out[at + 2 * plane] = pixels[i++]!;
  }
}

/**
 * Loads a model Fovea exported from its ONNX file, or that file's bytes; what it is for stands in the file.
 *
 * @throws OnnxError `invalid_model`, `missing_spec`, `model_not_loadable`, `device_not_available`; `predict` throws
 *   FoveaError `unreadable_image` for what is no picture.
 */
export async function openModel(model: string | Uint8Array, options: OpenModelOptions = {}): Promise<OpenModel> {
  const bytes = typeof model === 'string' ? await loadModelBytes(model) : model;
  const spec = decodeSpec(decodeModel(bytes));
  const { threads = 1, device } = options;
  const session = await openWorkerSession(bytes, { threads, ...(device ? { device } : {}) });
  const { width, height, name, resize } = spec.input;
  const size = 3 * width * height;

  async function predict(images: readonly PredictInput[], choices: PredictOptions = {}): Promise<ModelResult[]> {
    if (images.length === 0) return [];
    choices.signal?.throwIfAborted();
    const started = performance.now();
    const feed = new Float32Array(images.length * size);
    const placed = await Promise.all(
      images.map(async (input, i): Promise<Placed> => {
        const raw = typeof input === 'string' || input instanceof Uint8Array ? await decodeImage(input) : input;
        const canvas = new Uint8Array(size);
        const fit = await placeImage(raw, canvas, width, height, resize);
        toPlanes(canvas, feed.subarray(i * size, (i + 1) * size));
        return { width: raw.width, height: raw.height, fit };
      }),
    );
    choices.signal?.throwIfAborted();
    const fed = performance.now();
    const outputs = await session.run({
      [name]: { dtype: 'float32', shape: [images.length, 3, height, width], data: feed },
    });
    const ran = performance.now();
    const answers = decodeOutputs(spec, outputs, placed, choices);
    const share = (ms: number) => ms / images.length;
    const timings = {
      preprocessMs: share(fed - started),
      inferenceMs: share(ran - fed),
      postprocessMs: share(performance.now() - ran),
    };
    return answers.map((answer) => ({ ...answer, timings }));
  }

  // `predict` answers by the spec's task, which the types of this function cannot follow.
  return { task: spec.task, spec, predict, close: () => session.release() } as OpenModel;
}
