import { FoveaError } from '@fovea/annotations';
import { letterboxFill } from '../letterbox.js';
import type { Rectangle } from '../resample.js';
import { composedColour, drawColour } from './colour.js';
import { drawGeometry, type GeometryChange } from './geometry.js';
import { blend, drawBeta } from './mix.js';
import { moveBox } from './move.js';
import { occlude } from './occlude.js';
import type { AugmentPolicy } from './policy.js';
import { fillRings, ringOf } from './polygon.js';
import { drawRandAugment, unchanged } from './rand-augment.js';
import {
  type AugmentedSample,
  type AugmentTarget,
  type InstanceMask,
  type LabelledBox,
  type Sample,
  unlabelled,
  type WeightedClass,
} from './sample.js';
import { applyTexture, drawTexture } from './texture.js';
import { type View, warpLabels, warpPixels } from './warp.js';

/** Gives a further picture, for mosaic, mixup, cutmix and copy-paste. */
export type DrawSample = () => Promise<Sample>;

/** What is on a canvas so far. */
interface Scene {
  readonly boxes: readonly LabelledBox[];
  readonly classes: readonly WeightedClass[];
}

/** What one picture of several on a canvas needs to know. */
interface Studio {
  readonly policy: AugmentPolicy;
  readonly change: GeometryChange;
  readonly random: () => number;
}

/**
 * Lays a picture on a canvas as a policy wants, together with its boxes, outlines, masks, key points and label map.
 *
 * In order: mosaic; geometry (one resampling); copy-paste; cutmix; mixup; sharpness, blur, tones, noise, JPEG; cutout. Linear
 * colour is left to the caller as a matrix. The same numbers from `random` and the same samples from `draw` give the
 * same bytes; samples are asked for one after another.
 *
 * @param into written in full: `pixels` uint8 [height, width, 3], `labelMap` [height, width] where wanted
 * @param policy as from `parseAugmentPolicy`
 * @param random numbers in [0, 1)
 * @param draw needed where the policy has mosaic, mixup, cutmix or copyPaste
 * @throws FoveaError `invalid_augment_policy` where such a policy comes without `draw`, or mixup with a label map;
 *   `invalid_sample` where sizes do not fit
 */
export async function augmentSample(
  sample: Sample,
  into: AugmentTarget,
  width: number,
  height: number,
  policy: AugmentPolicy,
  random: () => number,
  draw?: DrawSample,
): Promise<AugmentedSample> {
  checkTarget(into, width, height, policy, draw);
  const extra = policy.randAugment
    ? drawRandAugment(policy.randAugment.operations, policy.randAugment.magnitude, random)
    : unchanged();
  const colour = composedColour(extra.colour, drawColour(policy, random));
  const texture = drawTexture(policy, extra, random);
  const studio: Studio = { policy, change: extra.geometry, random };
  const view: View = { ...into, stride: width, left: 0, top: 0, width, height };

  const further = draw!;
  const happens = (probability: number | undefined) => probability !== undefined && random() < probability;
  let scene = happens(policy.mosaic?.probability)
    ? await layMosaic(sample, view, studio, further)
    : await layAlone(sample, view, studio);
  if (happens(policy.copyPaste?.probability)) scene = await pasteCopies(scene, view, studio, await further());
  let lambda = 1;
  if (happens(policy.cutmix?.probability)) {
    const cut = await layCutmix(scene, view, studio, await further());
    scene = cut.scene;
    lambda *= cut.weight;
  }
  if (happens(policy.mixup?.probability)) {
    const mixed = await layMixup(scene, view, studio, await further());
    scene = mixed.scene;
    lambda *= mixed.weight;
  }
  await applyTexture(into.pixels, width, height, texture);
  if (happens(policy.cutout?.probability)) scene = cutOut(scene, view, studio);
  return { ...scene, lambda, colour };
}

/** One picture in a view; `fitted` as for drawGeometry. Boxes are in pixels of the view. */
async function lay(sample: Sample, view: View, { policy, change, random }: Studio, fitted?: Rectangle): Promise<Scene> {
  const { image, labelMap } = sample;
  const size = sample.size ?? image;
  checkSample(sample, size, view);
  const geometry = drawGeometry(image, view, policy, change, random, fitted);
  if (view.labelMap) warpLabels(labelMap!, size, image, geometry.affine, view);
  const [a, b, c, d, e, f] = geometry.affine;
  const [toX, toY] = [image.width / size.width, image.height / size.height];
  const affine = [a * toX, b * toY, c, d * toX, e * toY, f] as const;
  const boxes = (sample.boxes ?? []).flatMap(
    (labelled) => moveBox(labelled, affine, view.width, view.height, policy.flipPairs) ?? [],
  );
  await warpPixels(image, geometry, view);
  return { boxes, classes: weighted(sample.classIndices ?? [], 1) };
}

const layAlone = (sample: Sample, view: View, studio: Studio) => lay(sample, view, studio);

