import { type AugmentOptions, augment, decodeImage, drawColour, type RawImage, resample } from '@fovea/image';
import { detectorPositions } from '@fovea/models';
import { seededRandom } from '@fovea/nn';
import { createAssigner } from './assign.js';
import type { DetectionPlan, PlannedPicture } from './plan.js';

/** One batch in memory that step workers read too; each worker has its equal share, in order. */
export interface BatchSlot {
  readonly pictures: Uint8Array<SharedArrayBuffer>;
  readonly colours: Float32Array<SharedArrayBuffer>;
  readonly targetClasses: Float32Array<SharedArrayBuffer>;
  readonly targetBoxes: Float32Array<SharedArrayBuffer>;
}

/** Elements per picture of each of a slot's arrays. */
export function slotSizes({ width, height, classNames }: DetectionPlan) {
  const positions = detectorPositions(width, height).x.length;
  return {
    pictures: width * height * 3,
    colours: 12,
    targetClasses: classNames.length * positions,
    targetBoxes: 4 * positions,
  };
}

/** A fresh slot for one batch. */
export function createSlot(plan: DetectionPlan): BatchSlot {
  const sizes = slotSizes(plan);
  const floats = (length: number) => new Float32Array(new SharedArrayBuffer(length * plan.batchSize * 4));
  return {
    pictures: new Uint8Array(new SharedArrayBuffer(sizes.pictures * plan.batchSize)),
    colours: floats(sizes.colours),
    targetClasses: floats(sizes.targetClasses),
    targetBoxes: floats(sizes.targetBoxes),
  };
}

/** Bytes of decoded pictures kept at the most; beyond, pictures are decoded again each time. */
const cacheBytes = 768 * 1024 * 1024;
/** Decoded pictures are kept this much larger than the network's input at the most. */
const cachedScale = 1.6;

/**
 * Makes batches: the n-th picture of a run is drawn from (seed, n) alone, so a resumed run sees what it would have seen.
 *
 * Every epoch goes through the pictures once, in an order of its own.
 */
export function createBatchMaker(plan: DetectionPlan, pictures: readonly PlannedPicture[], options: AugmentOptions) {
  const { width, height, classNames, seed, batchSize } = plan;
  const sizes = slotSizes(plan);
  const assign = createAssigner(width, height, classNames.length);
  const cache = new Map<string, Promise<RawImage>>();
  let cached = 0;
  let order: { epoch: number; indices: Uint32Array } | undefined;

  function orderOf(epoch: number): Uint32Array {
    if (order?.epoch === epoch) return order.indices;
    const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(epoch + 1, 0x85ebca6b));
    const indices = Uint32Array.from(pictures.keys());
    for (let i = indices.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [indices[i], indices[j]] = [indices[j]!, indices[i]!];
    }
    order = { epoch, indices };
    return indices;
  }

  async function shrunk(picture: PlannedPicture): Promise<RawImage> {
    const image = await decodeImage(picture.path);
    const scale = Math.min(1, cachedScale * Math.min(width / image.width, height / image.height));
    if (scale === 1) return image;
    const size = { width: Math.round(image.width * scale), height: Math.round(image.height * scale) };
    const data = await resample(image, size.width, size.height);
    return { data, ...size };
  }

  function load(picture: PlannedPicture): Promise<RawImage> {
    const known = cache.get(picture.sha256);
    if (known) return known;
    const loading = shrunk(picture);
    const expected = Math.min(picture.width * picture.height, width * height * cachedScale ** 2) * 3;
    if (cached + expected <= cacheBytes) {
      cached += expected;
      cache.set(picture.sha256, loading);
    }
    return loading;
  }

  async function fill(slot: BatchSlot, at: number, n: number): Promise<number> {
    const epoch = Math.floor(n / pictures.length);
    const picture = pictures[orderOf(epoch)[n % pictures.length]!]!;
    const random = seededRandom(Math.imul(seed + 1, 0xc2b2ae35) ^ Math.imul(n + 1, 0x27d4eb2f));
    const image = await load(picture);
    const scaleX = image.width / picture.width;
    const scaleY = image.height / picture.height;
    const boxes = picture.annotations
      .filter(({ isCrowd }) => !isCrowd)
      .map(({ classIndex, box: [x0, y0, x1, y1] }) => ({
        classIndex,
        box: [x0 * scaleX, y0 * scaleY, x1 * scaleX, y1 * scaleY] as const,
      }));
    const part = <T extends Uint8Array | Float32Array>(array: T, size: number) =>
      array.subarray(at * size, (at + 1) * size) as T;
    part(slot.colours, 12).set(drawColour(options, random));
    const moved = await augment(image, boxes, part(slot.pictures, sizes.pictures), width, height, options, random);
    return assign(moved, {
      classes: part(slot.targetClasses, sizes.targetClasses),
      boxes: part(slot.targetBoxes, sizes.targetBoxes),
    });
  }

  /** Fills a slot with the batch of a step; gives the number of positions assigned, at least 1. */
  return async function makeBatch(slot: BatchSlot, step: number): Promise<number> {
    const counts = await Promise.all(Array.from({ length: batchSize }, (_, i) => fill(slot, i, step * batchSize + i)));
    return Math.max(
      1,
      counts.reduce((a, b) => a + b, 0),
    );
  };
}
