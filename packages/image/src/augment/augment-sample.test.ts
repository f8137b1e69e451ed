import { iou, type Xyxy } from '@fovea/annotations';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AugmentedSample,
  type AugmentPolicy,
  augmentPolicies,
  augmentSample,
  type Keypoint,
  type LabelledBox,
  type Sample,
  unlabelled,
} from './index.js';

/** Numbers in [0, 1) from a seed (xorshift). */
function seeded(seed: number): () => number {
  let state = (seed * 2654435761 + 88675123) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

// Colours far apart in every channel, so that a pixel is of one object, of the ground, of the fill, or of an edge.
const ground = [0, 0, 0] as const;
const dot = [255, 255, 255] as const;
const paints = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 0],
  [255, 0, 255],
  [0, 255, 255],
] as const;

type Shape = 'box' | 'polygon' | 'mask';

/** Pictures whose pixels say what is where: an object per class, in the class's colour, each with a white dot. */
function draw(
  width: number,
  height: number,
  objects: readonly { box: Xyxy; classIndex: number }[],
  shape: Shape,
): Sample {
  const data = new Uint8Array(width * height * 3);
  const labelMap = new Uint8Array(width * height).fill(paints.length);
  const paint = (x: number, y: number, colour: readonly number[]) => data.set(colour, (y * width + x) * 3);
  const boxes = objects.map(({ box, classIndex }): LabelledBox => {
    const [x0, y0, x1, y1] = box;
    const inside = (x: number, y: number) => {
      if (shape === 'box') return true;
      // A triangle with its right angle at the lower left.
      return (x - x0) / (x1 - x0) <= (y - y0) / (y1 - y0);
    };
    const mask = new Uint8Array((x1 - x0) * (y1 - y0));
    for (let y = y0; y < y1; y++)
      for (let x = x0; x < x1; x++) {
        if (!inside(x + 0.5, y + 0.5)) continue;
        paint(x, y, paints[classIndex]!);
        labelMap[y * width + x] = classIndex;
        mask[(y - y0) * (x1 - x0) + x - x0] = 1;
      }
    // Well inside, so that a dot is white at its middle after any resampling the tests do.
    const centre: Keypoint = [Math.round(x0 + (x1 - x0) * 0.3), Math.round(y0 + (y1 - y0) * 0.7), 2];
    for (let y = centre[1] - 5; y < centre[1] + 5; y++)
      for (let x = centre[0] - 5; x < centre[0] + 5; x++) paint(x, y, dot);
    return {
      classIndex,
      box,
      keypoints: [centre],
      ...(shape === 'polygon' && { polygons: [[x0, y0, x1, y1, x0, y1]] }),
      ...(shape === 'mask' && { mask: { left: x0, top: y0, width: x1 - x0, height: y1 - y0, data: mask } }),
    };
  });
  return { image: { data, width, height }, boxes, labelMap, classIndices: objects.map(({ classIndex }) => classIndex) };
}

/** The class of the pixel, 'dot', 'ground', or 'edge' for what is between or none of them. */
function kindOf(pixels: Uint8Array, at: number, tolerance: number): number | 'dot' | 'ground' | 'edge' {
  const near = (colour: readonly number[]) => colour.every((v, c) => Math.abs(pixels[at * 3 + c]! - v) <= tolerance);
  if (near(dot)) return 'dot';
  if (near(ground)) return 'ground';
  const classIndex = paints.findIndex(near);
  return classIndex < 0 ? 'edge' : classIndex;
}

interface Canvas {
  readonly pixels: Uint8Array;
  readonly labelMap: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly found: AugmentedSample;
}

async function augmented(
  sample: Sample,
  width: number,
  height: number,
  policy: AugmentPolicy,
  seed: number,
  draws: readonly Sample[] = [],
): Promise<Canvas> {
  const pixels = new Uint8Array(width * height * 3).fill(77);
  const labelMap = new Uint8Array(width * height).fill(77);
  let next = 0;
  const further = async () => draws[next++ % draws.length]!;
  const target = policy.mixup ? { pixels } : { pixels, labelMap };
  const found = await augmentSample(sample, target, width, height, policy, seeded(seed), further);
  return { pixels, labelMap, width, height, found };
}