async function layMosaic(first: Sample, view: View, studio: Studio, draw: DrawSample): Promise<Scene> {
  const { random, policy } = studio;
  const middle = (side: number) => Math.round(side * (0.25 + 0.5 * random()));
  const [x, y] = [middle(view.width), middle(view.height)];
  const tiles: Rectangle[] = [
    { left: 0, top: 0, width: x, height: y },
    { left: x, top: 0, width: view.width - x, height: y },
    { left: 0, top: y, width: x, height: view.height - y },
    { left: x, top: y, width: view.width - x, height: view.height - y },
  ];
  const { area: _, ratio: __, ...rest } = policy;
  const tiled: Studio = { ...studio, policy: { ...rest, fit: 'letterbox', scale: policy.mosaic!.scale, translate: 1 } };
  const scenes: Scene[] = [];
  for (const [at, tile] of tiles.entries()) {
    const sample = at === 0 ? first : await draw();
    if (tile.width === 0 || tile.height === 0) continue;
    const scene = await lay(sample, { ...view, ...tile }, tiled, view);
    const part = (tile.width * tile.height) / (view.width * view.height);
    scenes.push({
      boxes: scene.boxes.map((labelled) => movedBy(labelled, tile)),
      classes: scene.classes.map(({ classIndex, weight }) => ({ classIndex, weight: weight * part })),
    });
  }
  return { boxes: scenes.flatMap(({ boxes }) => boxes), classes: united(scenes.flatMap(({ classes }) => classes)) };
}

/** A box of a tile on the canvas. */
function movedBy(labelled: LabelledBox, { left, top }: Rectangle): LabelledBox {
  const { box, polygons, mask, keypoints } = labelled;
  return {
    ...labelled,
    box: [box[0] + left, box[1] + top, box[2] + left, box[3] + top],
    ...(polygons && { polygons: polygons.map((ring) => ring.map((v, i) => v + (i % 2 === 0 ? left : top))) }),
    ...(mask && { mask: { ...mask, left: mask.left + left, top: mask.top + top } }),
    ...(keypoints && {
      keypoints: keypoints.map(([x, y, v]) => (v === 0 ? [x, y, v] : [x + left, y + top, v]) as never),
    }),
  };
}

/** Another picture on a canvas of its own, of the same size. */
async function layBeside(sample: Sample, view: View, studio: Studio): Promise<{ scene: Scene; beside: View }> {
  const { width, height } = view;
  const labelMap = view.labelMap && new Uint8Array(width * height);
  const beside: View = { ...view, pixels: new Uint8Array(width * height * 3), labelMap };
  return { scene: await lay(sample, beside, studio), beside };
}

async function pasteCopies(scene: Scene, view: View, studio: Studio, other: Sample): Promise<Scene> {
  const { scene: source, beside } = await layBeside(other, view, studio);
  const chosen = source.boxes.filter(() => studio.random() < 0.5);
  if (chosen.length === 0) return scene;
  const { width, height } = view;
  const cover = new Uint8Array(width * height);
  let pasted: LabelledBox[] = [];
  for (const labelled of chosen) {
    const shape = labelled.mask ?? fillRings(labelled.polygons ?? [ringOf(labelled.box)], width, height);
    copyShape(shape, beside, view, cover);
    pasted = [...pasted, labelled];
  }
  return {
    boxes: [...occlude(scene.boxes, cover, width, height), ...pasted],
    classes: scene.classes,
  };
}

/** Copies the pixels of a shape, run by run, and marks them as covered. */
function copyShape(shape: InstanceMask, from: View, to: View, cover: Uint8Array): void {
  for (let y = 0; y < shape.height; y++) {
    const row = shape.data.subarray(y * shape.width, (y + 1) * shape.width);
    for (let start = row.indexOf(1); start >= 0; ) {
      const stop = row.indexOf(0, start);
      const end = stop < 0 ? row.length : stop;
      const base = (shape.top + y) * to.stride + shape.left;
      to.pixels.set(from.pixels.subarray((base + start) * 3, (base + end) * 3), (base + start) * 3);
      to.labelMap?.set(from.labelMap!.subarray(base + start, base + end), base + start);
      cover.fill(1, base + start, base + end);
      start = stop < 0 ? -1 : row.indexOf(1, stop);
    }
  }
}

async function layCutmix(scene: Scene, view: View, studio: Studio, other: Sample) {
  const { width, height } = view;
  const { random, policy } = studio;
  const side = Math.sqrt(1 - drawBeta(policy.cutmix!.alpha, random));
  const rectangle = rectangleAround(random() * width, random() * height, side * width, side * height, view);
  const { scene: source, beside } = await layBeside(other, view, studio);
  const weight = 1 - (rectangle.width * rectangle.height) / (width * height);
  const cover = new Uint8Array(width * height);
  copyShape({ ...rectangle, data: new Uint8Array(rectangle.width * rectangle.height).fill(1) }, beside, view, cover);
  const elsewhere = cover.map((covered) => 1 - covered);
  return {
    weight,
    scene: {
      boxes: [...occlude(scene.boxes, cover, width, height), ...occlude(source.boxes, elsewhere, width, height)],
      classes: mixedClasses(scene, source, weight),
    },
  };
}

