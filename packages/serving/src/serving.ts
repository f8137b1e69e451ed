import type { Detection } from '@fovea/annotations';
import { decodeImage, type ImageInput, type RawImage } from '@fovea/image';
import { type ClassProbability, type ModelResult, openModel, type Task } from '@fovea/models';
import { type ModelVersion, resolveModel } from '@fovea/registry';
import type { DeviceName } from '@fovea/runtime';
import type { Home } from '@fovea/store';
import { type Batcher, createBatcher } from './batcher.js';
import { createWarmPool } from './warm-pool.js';

/** What is kept of a model's answer; defaults are as the model's file says. */
export interface PredictOptions {
  /** Least confidence, 0 to 1. */
  readonly confidence?: number;
  /** Overlap (IoU) above which the weaker of two boxes of one class goes, 0 to 1. */
  readonly iouThreshold?: number;
  readonly maxDetections?: number;
  /** Most classes of a classifier. */
  readonly topK?: number;
}

/** What one picture's prediction is. Boxes in pixels of the upright picture. */
export interface ServedPrediction {
  readonly model: ModelVersion;
  /** The model's task, which says what of the following there is. */
  readonly task: Task;
  readonly width: number;
  readonly height: number;
  /** A detector's finds; none of models of other tasks. */
  readonly detections: readonly Detection[];
  /** A classifier's likeliest classes, best first. */
  readonly classes?: readonly ClassProbability[];
  /** A segmenter's class of each pixel [height, width], the classes by number, and the part of the picture each has. */
  readonly segmentation?: {
    readonly labelMap: Uint8Array;
    readonly classNames: readonly string[];
    readonly shares: readonly number[];
  };
  /** An embedder's vector, of length 1. */
  readonly embedding?: Float32Array;
  readonly timings: {
    readonly decodeMs: number;
    readonly queueMs: number;
    readonly preprocessMs: number;
    readonly inferenceMs: number;
    readonly postprocessMs: number;
  };
}

/** Bounds of {@link createServing}. */
export interface ServingOptions {
  /** Models kept warm, default 3. */
  readonly maxModels?: number;
  /** A model unused for this long is closed, default 10 minutes. */
  readonly idleMs?: number;
  /** Most pictures in one batch, default 8. */
  readonly maxBatch?: number;
  /** Most pictures that wait for one model, default 256. */
  readonly maxWaiting?: number;
  /** Pictures of more pixels than this are refused, default 50 million. */
  readonly maxPixels?: number;
  /** Threads of each model, default 1. */
  readonly threads?: number;
  /** Where models compute, default `cpu`. */
  readonly device?: DeviceName;
}

/** Predicts with any model version of a home, keeping what is used warm. */
export interface Serving {
  /**
   * @param reference `name`, `name@alias` or `name@3`; a bare name is its champion, else its latest version
   * @throws FoveaError `unknown_model`, `unreadable_image`, `overloaded`
   */
  predict(reference: string, image: ImageInput, options?: PredictOptions): Promise<ServedPrediction>;
  /** Versions that are warm, as `name@version`, least recently used first. */
  readonly warm: string[];
  /** Finishes what runs, closes all models. */
  close(): Promise<void>;
}

interface Warm {
  readonly batcher: Batcher<RawImage, ModelResult>;
  close(): Promise<void>;
}

/** Opens serving over a home; nothing is loaded before the first prediction. */
export function createServing(home: Home, options: ServingOptions = {}): Serving {
  const pool = createWarmPool<Warm>({ maxOpen: options.maxModels ?? 3, idleMs: options.idleMs ?? 600_000 });
  const maxPixels = options.maxPixels ?? 50_000_000;

  async function openWarm(version: ModelVersion): Promise<Warm> {
    const opened = await openModel(await home.blobs.localPath(version.sha256), {
      threads: options.threads,
      device: options.device,
    });
    const batcher = createBatcher<RawImage, ModelResult>(
      (images, key) => opened.predict(images, JSON.parse(key) as PredictOptions),
      { maxBatch: options.maxBatch ?? 8, maxWaiting: options.maxWaiting ?? 256 },
    );
    return {
      batcher,
      close: async () => {
        await batcher.drained();
        await opened.close();
      },
    };
  }

  return {
    async predict(reference, image, predictOptions = {}) {
      const model = await resolveModel(home, reference);
      const startedAt = performance.now();
      const pixels = await decodeImage(image, { maxPixels });
      const decodeMs = performance.now() - startedAt;
      // Only pictures asked for with the same options can share a batch: they are the batch's key.
      const key = JSON.stringify({
        confidence: predictOptions.confidence,
        iouThreshold: predictOptions.iouThreshold,
        maxDetections: predictOptions.maxDetections,
        topK: predictOptions.topK,
      });
      return pool.use(
        `${model.name}@${model.version}`,
        () => openWarm(model),
        async ({ batcher }) => {
          const { output, queueMs } = await batcher.submit(pixels, key);
          return { model, ...answerOf(output), timings: { decodeMs, queueMs, ...output.timings } };
        },
      );
    },
    get warm() {
      return pool.keys;
    },
    close: () => pool.close(),
  };
}

/** A model's answer by task, as it is served. */
function answerOf(result: ModelResult): Omit<ServedPrediction, 'model' | 'timings'> {
  const { task, width, height } = result;
  const base = { task, width, height, detections: [] };
  switch (result.task) {
    case 'classification':
      return { ...base, classes: result.classes };
    case 'detection':
      return { ...base, detections: result.detections };
    case 'segmentation': {
      const { labelMap, classNames, shares } = result;
      return { ...base, segmentation: { labelMap, classNames, shares } };
    }
    case 'embedding':
      return { ...base, embedding: result.embedding };
  }
}
