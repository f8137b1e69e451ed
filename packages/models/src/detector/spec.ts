import { type Model, OnnxError } from '@fovea/onnx';

/** What a served detector needs to be told: kept in the ONNX file's metadata under `fovea`, as JSON. */
export interface ModelSpec {
  readonly task: 'detection';
  readonly classNames: readonly string[];
  readonly input: {
    readonly name: string;
    readonly width: number;
    readonly height: number;
    /** Layout and value range of the input tensor. */
    readonly layout: 'NCHW';
    readonly colours: 'RGB';
    readonly range: readonly [0, 255];
    /** The picture is scaled to fit, keeping its aspect ratio, and placed at the top left; the rest is this grey. */
    readonly resize: 'letterbox-top-left';
    readonly fill: number;
  };
  readonly output: {
    /** [N, P, 4], xyxy in input pixels. */
    readonly boxes: string;
    /** [N, P, classes], confidence in [0, 1]. */
    readonly scores: string;
  };
  /** What is left to do with the outputs. */
  readonly postprocessing: {
    readonly nms: 'per-class';
    readonly iouThreshold: number;
    readonly confidence: number;
    readonly maxDetections: number;
  };
}

const metadataKey = 'fovea';

/** Metadata entries that carry `spec`. */
export function encodeSpec(spec: ModelSpec): Record<string, string> {
  return { [metadataKey]: JSON.stringify(spec) };
}

/** The spec inside a model's metadata; throws `missing_spec` where there is none that Fovea understands. */
export function decodeSpec(model: Model): ModelSpec {
  const text = model.metadata[metadataKey];
  let spec: ModelSpec | undefined;
  try {
    spec = text ? (JSON.parse(text) as ModelSpec) : undefined;
  } catch (cause) {
    throw new OnnxError('missing_spec', 'The model\'s metadata entry "fovea" is not JSON.', {}, { cause });
  }
  if (spec?.task !== 'detection' || !Array.isArray(spec.classNames) || !spec.input || !spec.output)
    throw new OnnxError(
      'missing_spec',
      'The model does not say how it is to be fed: its metadata has no entry "fovea" with task, classes, input and output.',
    );
  return spec;
}
