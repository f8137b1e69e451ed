import { augmentSample, type Sample } from '@fovea/image';
import { allocate, sizeOf } from '@fovea/onnx';
import type { TrainPlan } from '../plan.js';
import type { Recipe, SlotSpec, SlotViews } from '../recipes/recipe.js';
import type { SharedArray } from '../step/step-protocol.js';
import { createOrder, type PickFrom, randomAt } from './order.js';
import type { LentSample, SampleLoader } from './sample-loader.js';

/** The arrays of a batch: pictures, their colour changes, and the recipe's targets. */
export function slotSpecs({ network, slots }: Recipe): SlotSpec[] {
  return [
    { name: 'pictures', dtype: 'uint8', shape: [network.height, network.width, 3] },
    { name: 'colours', dtype: 'float32', shape: [3, 4] },
    ...slots,
  ];
}

/** Memory for one batch that all threads see. */
export function createSlot(recipe: Recipe, batchSize: number): SharedArray[] {
  return slotSpecs(recipe).map(({ name, dtype, shape }) => {
    const length = batchSize * sizeOf(shape);
    const Numbers = allocate(dtype, 0).constructor as new (buffer: SharedArrayBuffer) => Float32Array;
    const bytes = length * (dtype === 'uint8' ? 1 : 4);
    return { name, dtype, shape, data: new Numbers(new SharedArrayBuffer(bytes)) };
  });
}

/** A sample with what is on it. */
function sampleOf({ picture, sample }: LentSample): Sample {
  const { width, height, pixels, imageWidth, imageHeight, labelMap } = sample;
  return {
    image: { data: pixels, width: imageWidth, height: imageHeight },
    size: { width, height },
    boxes: picture.annotations.filter(({ isCrowd }) => !isCrowd),
    classIndices: picture.classIndices ?? [],
    ...(labelMap ? { labelMap } : {}),
  };
}

/**
 * Makes batches: the n-th picture of a run is drawn from (seed, n) alone, so a resumed run sees what it would have seen,
 * wherever its samples come from.
 */
export function createBatchMaker(
  plan: Pick<TrainPlan, 'seed' | 'batchSize' | 'augment'>,
  recipe: Recipe,
  from: PickFrom,
  samples: Pick<SampleLoader, 'load'>,
) {
  const { seed, batchSize, augment } = plan;
  const { width, height } = recipe.network;
  const pictureAt = createOrder(from, seed, recipe.picker);

  async function fill(slot: readonly SharedArray[], at: number, n: number): Promise<number> {
    const random = randomAt(seed, n);
    const first = pictureAt(n);
    const lent: LentSample[] = [];
    const take = async (number: number) => {
      const one = await samples.load(number);
      lent.push(one);
      return one;
    };
    const views: SlotViews = Object.fromEntries(
      slot.map(({ name, shape, data }) => {
        const size = sizeOf(shape);
        return [name, (data as Float32Array).subarray(at * size, (at + 1) * size)];
      }),
    );
    const into = {
      pixels: views.pictures as Uint8Array,
      ...(recipe.wantsLabelMap ? { labelMap: new Uint8Array(width * height) } : {}),
    };
    const draw = async () => sampleOf(await take(Math.floor(random() * from.count)));
    const own = await take(first);
    const moved = await augmentSample(sampleOf(own), into, width, height, augment, random, draw);
    (views.colours as Float32Array).set(moved.colour);
    const counted = recipe.fill({ ...moved, ...into }, views, own.picture);
    // Not where something was thrown: the pixels may still be in use then.
    for (const one of lent) one.release();
    return counted;
  }

  return {
    /** Fills a slot with the batch of a step; gives what its targets count, at least 1. */
    async make(slot: readonly SharedArray[], step: number): Promise<number> {
      const counts = await Promise.all(
        Array.from({ length: batchSize }, (_, i) => fill(slot, i, step * batchSize + i)),
      );
      return Math.max(
        1,
        counts.reduce((a, b) => a + b, 0),
      );
    },
    /** The numbers of the pictures of a step's batch. */
    picturesOf: (step: number): number[] =>
      Array.from({ length: batchSize }, (_, i) => pictureAt(step * batchSize + i)),
  };
}
