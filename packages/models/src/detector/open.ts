import type { Detection } from '@fovea/annotations';
import { OnnxError } from '@fovea/onnx';
import type { PredictOptions } from '../predict/decode-outputs.js';
import { type OpenModelOptions, openModel, type PredictInput } from '../predict/open-model.js';
import type { DetectionSpec } from '../spec.js';

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
  predict(images: readonly PredictInput[], options?: PredictOptions): Promise<DetectorResult[]>;
  close(): Promise<void>;
}

/**
 * {@link openModel} for a file that must be a detector.
 *
 * @throws OnnxError as {@link openModel}, and `missing_spec` for a model of another task.
 */
export async function openDetector(onnxPath: string, options: OpenModelOptions = {}): Promise<Detector> {
  const model = await openModel(onnxPath, options);
  if (model.task === 'detection') return model;
  await model.close();
  throw new OnnxError('missing_spec', `The model is for ${model.task}, not for detection.`, { task: model.task });
}
