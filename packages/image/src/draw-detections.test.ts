import type { Detection } from '@fovea/annotations';
import { classColor } from '@fovea/annotations';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeImage, probeImage, type RawImage } from './decode.js';
import { type DrawOptions, drawDetections } from './draw-detections.js';
import { hasGlyphs, measureText } from './label-font.js';

const grey = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } })
    .png()
    .toBuffer();
const find = (box: Detection['box'], className = 'nut', classIndex = 1, confidence = 0.9): Detection => ({
  className,
  classIndex,
  box,
  confidence,
});
const drawn = async (picture: Buffer, found: Detection[], options: DrawOptions = {}) =>
  decodeImage(await drawDetections(picture, found, { quality: 100, ...options }));
const pixel = ({ data, width }: RawImage, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

/** Whether a pixel is of the class's colour, as far as JPEG keeps colours. */
function isClassColor(image: RawImage, x: number, y: number, classIndex: number): boolean {
  const color = classColor(classIndex);
  const want = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  return pixel(image, x, y).every((value, channel) => Math.abs(value - want[channel]!) < 40);
}

test('the frame lies on the box, in the class colour; inside, the picture is untouched', async () => {
  const image = await drawn(await grey(400, 300), [find([100, 100, 200, 220])]);
  expect([image.width, image.height]).toEqual([400, 300]);
  for (const [x, y] of [
    [100, 160],
    [199, 160],
    [150, 219],
  ] as const)
    expect(isClassColor(image, x, y, 1)).toBe(true);
  expect(pixel(image, 150, 160)).toEqual([128, 128, 128]);
  expect(pixel(image, 300, 50)).toEqual([128, 128, 128]);
});

test('a label lies above its box, or inside where there is no room above', async () => {
  const above = await drawn(await grey(400, 300), [find([100, 100, 200, 220])]);
  expect(isClassColor(above, 110, 87, 1)).toBe(true);
  const inside = await drawn(await grey(400, 300), [find([100, 0, 200, 220])]);
  expect(isClassColor(inside, 110, 3, 1)).toBe(true);
  const none = await drawn(await grey(400, 300), [find([100, 100, 200, 220])], { labels: false });
  expect(pixel(none, 110, 87)).toEqual([128, 128, 128]);
});

test('names with markup, control characters, other scripts and great length, boxes without sense: drawn or left out', async () => {
  const odd = ['<b>&"\'', 'a\u0000\u0007b', '汽车', 'lone \ud83d', 'x'.repeat(5000), ''];
  const detections = [
    ...odd.map((name, index) => find([10, 10 + 40 * index, 60, 40 + 40 * index], name, index)),
    find([Number.NaN, 0, 10, 10]),
    find([-500, -500, 5000, 5000]),
    find([50, 50, 50, 50]),
  ];
  const drawn = await drawDetections(await grey(400, 300), detections);
  expect(await probeImage(drawn)).toMatchObject({ format: 'jpeg', width: 400, height: 300 });
});

test('boxes are of the upright picture, and a very large one is drawn smaller', async () => {
  const turned = await sharp(await grey(300, 200))
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const image = await drawn(turned, [find([50, 200, 150, 280])]);
  expect([image.width, image.height]).toEqual([200, 300]);
  expect(isClassColor(image, 100, 279, 1)).toBe(true);
  const small = await drawn(await grey(400, 300), [find([100, 100, 300, 200])], { maxSide: 200 });
  expect([small.width, small.height]).toEqual([200, 150]);
  expect(isClassColor(small, 100, 99, 1)).toBe(true);
});

test('every printable ASCII character has a stroke glyph, and text is as wide as its letters', () => {
  const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('');
  expect(hasGlyphs(ascii)).toBe(true);
  expect(hasGlyphs('é')).toBe(false);
  expect(measureText('nut')).toBeLessThan(measureText('washer'));
});
