import type { Shape, TensorData } from '@fovea/onnx';
import type { SampleLoader } from '../loading/sample-loader.js';
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
 * Measures a model in training on `pictures`, whose samples are placed on the network's input.
 *
 * @param weights flat parameters, `null` for the workers' own moving average.
 */
export async function evaluateInTraining(
  recipe: Recipe,
  pictures: readonly PlannedPicture[],
  samples: Pick<SampleLoader, 'load'>,
  pool: StepPool,
  workers: number,
  weights: Float32Array | null,
  buffers: Float32Array,
): Promise<Evaluation> {
  const { width, height } = recipe.network;
  const size = width * height * 3;
  const evaluator = recipe.evaluator(pictures);
  const batches: number[][] = [];
  for (let i = 0; i < pictures.length; i += evalBatch)
    batches.push(Array.from({ length: Math.min(evalBatch, pictures.length - i) }, (_, at) => i + at));

  async function load(batch: readonly number[]) {
    const feed = new Uint8Array(evalBatch * size);
    const placed = await Promise.all(
      batch.map(async (number, i) => {
        const { sample, release } = await samples.load(number);
        feed.set(sample.pixels, i * size);
        release();
        return { placed: sample.placed!, labelMap: sample.labelMap };
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
      for (const [i, number] of batch.entries()) {
        const own: PictureOutputs = Object.fromEntries(
          Object.entries(outputs).map(([name, output]) => [name, rowOf(output, i)]),
        );
        await evaluator.add(pictures[number]!, own, placed[i]!.placed, placed[i]!.labelMap);
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return evaluator.finish();
}
