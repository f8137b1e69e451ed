import { iou, type Xyxy } from '@fovea/annotations';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { RawImage } from '../decode.js';
import {
  type AugmentedSample,
  type AugmentPolicy,
  augmentPolicies,
  augmentSample,
  type Keypoint,
  type LabelledBox,
  parseAugmentPolicy,
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
type Decoded = Sample & { readonly image: RawImage };

/** Pictures whose pixels say what is where: an object per class, in the class's colour, each with a white dot. */
function draw(
  width: number,
  height: number,
  objects: readonly { box: Xyxy; classIndex: number }[],
  shape: Shape,
): Decoded {
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
  return {
    image: { data, width, height } satisfies RawImage,
    boxes,
    labelMap,
    classIndices: objects.map(({ classIndex }) => classIndex),
  };
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
  let bare = 0;
  let inner = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const kind = kindOf(pixels, at, tolerance);
      if (kind === 'dot' || kind === 'edge') continue;
      inner++;
      const label = labelMap[at]!;
      if (label === (kind === 'ground' ? paints.length : kind)) continue;
      if (label === unlabelled) bare++;
      else wrong++;
    }
  expect(wrong, `${wrong} of ${inner} labels are not what the pixels show`).toBeLessThanOrEqual(edgeSlack(inner));
  // One line more: where the picture ends on the middle of pixels, they show half of it and all of them have no label.
  const bareSlack = edgeSlack(inner) + Math.max(width, height);
  expect(bare, `${bare} of ${inner} pixels of the picture have no label`).toBeLessThanOrEqual(bareSlack);
  let exposed = 0;
  for (let at = 0; at < labelMap.length; at++)
    if (labelMap[at] === unlabelled && typeof kindOf(pixels, at, 2) === 'number') exposed++;
  expect(exposed, 'pixels of an object that are labelled as nothing').toBeLessThanOrEqual(edgeSlack(inner));
}

const scenery = (shape: Shape = 'box', first = 0): Decoded =>
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

/** Pictures of different sizes with objects of one class each, so that colours tell where they came from. */
const others = (shape: Shape, first: number, sizes: readonly (readonly [number, number])[]) =>
  sizes.map(([width, height], n) =>
    draw(width, height, [{ box: [30, 30, width - 40, height - 40], classIndex: first + n }], shape),
  );

test('of a picture still in its file, whichever way up it is stored, the same comes out', async () => {
  const sample = scenery('polygon');
  const { data, width, height } = sample.image;
  const png = sharp(data, { raw: { width, height, channels: 3 } });
  // Stored on its side, to be turned by 90 degrees clockwise: orientation 6.
  const side = await png.clone().rotate(270).png().withMetadata({ orientation: 6 }).toBuffer();
  for (const bytes of [await png.png().toBuffer(), side])
    for (const policy of Object.values(geometries))
      for (let seed = 1; seed <= 2; seed++) {
        const [decoded, encoded] = [
          await augmented(sample, 200, 160, policy, seed),
          await augmented({ ...sample, image: { bytes, width, height } }, 200, 160, policy, seed),
        ];
        expect(encoded.found).toEqual(decoded.found);
        expect(encoded.labelMap).toEqual(decoded.labelMap);
        const wrong = encoded.pixels.reduce((sum, v, i) => sum + (Math.abs(v - decoded.pixels[i]!) > 12 ? 1 : 0), 0);
        expect(wrong, JSON.stringify(policy)).toBeLessThan(encoded.pixels.length * 0.001);
      }
  const image = { bytes: Uint8Array.from(side.subarray(0, 300)), width, height };
  await expect(augmented({ ...sample, image }, 200, 160, {}, 1)).rejects.toThrow(
    /Cannot read the picture: the PNG data is broken/,
  );
  const grown = { bytes: Uint8Array.from(side), width: 1000, height: 900 };
  await expect(augmented({ image: grown }, 200, 160, geometries.cropped!, 1, [])).rejects.toThrow();
});

