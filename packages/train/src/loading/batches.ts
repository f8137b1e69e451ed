import { augmentSample } from '@fovea/image';
import { allocate, sizeOf } from '@fovea/onnx';
import type { PlannedPicture, TrainPlan } from '../plan.js';
import type { Recipe, SlotSpec, SlotViews } from '../recipes/recipe.js';
import type { SharedArray } from '../step/step-protocol.js';
import { createOrder, randomAt } from './order.js';
import { createPictureCache } from './picture-cache.js';

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

/**
 * Makes batches: the n-th picture of a run is drawn from (seed, n) alone, so a resumed run sees what it would have seen.
 */
export function createBatchMaker(plan: TrainPlan, recipe: Recipe, pictures: readonly PlannedPicture[]) {
  const { seed, batchSize, augment } = plan;
  const { width, height } = recipe.network;
  const load = createPictureCache(width, height, recipe.wantsLabelMap ?? false, plan.classNames.length);
  const pictureAt = createOrder(pictures, seed, recipe.picker);

  async function fill(slot: readonly SharedArray[], at: number, n: number): Promise<number> {
    const random = randomAt(seed, n);
    const picture = pictureAt(n);
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
    const draw = () => load(pictures[Math.floor(random() * pictures.length)]!);
    const moved = await augmentSample(await load(picture), into, width, height, augment, random, draw);
    (views.colours as Float32Array).set(moved.colour);
    return recipe.fill({ ...moved, ...into }, views, picture);
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
    /** The pictures of a step's batch. */
    picturesOf: (step: number): PlannedPicture[] =>
      Array.from({ length: batchSize }, (_, i) => pictureAt(step * batchSize + i)),
  };
}