async function layMixup(scene: Scene, view: View, studio: Studio, other: Sample) {
  const weight = drawBeta(studio.policy.mixup!.alpha, studio.random);
  const { scene: source, beside } = await layBeside(other, view, studio);
  blend(view.pixels, beside.pixels, weight);
  const weigh = (boxes: readonly LabelledBox[], by: number) =>
    boxes.map((labelled) => ({ ...labelled, weight: (labelled.weight ?? 1) * by }));
  return {
    weight,
    scene: {
      boxes: [...weigh(scene.boxes, weight), ...weigh(source.boxes, 1 - weight)],
      classes: mixedClasses(scene, source, weight),
    },
  };
}

function cutOut(scene: Scene, view: View, { policy, random }: Studio): Scene {
  const { width, height, pixels, labelMap } = view;
  const { count, area } = policy.cutout!;
  const cover = new Uint8Array(width * height);
  for (let n = 0; n < count; n++) {
    const part = area[0] + random() * (area[1] - area[0]);
    const ratio = Math.exp((2 * random() - 1) * Math.LN2);
    const [across, down] = [width * Math.sqrt(part * ratio), height * Math.sqrt(part / ratio)];
    const hole = rectangleAround(random() * width, random() * height, across, down, view);
    for (let y = hole.top; y < hole.top + hole.height; y++) {
      const at = y * width + hole.left;
      pixels.fill(letterboxFill, at * 3, (at + hole.width) * 3);
      labelMap?.fill(unlabelled, at, at + hole.width);
      cover.fill(1, at, at + hole.width);
    }
  }
  return { ...scene, boxes: occlude(scene.boxes, cover, width, height) };
}

/** A rectangle of whole pixels about a point, clipped to the canvas. */
function rectangleAround(x: number, y: number, across: number, down: number, canvas: Rectangle): Rectangle {
  const left = Math.max(0, Math.round(x - across / 2));
  const top = Math.max(0, Math.round(y - down / 2));
  const right = Math.min(canvas.width, Math.round(x + across / 2));
  const bottom = Math.min(canvas.height, Math.round(y + down / 2));
  return { left, top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}

const weighted = (classIndices: readonly number[], weight: number): WeightedClass[] =>
  classIndices.map((classIndex) => ({ classIndex, weight }));

function mixedClasses(one: Scene, other: Scene, weight: number): WeightedClass[] {
  const scaled = (scene: Scene, by: number) =>
    scene.classes.map(({ classIndex, weight: w }) => ({ classIndex, weight: w * by }));
  return united([...scaled(one, weight), ...scaled(other, 1 - weight)]);
}

/** Each class once, with its weights added up. */
function united(classes: readonly WeightedClass[]): WeightedClass[] {
  const sums = new Map<number, number>();
  for (const { classIndex, weight } of classes) sums.set(classIndex, (sums.get(classIndex) ?? 0) + weight);
  return [...sums].map(([classIndex, weight]) => ({ classIndex, weight }));
}

function checkTarget(into: AugmentTarget, width: number, height: number, policy: AugmentPolicy, draw?: DrawSample) {
  if (into.pixels.length !== width * height * 3 || (into.labelMap && into.labelMap.length !== width * height))
    throw new FoveaError(
      'invalid_sample',
      `A canvas of ${width} x ${height} needs ${width * height * 3} bytes of pixels and ${width * height} of labels; ` +
        `given are ${into.pixels.length} and ${into.labelMap?.length ?? 'none'}.`,
      { width, height, pixels: into.pixels.length, labels: into.labelMap?.length },
    );
  const mixing = (['mosaic', 'mixup', 'cutmix', 'copyPaste'] as const).find((key) => policy[key]);
  if (mixing && !draw)
    throw new FoveaError('invalid_augment_policy', `"${mixing}" needs further pictures, and none are to be had here.`, {
      key: mixing,
    });
  if (policy.mixup && into.labelMap)
    throw new FoveaError(
      'invalid_augment_policy',
      '"mixup" blends pixels, which a label map cannot; use cutmix, mosaic or copyPaste for segmentation.',
      { key: 'mixup' },
    );
}

function checkSample({ labelMap, image }: Sample, size: { width: number; height: number }, view: View): void {
  if ('data' in image && image.data.length !== image.width * image.height * 3)
    throw new FoveaError(
      'invalid_sample',
      `A picture of ${image.width} x ${image.height} has ${image.width * image.height * 3} bytes, not ${image.data.length}.`,
      { width: image.width, height: image.height, bytes: image.data.length },
    );
  if (view.labelMap && labelMap?.length !== size.width * size.height)
    throw new FoveaError(
      'invalid_sample',
      `A label map of ${size.width} x ${size.height} has ${size.width * size.height} bytes; ` +
        `${labelMap ? `given are ${labelMap.length}` : 'the sample has none'}.`,
      { width: size.width, height: size.height, labels: labelMap?.length },
    );
}
