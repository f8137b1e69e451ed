import type { Placement } from '@fovea/image';
import { type Model, OnnxError } from '@fovea/onnx';
import { type Task, tasks } from './network.js';

export type { Placement } from '@fovea/image';

/** How a model's input is to be made. */
export interface InputSpec {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Layout and value range of the input tensor. */
  readonly layout: 'NCHW';
  readonly colours: 'RGB';
  readonly range: readonly [0, 255];
  /** How a picture gets to the input's size: see `placeImage`. */
  readonly resize: Placement;
  /** Grey of what the picture does not cover. */
  readonly fill: number;
}

interface SpecOf<T extends Task> {
  readonly task: T;
  /** Classes by index; what an embedding was trained to tell apart. */
  readonly classNames: readonly string[];
  readonly input: InputSpec;
  /** What the model is and where its weights come from. */
  readonly description?: string;
  /** What it reached when it was measured, by name. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** A detector, as its file describes it. */
export interface DetectionSpec extends SpecOf<'detection'> {
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

/** A classifier, as its file describes it. */
export interface ClassificationSpec extends SpecOf<'classification'> {
  readonly output: {
    /** [N, classes], in [0, 1], of sum 1. */
    readonly probabilities: string;
  };
  readonly postprocessing: {
    /** Classes answered where nothing else is asked for. */
    readonly topK: number;
  };
}

/** A segmenter, as its file describes it. */
export interface SegmentationSpec extends SpecOf<'segmentation'> {
  readonly output: {
    /** uint8 [N, H, W], the likeliest class of each pixel. */
    readonly labels: string;
    /** [N, classes, H, W], in [0, 1], of sum 1. */
    readonly probabilities: string;
  };
  readonly postprocessing: Readonly<Record<string, never>>;
}

/** An embedder, as its file describes it. */
export interface EmbeddingSpec extends SpecOf<'embedding'> {
  readonly output: {
    /** [N, dimensions], of length 1. */
    readonly embedding: string;
  };
  readonly dimensions: number;
  readonly postprocessing: { readonly metric: 'cosine' };
}

/** What a served model needs to be told: kept in the ONNX file's metadata under `fovea`, as JSON. */
export type ModelSpec = ClassificationSpec | DetectionSpec | SegmentationSpec | EmbeddingSpec;

const metadataKey = 'fovea';

/** Metadata entries that carry `spec`. */
export function encodeSpec(spec: ModelSpec): Record<string, string> {
  return { [metadataKey]: JSON.stringify(spec) };
}

/** Names of the outputs a spec must give, by task. */
const outputNames: Record<Task, readonly string[]> = {
  classification: ['probabilities'],
  detection: ['boxes', 'scores'],
  segmentation: ['labels', 'probabilities'],
  embedding: ['embedding'],
};

const isSize = (value: unknown) => Number.isInteger(value) && (value as number) > 0;

/** The spec inside a model's metadata; throws `missing_spec` where there is none that Fovea understands. */
export function decodeSpec(model: Model): ModelSpec {
  const text = model.metadata[metadataKey];
  let spec: ModelSpec | undefined;
  try {
    spec = text ? (JSON.parse(text) as ModelSpec) : undefined;
  } catch (cause) {
    throw new OnnxError('missing_spec', 'The model\'s metadata entry "fovea" is not JSON.', {}, { cause });
  }
  const whole =
    spec &&
    tasks.includes(spec.task) &&
    Array.isArray(spec.classNames) &&
    spec.classNames.every((name) => typeof name === 'string') &&
    spec.input &&
    typeof spec.input.name === 'string' &&
    isSize(spec.input.width) &&
    isSize(spec.input.height) &&
    spec.output &&
    outputNames[spec.task].every((name) => typeof (spec.output as Record<string, unknown>)[name] === 'string');
  if (!whole)
    throw new OnnxError(
      'missing_spec',
      'The model does not say how it is to be fed: its metadata has no entry "fovea" with task, classes, input and ' +
        `output (tasks are ${tasks.join(', ')}).`,
    );
  return spec as ModelSpec;
}

/** Whether a model was exported by Fovea, which then knows how it is fed. */
export function hasSpec(model: Model): boolean {
  return metadataKey in model.metadata;
}