/** Extents of an object's pixels: those of its colour, and of the dot and the edge between them. */
function extentsOf({ pixels, width, height }: Canvas, classIndex: number): Xyxy | undefined {
  let [x0, y0, x1, y1] = [width, height, -1, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      // Half of the colour or more: an edge pixel belongs to the side that has more of it.
      const belongs = paints[classIndex]!.every((v, c) => Math.abs(pixels[(y * width + x) * 3 + c]! - v) <= 120);
      if (!belongs) continue;
      [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
    }
  return x1 < 0 ? undefined : [x0, y0, x1 + 1, y1 + 1];
}

/** Pixels next to an edge that may look like one side and be labelled as the other. */
const edgeSlack = (pixels: number) => 4 + 0.004 * pixels;

/** Holds everything an augmentation says against what its pixels show; pixels count as `tolerance` grey levels exact. */
function expectMovedAlong(canvas: Canvas, tolerance = 12): void {
  const { pixels, labelMap, width, height, found } = canvas;
  for (const { classIndex, box, keypoints, mask, polygons } of found.boxes) {
    const seen = extentsOf(canvas, classIndex);
    expect(seen, `class ${classIndex} has a box, ${box}, but no pixels`).toBeDefined();
    const worst = Math.max(...box.map((v, i) => Math.abs(v - seen![i]!)));
    expect(iou(box, seen!) >= 0.9 || worst <= 2, `class ${classIndex}: box ${box}, pixels ${seen}`).toBe(true);
    for (const [x, y, v] of keypoints ?? []) {
      if (v !== 2) continue;
      // The dot is 10 pixels of the picture wide: its middle is white, wherever it is.
      const near = [-1, 0].flatMap((dy) => [-1, 0].map((dx) => [Math.round(x) + dx, Math.round(y) + dy] as const));
      const there = near.filter(([u, w]) => u >= 0 && w >= 0 && u < width && w < height);
      const white = there.some(([u, w]) => [0, 1, 2].every((c) => pixels[(w * width + u) * 3 + c]! >= 225));
      expect(white, `key point ${x}, ${y} of class ${classIndex} is not on its dot`).toBe(true);
    }
    if (mask) {
      let disagree = 0;
      for (let i = 0; i < mask.data.length; i++) {
        const at = (mask.top + Math.floor(i / mask.width)) * width + mask.left + (i % mask.width);
        const kind = kindOf(pixels, at, tolerance);
        if (kind !== 'edge' && kind !== 'dot' && (mask.data[i] === 1) !== (kind === classIndex)) disagree++;
      }
      expect(disagree, `pixels of class ${classIndex} its mask is wrong about`).toBeLessThanOrEqual(
        edgeSlack(mask.data.length),
      );
    }
    for (const ring of polygons ?? [])
      for (let i = 0; i < ring.length; i += 2) {
        expect(ring[i]).toBeGreaterThanOrEqual(box[0] - 0.01);
        expect(ring[i]).toBeLessThanOrEqual(box[2] + 0.01);
        expect(ring[i + 1]).toBeGreaterThanOrEqual(box[1] - 0.01);
        expect(ring[i + 1]).toBeLessThanOrEqual(box[3] + 0.01);
      }
  }
  let wrong = 0;
  let inner = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const kind = kindOf(pixels, at, tolerance);
      if (kind === 'dot' || kind === 'edge') continue;
      inner++;
      const label = labelMap[at]!;
      if (kind === 'ground' ? label !== paints.length : label !== kind) wrong++;
    }
  expect(wrong, `${wrong} of ${inner} labels are not what the pixels show`).toBeLessThanOrEqual(edgeSlack(inner));
  let exposed = 0;
  for (let at = 0; at < labelMap.length; at++)
    if (labelMap[at] === unlabelled && typeof kindOf(pixels, at, 2) === 'number') exposed++;
  expect(exposed, 'pixels of an object that are labelled as nothing').toBeLessThanOrEqual(edgeSlack(inner));
}

