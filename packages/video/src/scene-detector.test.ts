import { expect, test } from 'vitest';
import { SCENE_THRESHOLD, SceneDetector, SMALL_HEIGHT, SMALL_WIDTH, shrinkToLuma } from './scene-detector.js';

/** Stripes that no other number's stripes are alike, with a brightness on top. */
function view(number: number, lift = 0): Float32Array {
  return Float32Array.from({ length: SMALL_WIDTH * SMALL_HEIGHT }, (_, at) => {
    const x = at % SMALL_WIDTH;
    return Math.min(255, (((x >> number) & 1) === 1 ? 200 : 40) + lift);
  });
}

function mix(a: Float32Array, b: Float32Array, part: number): Float32Array {
  return a.map((value, at) => value * (1 - part) + b[at]! * part);
}

/** The frames, 25 a second, that scenes begin with. */
function scenesOf(frames: readonly Float32Array[]): number[] {
  const detector = new SceneDetector(SCENE_THRESHOLD);
  const scenes: number[] = [];
  let perhaps: number | undefined;
  frames.forEach((small, index) => {
    const { confirms, verdict } = detector.push(small, index * 40_000);
    if (confirms) scenes.push(perhaps!);
    perhaps = verdict === 'perhaps' ? index : undefined;
    if (verdict === 'scene') scenes.push(index);
  });
  if (perhaps !== undefined && detector.end()) scenes.push(perhaps);
  return scenes;
}

const still = (number: number, count: number) => Array.from({ length: count }, () => view(number));

test('a cut begins a scene with its first frame; what stands still does not', () => {
  expect(scenesOf([...still(1, 30), ...still(3, 30)])).toEqual([0, 30]);
  expect(scenesOf([...still(1, 30), ...still(3, 1)])).toEqual([0, 30]);
});

test('a flash is no scene', () => {
  expect(scenesOf([...still(1, 30), view(1, 100), ...still(1, 30)])).toEqual([0]);
  expect(scenesOf([...still(1, 30), view(4), ...still(1, 30)])).toEqual([0]);
});

test('a dissolve begins one scene', () => {
  const dissolve = Array.from({ length: 12 }, (_, at) => mix(view(1), view(3), (at + 1) / 13));
  const scenes = scenesOf([...still(1, 30), ...dissolve, ...still(3, 30)]);
  expect(scenes).toHaveLength(2);
  expect(scenes[1]).toBeGreaterThan(30);
  expect(scenes[1]).toBeLessThanOrEqual(42);
});

test('frames that all differ begin no scene more than twice a second', () => {
  const wild = Array.from({ length: 100 }, (_, at) => view(1 + (at % 4)));
  expect(scenesOf(wild)).toEqual([0]);
});

test('a picture is shrunk to the mean luma of each part', () => {
  const [width, height] = [SMALL_WIDTH * 2, SMALL_HEIGHT * 3];
  const data = new Uint8Array(width * height * 3).fill(100);
  // The part at the top left: five of its six pixels white.
  for (const at of [0, 1, width, width + 1, 2 * width]) data.fill(255, at * 3, at * 3 + 3);
  const luma = shrinkToLuma({ data, width, height });
  expect(luma[0]).toBeCloseTo((5 * 255 + 100) / 6, 3);
  expect(luma[1]).toBeCloseTo(100, 3);
  expect(
    shrinkToLuma({ data: new Uint8Array([9, 9, 9]), width: 1, height: 1 }).every((value) => Math.abs(value - 9) < 1e-4),
  ).toBe(true);
});
