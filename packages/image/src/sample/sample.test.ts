import { describe, expect, test } from 'vitest';
import { decodeImage, probeImage } from '../decode.js';
import { renderSamplePicture } from './render.js';
import { composeScene, type PlacedPart, toPart } from './scene.js';

const WIDTH = 480;
const HEIGHT = 320;

test('the same seed gives the same bytes, another seed another picture', async () => {
  const [first, again, other] = await Promise.all([
    renderSamplePicture(7),
    renderSamplePicture(7),
    renderSamplePicture(8),
  ]);
  expect(Buffer.from(first.bytes).equals(Buffer.from(again.bytes))).toBe(true);
  expect(first.annotations).toEqual(again.annotations);
  expect(Buffer.from(first.bytes).equals(Buffer.from(other.bytes))).toBe(false);
});

test('a picture is a JPEG of 480 x 320 with contrast, neither black nor burnt out', async () => {
  for (const seed of [0, 1, 2, 3]) {
    const { bytes } = await renderSamplePicture(seed);
    expect(await probeImage(bytes)).toMatchObject({ width: WIDTH, height: HEIGHT, format: 'jpeg' });
    const { data } = await decodeImage(bytes);
    const mean = data.reduce((a, b) => a + b, 0) / data.length;
    const spread = Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length);
    expect(mean).toBeGreaterThan(30);
    expect(mean).toBeLessThan(225);
    expect(spread).toBeGreaterThan(10);
  }
});

describe('scenes', () => {
  const scenes = Array.from({ length: 60 }, (_, seed) => composeScene(seed, WIDTH, HEIGHT));

  test('hold 3 to 12 parts, and all three classes come about as often', () => {
    for (const { parts } of scenes) {
      expect(parts.length).toBeGreaterThanOrEqual(3);
      expect(parts.length).toBeLessThanOrEqual(12);
    }
    const names = scenes.flatMap(({ parts }) => parts.map(({ part }) => part.className));
    for (const className of ['bolt', 'nut', 'washer']) {
      expect(names.filter((name) => name === className).length).toBeGreaterThan(names.length / 5);
    }
  });

  test('boxes are tight: the silhouette reaches each side and nothing of it lies beyond', () => {
    for (const placed of scenes.slice(0, 12).flatMap(({ parts }) => parts)) {
      const seen = silhouetteBox(placed);
      placed.box.forEach((value, side) => {
        expect(Math.abs(value - seen[side]!), `${placed.part.className} side ${side}`).toBeLessThan(0.6);
      });
    }
  });
});

/** Extent of the spots, a quarter of a pixel apart, that lie in the part and in the picture. */
function silhouetteBox(placed: PlacedPart): number[] {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const reach = placed.part.radius + 2;
  const [fromX, fromY] = [Math.max(0, Math.floor(placed.x - reach)), Math.max(0, Math.floor(placed.y - reach))];
  for (let y = fromY; y <= Math.min(HEIGHT, placed.y + reach); y += 0.25) {
    for (let x = fromX; x <= Math.min(WIDTH, placed.x + reach); x += 0.25) {
      if (placed.part.distance(...toPart(placed, x, y)) > 0) continue;
      box[0] = Math.min(box[0]!, x);
      box[1] = Math.min(box[1]!, y);
      box[2] = Math.max(box[2]!, x);
      box[3] = Math.max(box[3]!, y);
    }
  }
  return box;
}