describe('several pictures in one', () => {
  for (const shape of ['box', 'polygon', 'mask'] as const) {
    test(`mosaic, ${shape}`, async () => {
      const draws = others(shape, 3, [
        [240, 180],
        [180, 240],
        [200, 200],
      ]);
      const first = draw(220, 160, [{ box: [20, 30, 150, 140], classIndex: 0 }], shape);
      let most = 0;
      for (let seed = 1; seed <= 8; seed++) {
        const policy: AugmentPolicy = {
          mosaic: { probability: 1, scale: [0.6, 1] },
          mirror: 0.5,
          rotate: seed > 4 ? 15 : 0,
        };
        const canvas = await augmented(first, 320, 288, policy, seed, draws);
        expectMovedAlong(canvas);
        most = Math.max(most, canvas.found.boxes.length);
        expect(canvas.found.classes.map(({ classIndex }) => classIndex).toSorted()).toEqual([0, 3, 4, 5]);
        expect(canvas.found.classes.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
      }
      expect(most).toBeGreaterThanOrEqual(3);
    });

    test(`copy-paste, ${shape}: what is covered shrinks or goes`, async () => {
      let pasted = 0;
      for (let seed = 1; seed <= 12; seed++) {
        const policy: AugmentPolicy = { copyPaste: { probability: 1 }, scale: [0.7, 1.1], translate: 1, mirror: 0.5 };
        const canvas = await augmented(scenery(shape), 240, 200, policy, seed, others(shape, 4, [[150, 140]]));
        expectMovedAlong(canvas);
        pasted += canvas.found.boxes.filter(({ classIndex }) => classIndex === 4).length;
      }
      expect(pasted).toBeGreaterThan(2);
    });

    test(`cutmix, ${shape}`, async () => {
      for (let seed = 1; seed <= 12; seed++) {
        const canvas = await augmented(
          scenery(shape),
          240,
          200,
          { cutmix: { probability: 1, alpha: 1 }, scale: [0.8, 1.2], translate: 1 },
          seed,
          others(shape, 4, [[240, 180]]),
        );
        expectMovedAlong(canvas);
        const { classes, lambda } = canvas.found;
        expect(classes.find(({ classIndex }) => classIndex === 4)!.weight).toBeCloseTo(1 - lambda, 9);
        expect(classes.find(({ classIndex }) => classIndex === 0)!.weight).toBeCloseTo(lambda, 9);
      }
    });
  }

  test('cutmix: lambda is the part of the canvas that is left of the first picture', async () => {
    const plain = (grey: number, classIndex: number): Sample => ({
      image: { data: new Uint8Array(100 * 80 * 3).fill(grey), width: 100, height: 80 },
      classIndices: [classIndex],
    });
    for (let seed = 1; seed <= 10; seed++) {
      const pixels = new Uint8Array(100 * 80 * 3);
      const policy: AugmentPolicy = { fit: 'stretch', cutmix: { probability: 1, alpha: 1 } };
      const { lambda } = await augmentSample(plain(10, 0), { pixels }, 100, 80, policy, seeded(seed), async () =>
        plain(200, 1),
      );
      expect(pixels.filter((v) => v === 10).length / pixels.length).toBeCloseTo(lambda, 9);
    }
  });

  test('mixup blends pixels by lambda, keeps both sets of boxes with weights, and adds up classes', async () => {
    const policy: AugmentPolicy = { fit: 'stretch', mixup: { probability: 1, alpha: 0.8 } };
    const lambdas: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const [one, other] = [scenery('box'), draw(240, 180, [{ box: [40, 40, 200, 140], classIndex: 5 }], 'box')];
      const { pixels, found } = await augmented(one, 240, 180, policy, seed, [other]);
      const { lambda } = found;
      lambdas.push(lambda);
      let worst = 0;
      for (let i = 0; i < pixels.length; i++)
        worst = Math.max(
          worst,
          Math.abs(pixels[i]! - (lambda * one.image.data[i]! + (1 - lambda) * other.image.data[i]!)),
        );
      expect(worst).toBeLessThanOrEqual(1.01);
      expect(found.boxes.map(({ box, weight }) => [...box, weight])).toEqual([
        ...one.boxes!.map(({ box }) => [...box, lambda]),
        [40, 40, 200, 140, 1 - lambda],
      ]);
      expect(found.classes).toEqual([
        ...[0, 1, 2].map((classIndex) => ({ classIndex, weight: lambda })),
        { classIndex: 5, weight: 1 - lambda },
      ]);
    }
    expect(Math.min(...lambdas)).toBeLessThan(0.3);
    expect(Math.max(...lambdas)).toBeGreaterThan(0.7);
  });
});

