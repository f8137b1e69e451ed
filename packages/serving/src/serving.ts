import type { Detection } from '@fovea/annotations';
import { decodeImage, type ImageInput, type RawImage } from '@fovea/image';
import { type Detector, openDetector } from '@fovea/models';
import { type ModelVersion, resolveModel } from '@fovea/registry';
import type { Home } from '@fovea/store';
import { type Batcher, createBatcher } from './batcher.js';
import { createWarmPool } from './warm-pool.js';

/** What is kept of a model's finds; see the detector for the defaults. */
export interface PredictOptions {
  /** Least confidence, 0 to 1. */
  readonly confidence?: number;
  /** Overlap (IoU) above which the weaker of two boxes of one class goes, 0 to 1. */
  readonly iouThreshold?: number;
  readonly maxDetections?: number;
}

/** What one picture's prediction is. Boxes in pixels of the upright picture. */
export interface ServedPrediction {
  readonly model: ModelVersion;
  readonly width: number;
  readonly height: number;
  readonly detections: readonly Detection[];
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
  /** Threads of each detector, default the detector's own choice. */
  readonly threads?: number;
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
  /** Finishes what runs, closes all detectors. */
  close(): Promise<void>;
}

type Answer = Awaited<ReturnType<Detector['predict']>>[number];

interface Warm {
  readonly batcher: Batcher<RawImage, Answer>;
  close(): Promise<void>;
}

/** Opens serving over a home; nothing is loaded before the first prediction. */
export function createServing(home: Home, options: ServingOptions = {}): Serving {
  const pool = createWarmPool<Warm>({ maxOpen: options.maxModels ?? 3, idleMs: options.idleMs ?? 600_000 });
  const maxPixels = options.maxPixels ?? 50_000_000;

  async function openWarm(version: ModelVersion): Promise<Warm> {
    const detector = await openDetector(home.blobs.pathOf(version.sha256), { threads: options.threads });
    const batcher = createBatcher<RawImage, Answer>(
      (images, key) => detector.predict(images, JSON.parse(key) as PredictOptions),
      { maxBatch: options.maxBatch ?? 8, maxWaiting: options.maxWaiting ?? 256 },
    );
    return {
      batcher,
      close: async () => {
        await batcher.drained();
        await detector.close();
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
      });
      return pool.use(
        `${model.name}@${model.version}`,
        () => openWarm(model),
        async ({ batcher }) => {
          const { output, queueMs } = await batcher.submit(pixels, key);
          const { width, height, detections, timings } = output;
          return { model, width, height, detections, timings: { decodeMs, queueMs, ...timings } };
        },
      );
    },
    get warm() {
      return pool.keys;
    },
    close: () => pool.close(),
  };
}
