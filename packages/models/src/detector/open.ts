import { readFile } from 'node:fs/promises';
import { clipBox, type Detection } from '@fovea/annotations';
import { decodeImage, type Letterbox, letterbox, type RawImage, unletterbox } from '@fovea/image';
import { decodeModel, OnnxError } from '@fovea/onnx';
import { openWorkerSession } from '@fovea/runtime';
import { type DetectionSpec, decodeSpec } from '../spec.js';
import { decodeDetections } from './decode.js';

/** Choices for one call; what is left out is as the model's own file says. */
export interface PredictOptions {
  readonly confidence?: number;
  readonly iouThreshold?: number;
  readonly maxDetections?: number;
  readonly signal?: AbortSignal;
}

/** What a detector says of one picture; boxes are in the picture's own pixels. */
export interface DetectorResult {
  readonly width: number;
  readonly height: number;
  readonly detections: Detection[];
  readonly timings: { readonly preprocessMs: number; readonly inferenceMs: number; readonly postprocessMs: number };
}

/** A loaded detector. Computing happens in a worker thread; `close` ends it. */
export interface Detector {
  readonly spec: DetectionSpec;
  /** Results in the order of `images`: pixels, bytes of a picture file, or its path. */
  predict(images: readonly (RawImage | Uint8Array | string)[], options?: PredictOptions): Promise<DetectorResult[]>;
  close(): Promise<void>;
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
 * Loads a detector from its ONNX file.
 *
 * @throws OnnxError `invalid_model`, `missing_spec` or `model_not_loadable`; `predict` throws FoveaError
 *   `unreadable_image` for what is no picture.
 */
export async function openDetector(onnxPath: string, options: { threads?: number } = {}): Promise<Detector> {
  const bytes = await readFile(onnxPath);
  const spec = decodeSpec(decodeModel(bytes));
  if (spec.task !== 'detection')
    throw new OnnxError('missing_spec', `The model is for ${spec.task}, not for detection.`, { task: spec.task });
  const session = await openWorkerSession(bytes, { threads: options.threads ?? 1 });
  const { width, height, name } = spec.input;
  const size = 3 * width * height;

  return {
    spec,
    async predict(images, choices = {}) {
      if (images.length === 0) return [];
      choices.signal?.throwIfAborted();
      const started = performance.now();
      const feed = new Float32Array(images.length * size);
      const placed = await Promise.all(
        images.map(async (input, i): Promise<{ raw: RawImage; fit: Letterbox }> => {
          const raw = typeof input === 'string' || input instanceof Uint8Array ? await decodeImage(input) : input;
          const canvas = new Uint8Array(size);
          const fit = await letterbox(raw, canvas, width, height);
          toPlanes(canvas, feed.subarray(i * size, (i + 1) * size));
          return { raw, fit };
        }),
      );
      choices.signal?.throwIfAborted();
      const fed = performance.now();
      const outputs = await session.run({
        [name]: { dtype: 'float32', shape: [images.length, 3, height, width], data: feed },
      });
      const ran = performance.now();
      const boxes = outputs[spec.output.boxes]!.data as Float32Array;
      const scores = outputs[spec.output.scores]!.data as Float32Array;
      const limits = {
        confidence: choices.confidence ?? spec.postprocessing.confidence,
        iouThreshold: choices.iouThreshold ?? spec.postprocessing.iouThreshold,
        maxDetections: choices.maxDetections ?? spec.postprocessing.maxDetections,
      };
      const positions = boxes.length / images.length / 4;
      const results = placed.map(({ raw, fit }, i) => ({
        width: raw.width,
        height: raw.height,
        detections: decodeDetections(
          boxes.subarray(i * positions * 4, (i + 1) * positions * 4),
          scores.subarray(i * positions * spec.classNames.length, (i + 1) * positions * spec.classNames.length),
          spec.classNames,
          (box) => clipBox(unletterbox(box, fit), raw.width, raw.height),
          limits,
        ),
      }));
      const share = (ms: number) => ms / images.length;
      const timings = {
        preprocessMs: share(fed - started),
        inferenceMs: share(ran - fed),
        postprocessMs: share(performance.now() - ran),
      };
      return results.map((result) => ({ ...result, timings }));
    },
    close: () => session.release(),
  };
}