const scenery = (shape: Shape = 'box', first = 0): Sample =>
  draw(
    240,
    180,
    [
      { box: [20, 30, 90, 120], classIndex: first },
      { box: [120, 20, 220, 80], classIndex: first + 1 },
      { box: [110, 100, 180, 170], classIndex: first + 2 },
    ],
    shape,
  );

const geometries: Record<string, AugmentPolicy> = {
  nothing: {},
  cover: { fit: 'cover' },
  stretched: { fit: 'stretch' },
  cropped: { fit: 'random-resized-crop', area: [0.3, 1], ratio: [0.6, 1.7] },
  scaled: { scale: [0.5, 2], translate: 1 },
  'stretched a little': { stretch: 1.5 },
  mirrored: { mirror: 1 },
  'upside down': { flipVertical: 1 },
  'over both': { mirror: 1, flipVertical: 1, scale: [0.8, 1.2], translate: 1 },
  rotated: { rotate: 45, scale: [0.7, 1.3], translate: 1 },
  'rotated by any angle': { rotate: 180, mirror: 0.5 },
  sheared: { shear: 20 },
  'cropped and rotated': { fit: 'random-resized-crop', area: [0.3, 1], ratio: [0.75, 1.33], rotate: 30, mirror: 0.5 },
  'cut out': { cutout: { probability: 1, count: 2, area: [0.02, 0.15] } },
};

describe('what is on a picture moves with its pixels', () => {
  for (const [name, policy] of Object.entries(geometries))
    for (const shape of ['box', 'polygon', 'mask'] as const)
      test(`${name}, ${shape}`, async () => {
        for (let seed = 1; seed <= 6; seed++) {
          // A turned triangle is exact; the hull of a turned box's corners is, too, since the box is full.
          expectMovedAlong(await augmented(scenery(shape), 200, 160, policy, seed));
        }
      });

  test('any combination of geometry', async () => {
    const range = (least: number, most: number) =>
      fc
        .tuple(fc.double({ min: least, max: most, noNaN: true }), fc.double({ min: least, max: most, noNaN: true }))
        .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    const free = fc.record(
      {
        fit: fc.constantFrom('letterbox' as const, 'cover' as const, 'stretch' as const),
        scale: range(0.7, 2),
        stretch: fc.double({ min: 1, max: 1.4, noNaN: true }),
        translate: part,
        rotate: fc.double({ min: 0, max: 180, noNaN: true }),
        shear: fc.double({ min: 0, max: 25, noNaN: true }),
        mirror: part,
        flipVertical: part,
      },
      { requiredKeys: [] },
    );
    const cropped = fc.record(
      {
        fit: fc.constant('random-resized-crop' as const),
        area: range(0.25, 1),
        ratio: range(0.6, 1.6),
        rotate: fc.double({ min: 0, max: 60, noNaN: true }),
        mirror: part,
      },
      { requiredKeys: ['fit'] },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(free, cropped),
        fc.constantFrom<Shape>('box', 'polygon', 'mask'),
        fc.integer({ min: 160, max: 260 }),
        fc.integer({ min: 160, max: 260 }),
        fc.nat(),
        async (policy, shape, width, height, seed) =>
          expectMovedAlong(await augmented(scenery(shape), width, height, policy as AugmentPolicy, seed)),
      ),
      { numRuns: 150 },
    );
  });

  test('of a picture decoded smaller, annotations keep the size they were given in', async () => {
    const whole = scenery('box');
    const half = await augmented(whole, 120, 90, {}, 1);
    const sample: Sample = { ...whole, image: { data: half.pixels, width: 120, height: 90 }, size: whole.image };
    for (let seed = 1; seed <= 4; seed++) {
      const canvas = await augmented(sample, 200, 160, { rotate: 20, mirror: 0.5, scale: [0.8, 1.4] }, seed);
      expectMovedAlong(canvas);
      expect(canvas.found.boxes.length).toBeGreaterThan(0);
    }
  });
});
