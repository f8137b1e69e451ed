import type { Detection } from '@fovea/annotations';
import { clipBox } from '@fovea/annotations';
import { decodeImage, type Letterbox, letterbox, unletterbox } from '@fovea/image';
import { type DetectionMetrics, evaluateDetections } from '@fovea/metrics';
import { decodeDetections } from '@fovea/models';
import type { DetectionPlan, PlannedPicture, SamplePrediction } from './plan.js';
import type { StepPool } from './step-pool.js';

/** Pictures an evaluation run takes at a time. */
export const evalBatch = 4;
/** Pictures shown to people. */
const shownPictures = 12;
/** Lowest confidence that counts in AP; lower ones change it by next to nothing and cost time. */
const leastConfidence = 0.01;
/** Lowest confidence shown to people. */
const shownConfidence = 0.25;

/** What a model in training is worth on pictures it does not learn from. */
export interface Evaluation {
  readonly metrics: DetectionMetrics;
  readonly samples: readonly SamplePrediction[];
}

/**
 * Measures a model in training on `pictures`, with COCO's metrics.
 *
 * @param weights flat parameters, `null` for the workers' own moving average.
 */
export async function evaluateInTraining(
  plan: DetectionPlan,
  pictures: readonly PlannedPicture[],
  pool: StepPool,
  weights: Float32Array | null,
  buffers: Float32Array,
): Promise<Evaluation> {
  const { width, height, classNames, workers } = plan;
  const size = width * height * 3;
  const found = new Map<PlannedPicture, Detection[]>();
  const batches: PlannedPicture[][] = [];
  for (let i = 0; i < pictures.length; i += evalBatch) batches.push(pictures.slice(i, i + evalBatch));

  async function work(worker: number): Promise<void> {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const feed = new Uint8Array(evalBatch * size);
      const fits: Letterbox[] = await Promise.all(
        batch.map(async ({ path }, i) =>
          letterbox(await decodeImage(path), feed.subarray(i * size, (i + 1) * size), width, height),
        ),
      );
      const { boxes, scores } = await pool.ask(worker, { type: 'evaluate', weights, buffers, pictures: feed });
      const positions = boxes.length / evalBatch / 4;
      batch.forEach((picture, i) => {
        const limits = { confidence: leastConfidence, iouThreshold: 0.6, maxDetections: 100 };
        const detections = decodeDetections(
          boxes.subarray(i * positions * 4, (i + 1) * positions * 4),
          scores.subarray(i * positions * classNames.length, (i + 1) * positions * classNames.length),
          classNames,
          (box) => clipBox(unletterbox(box, fits[i]!), picture.width, picture.height),
          limits,
        );
        found.set(picture, detections);
      });
    }
  }
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));

  const metrics = evaluateDetections(
    pictures.map((picture) => ({
      id: picture.sha256,
      width: picture.width,
      height: picture.height,
      groundTruth: picture.annotations,
      predictions: found.get(picture)!,
    })),
    classNames,
  );
  // Pictures with something on them first: an empty road says little.
  const shown = pictures.toSorted((a, b) => Number(b.annotations.length > 0) - Number(a.annotations.length > 0));
  const samples = shown.slice(0, shownPictures).map((picture) => ({
    sha256: picture.sha256,
    name: picture.name,
    width: picture.width,
    height: picture.height,
    groundTruth: picture.annotations.map(({ classIndex, box }) => ({ className: classNames[classIndex]!, box })),
    predictions: found.get(picture)!.filter(({ confidence }) => confidence >= shownConfidence),
  }));
  return { metrics, samples };
}