describe('pixels', () => {
  const noisy = (width: number, height: number): Decoded => {
    const random = seeded(9);
    return { image: { data: Uint8Array.from({ length: width * height * 3 }, () => random() * 256), width, height } };
  };
  const everything: AugmentPolicy = {
    scale: [0.6, 1.6],
    stretch: 1.3,
    translate: 1,
    rotate: 20,
    shear: 5,
    mirror: 0.5,
    flipVertical: 0.5,
    brightness: 0.3,
    contrast: 0.3,
    saturation: 0.3,
    hue: 20,
    grayscale: 0.3,
    invert: 0.3,
    gamma: 1.5,
    posterize: { probability: 0.5, bits: [3, 6] },
    solarize: { probability: 0.5, threshold: [100, 200] },
    equalize: 0.5,
    autocontrast: 0.5,
    sharpness: 0.8,
    blur: { probability: 0.5, sigma: [0.3, 2] },
    noise: { probability: 0.5, sigma: [1, 20] },
    jpeg: { probability: 0.5, quality: [40, 90] },
    cutout: { probability: 0.5, count: 2, area: [0.01, 0.1] },
    randAugment: { operations: 3, magnitude: 7 },
    mosaic: { probability: 0.5, scale: [0.5, 1] },
    mixup: { probability: 0.3, alpha: 0.5 },
    cutmix: { probability: 0.3, alpha: 1 },
    copyPaste: { probability: 0.5 },
  };

  test('the same numbers give the same bytes, other numbers others', async () => {
    const draws = others('polygon', 3, [[120, 90]]);
    const bytes = async (seed: number) => {
      const { pixels, found } = await augmented(scenery('mask'), 160, 120, everything, seed, draws);
      return JSON.stringify([Buffer.from(pixels).toString('base64'), found.boxes, found.lambda, [...found.colour]]);
    };
    for (let seed = 1; seed <= 12; seed++) {
      expect(await bytes(seed)).toBe(await bytes(seed));
      expect(await bytes(seed)).not.toBe(await bytes(seed + 100));
    }
  });

  test('no picture is too small, too long or too empty', async () => {
    for (const [width, height] of [
      [1, 1],
      [2, 1],
      [1, 300],
      [4000, 1],
      [3000, 5],
      [2, 2],
    ] as const)
      for (let seed = 1; seed <= 5; seed++) {
        const sample: Sample = {
          ...noisy(width, height),
          labelMap: new Uint8Array(width * height).fill(3),
          boxes: [{ classIndex: 0, box: [0, 0, width, height] }],
        };
        const { mixup: _, ...labelled } = everything;
        const policies: AugmentPolicy[] = [everything, labelled, ...Object.values(geometries)];
        policies.push({ fit: 'cover', scale: [5, 5], rotate: 9 });
        for (const policy of policies) {
          const { found, pixels } = await augmented(
            sample,
            64,
            48,
            policy,
            seed,
            [noisy(1, 1), sample].slice(policy.mixup ? 0 : 1),
          );
          expect(pixels.length).toBe(64 * 48 * 3);
          for (const { box } of found.boxes)
            for (const [i, v] of box.entries()) expect(v >= 0 && v <= (i % 2 ? 48 : 64), `${box}`).toBe(true);
        }
      }
  });

  test('a picture without annotations has none afterwards', async () => {
    const pixels = new Uint8Array(32 * 32 * 3);
    const found = await augmentSample(noisy(40, 20), { pixels }, 32, 32, augmentPolicies.detection, seeded(1));
    expect(found).toMatchObject({ boxes: [], classes: [], lambda: 1 });
  });

  test('nothing changes under the policy none: the picture lies where letterbox() puts it', async () => {
    const { letterbox } = await import('../letterbox.js');
    for (const [width, height] of [
      [100, 60],
      [64, 64],
      [20, 90],
    ] as const) {
      const [sample, canvas, expected] = [
        noisy(width, height),
        new Uint8Array(64 * 64 * 3),
        new Uint8Array(64 * 64 * 3),
      ];
      const { colour } = await augmentSample(sample, { pixels: canvas }, 64, 64, augmentPolicies.none, seeded(1));
      await letterbox(sample.image, expected, 64, 64);
      expect(Buffer.compare(canvas, expected)).toBe(0);
      expect([...colour]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
    }
  });

  test('a mirror image exchanges the key points of a pair; one turned over both ways does not', async () => {
    const boxes: LabelledBox[] = [
      {
        classIndex: 0,
        box: [10, 10, 90, 50],
        keypoints: [
          [20, 20, 2],
          [80, 30, 1],
          [0, 0, 0],
        ],
      },
    ];
    const sample: Sample = { ...noisy(100, 60), boxes };
    const moved = async (policy: AugmentPolicy) =>
      (await augmented(sample, 100, 60, { flipPairs: [[0, 1]], ...policy, mixup: { probability: 0, alpha: 1 } }, 1))
        .found.boxes[0]!.keypoints;
    expect(await moved({ mirror: 1 })).toEqual([
      [20, 30, 1],
      [80, 20, 2],
      [0, 0, 0],
    ]);
    expect(await moved({ flipVertical: 1 })).toEqual([
      [80, 30, 1],
      [20, 40, 2],
      [0, 0, 0],
    ]);
    expect(await moved({ mirror: 1, flipVertical: 1 })).toEqual([
      [80, 40, 2],
      [20, 30, 1],
      [0, 0, 0],
    ]);
  });

  test('a key point that leaves the canvas is no longer seen, one under a hole is hidden', async () => {
    const boxes: LabelledBox[] = [
      {
        classIndex: 0,
        box: [0, 0, 100, 60],
        keypoints: [
          [5, 5, 2],
          [50, 30, 2],
        ],
      },
    ];
    const { found } = await augmented(
      { ...noisy(100, 60), boxes },
      60,
      60,
      { fit: 'cover', mixup: { probability: 0, alpha: 1 } },
      1,
    );
    expect(found.boxes[0]!.keypoints).toEqual([
      [-15, 5, 0],
      [30, 30, 2],
    ]);
    expect(found.boxes[0]!.box).toEqual([0, 0, 60, 60]);
    for (let seed = 1; seed < 30; seed++) {
      const holes: AugmentPolicy = {
        cutout: { probability: 1, count: 1, area: [0.1, 0.3] },
        mixup: { probability: 0, alpha: 1 },
      };
      const canvas = await augmented({ ...noisy(100, 60), boxes }, 100, 60, holes, seed);
      const [, middle] = canvas.found.boxes[0]!.keypoints!;
      const at = (30 * 100 + 50) * 3;
      expect(middle![2]).toBe(canvas.pixels.subarray(at, at + 3).every((v) => v === 114) ? 1 : 2);
    }
  });
});

describe('policies', () => {
  test('what is known and in range passes, through JSON and back', () => {
    for (const policy of Object.values(augmentPolicies))
      expect(parseAugmentPolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
    expect(parseAugmentPolicy({})).toEqual({});
  });

  test('each mistake is named, with what would be right', () => {
    const cases: [unknown, RegExp][] = [
      [null, /must be an object with fit, /],
      [[], /must be an object/],
      [{ rotation: 3 }, /no "rotation"\. Known are fit, area, .*rotate/],
      [{ rotate: '3' }, /"rotate" of the augment policy is "3"; it must be a number from 0 to 180/],
      [{ rotate: Number.NaN }, /"rotate".*must be a number/],
      [{ scale: [2, 1] }, /"scale".*\[2,1\].*\[least, most\]/],
      [{ mirror: 1.5 }, /"mirror".*from 0 to 1/],
      [{ fit: 'contain' }, /"fit".*one of letterbox, cover, stretch, random-resized-crop/],
      [{ mosaic: 0.5 }, /"mosaic".*an object with probability, scale/],
      [{ mixup: { probability: 1 } }, /"mixup\.alpha".*missing/],
      [{ mixup: { probability: 1, alpha: 1, beta: 2 } }, /no "mixup\.beta"/],
      [{ cutout: { probability: 1, count: 1.5, area: [0.1, 0.2] } }, /"cutout\.count".*whole number/],
      [{ flipPairs: [[1]] }, /"flipPairs".*\[index, index\]/],
      [{ fit: 'random-resized-crop', scale: [1, 2] }, /"scale".*draws its own size/],
      [{ area: [0.5, 1] }, /"area".*random-resized-crop/],
      [{ constructor: 1 }, /no "constructor"/],
    ];
    for (const [json, message] of cases) {
      expect(() => parseAugmentPolicy(json)).toThrow(message);
      expect(() => parseAugmentPolicy(json)).toThrow(expect.objectContaining({ code: 'invalid_augment_policy' }));
    }
  });

  test('what a policy needs and what it cannot do is said', async () => {
    const [sample, pixels, labelMap] = [scenery(), new Uint8Array(20 * 10 * 3), new Uint8Array(200)];
    const run = (policy: AugmentPolicy, into = {}, of = sample, draws = true) =>
      augmentSample(of, { pixels, ...into }, 20, 10, policy, seeded(1), draws ? async () => sample : undefined);
    await expect(run({ mosaic: { probability: 1, scale: [1, 1] } }, {}, sample, false)).rejects.toThrow(
      /"mosaic" needs further pictures/,
    );
    await expect(run({ mixup: { probability: 1, alpha: 1 } }, { labelMap })).rejects.toThrow(/"mixup" blends pixels/);
    await expect(run({}, { labelMap: new Uint8Array(3) })).rejects.toThrow(
      /A canvas of 20 x 10 needs 600 bytes of pixels and 200 of labels/,
    );
    await expect(run({}, { labelMap }, { image: sample.image })).rejects.toThrow(/the sample has none/);
    const cut = { ...sample, image: { ...sample.image, data: sample.image.data.subarray(3) } };
    await expect(run({}, {}, cut)).rejects.toThrow(/has 129600 bytes, not 129597/);
  });
});
