import { decodeImage, type Letterbox, type Placement, placeImage } from '@fovea/image';
import type { Shape, TensorData } from '@fovea/onnx';
import type { PlannedPicture } from '../plan.js';
import type { Evaluation, PictureOutputs, Recipe } from '../recipes/recipe.js';
import type { StepPool } from '../step/step-pool.js';

/** Pictures an evaluation run takes at a time. */
export const evalBatch = 4;

/** Row `at` of a batch's output. */
function rowOf({ data, shape }: { data: TensorData; shape: Shape }, at: number) {
  const length = data.length / shape[0]!;
  return { data: data.subarray(at * length, (at + 1) * length) as TensorData, shape: shape.slice(1) };
}

/**
 * Measures a model in training on `pictures`.
 *
 * @param weights flat parameters, `null` for the workers' own moving average.
 */
export async function evaluateInTraining(
  recipe: Recipe,
  placement: Placement,
  pictures: readonly PlannedPicture[],
  pool: StepPool,
  workers: number,
  weights: Float32Array | null,
  buffers: Float32Array,
): Promise<Evaluation> {
  const { width, height } = recipe.network;
  const size = width * height * 3;
  const evaluator = recipe.evaluator(pictures);
  const batches: PlannedPicture[][] = [];
  for (let i = 0; i < pictures.length; i += evalBatch) batches.push(pictures.slice(i, i + evalBatch));

  async function load(batch: readonly PlannedPicture[]) {
    const feed = new Uint8Array(evalBatch * size);
    const placed = await Promise.all(
      batch.map(async ({ path }, i): Promise<Letterbox> => {
        const raw = await decodeImage(path);
        return placeImage(raw, feed.subarray(i * size, (i + 1) * size), width, height, placement);
      }),
    );
    return { batch, feed, placed };
  }

  async function work(worker: number): Promise<void> {
    let next = batches.shift();
    let ahead = next && load(next);
    while (ahead) {
      const { batch, feed, placed } = await ahead;
      next = batches.shift();
      // The next pictures are decoded while this batch is computed.
      ahead = next && load(next);
      ahead?.catch(() => undefined);
      const { outputs } = await pool.ask(worker, { type: 'evaluate', weights, buffers, pictures: feed });
      for (const [i, picture] of batch.entries()) {
        const own: PictureOutputs = Object.fromEntries(
          Object.entries(outputs).map(([name, output]) => [name, rowOf(output, i)]),
        );
        await evaluator.add(picture, own, placed[i]!);
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return evaluator.finish();
}
