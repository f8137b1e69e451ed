import { deflateSync } from 'node:zlib';
import { classColor, colourLabelMap } from '@fovea/annotations';
import { decodeImage } from '@fovea/image';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countLabels, decodeLabelMap, encodeLabelMap, type LabelMap, mapLabels } from './label-map.js';
import { chunk, labelPng, pngOf, rawPng } from './testing.js';

const random = (width: number, height: number, seed = 1): LabelMap => {
  let state = seed;
  const data = Uint8Array.from({ length: width * height }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  return { data, width, height };
};
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    ({ code, message }) => `${code} ${message}`,
  );

describe('a label map', () => {
  it('comes back from its PNG as it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        async (w, h, seed) => {
          const map = random(w, h, seed);
          const png = await encodeLabelMap(map);
          expect(await decodeLabelMap(png)).toEqual(map);
          expect(Buffer.compare(png, await encodeLabelMap(map))).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is read by a picture decoder as the same greys, and in colours as the same colours', async () => {
    const map: LabelMap = { data: Uint8Array.from([0, 1, 34, 0, 2, 1]), width: 3, height: 2 };
    const png = await encodeLabelMap(map);
    const grey = await decodeImage(png);
    expect([...grey.data]).toEqual([...map.data].flatMap((value) => [value, value, value]));
    const coloured = colourLabelMap(png, classColor);
    const hexOf = (at: number) => `#${Buffer.from(pixels.data.slice(at * 3, at * 3 + 3)).toString('hex')}`;
    const pixels = await decodeImage(coloured);
    expect([...map.data].map((_, at) => hexOf(at))).toEqual([...map.data].map(classColor));
    // Its stored values are still classes.
    expect(await decodeLabelMap(coloured)).toEqual(map);
    const unlabelled = await encodeLabelMap({ data: Uint8Array.of(255), width: 1, height: 1 });
    expect([...(await decodeImage(colourLabelMap(unlabelled, classColor))).data]).toEqual([255, 255, 255]);
    // Half of black laid on white; a class that is not to be seen leaves the ground.
    const two = await encodeLabelMap({ data: Uint8Array.of(0, 1), width: 2, height: 1 });
    const faint = colourLabelMap(two, (index) => ({ color: '#000000', opacity: index === 0 ? 0.6 : 0 }));
    const drawn = await decodeImage(faint);
    expect([...drawn.data]).toEqual([102, 102, 102, 255, 255, 255]);
  });

  it('is counted and mapped; what has no class is unlabelled', () => {
    const map: LabelMap = { data: Uint8Array.from([0, 1, 1, 2, 255, 9]), width: 6, height: 1 };
    expect([...countLabels(map)].flatMap((count, value) => (count ? [[value, count]] : []))).toEqual([
      [0, 1],
      [1, 2],
      [2, 1],
      [9, 1],
      [255, 1],
    ]);
    expect([...mapLabels(map, [7, 3, 300]).data]).toEqual([7, 3, 3, 255, 255, 255]);
  });
});

describe('a label PNG', () => {
  it('may be a palette, whose indices count and not its colours', async () => {
    const { data } = await decodeLabelMap(labelPng((x, y) => x + y, { width: 5, height: 2, palette: true }));
    expect([...data]).toEqual([0, 1, 2, 3, 4, 1, 2, 3, 4, 5]);
  });

  it('may have fewer bits: values are not stretched', async () => {
    const bits = rawPng({ width: 10, height: 1, bitDepth: 1 }, Uint8Array.from([0, 0b10110000, 0b01000000]));
    expect([...(await decodeLabelMap(bits)).data]).toEqual([1, 0, 1, 1, 0, 0, 0, 0, 0, 1]);
    const four = rawPng({ width: 3, height: 1, bitDepth: 4 }, Uint8Array.from([0, 0x1f, 0x50]));
    expect([...(await decodeLabelMap(four)).data]).toEqual([1, 15, 5]);
    const two = rawPng({ width: 5, height: 1, bitDepth: 2 }, Uint8Array.from([0, 0b00011011, 0b11000000]));
    expect([...(await decodeLabelMap(two)).data]).toEqual([0, 1, 2, 3, 3]);
  });

  it('may be filtered in each of the five ways', async () => {
    const map = random(7, 5, 99);
    const at = (x: number, y: number) => (x < 0 || y < 0 ? 0 : map.data[y * 7 + x]!);
    const paeth = (a: number, b: number, c: number) => {
      const p = a + b - c;
      const nearest = [a, b, c].map((value, order) => [Math.abs(p - value), order, value] as const);
      return nearest.sort((one, two) => one[0] - two[0] || one[1] - two[1])[0]![2];
    };
    const predict = [
      () => 0,
      (x: number, y: number) => at(x - 1, y),
      (x: number, y: number) => at(x, y - 1),
      (x: number, y: number) => (at(x - 1, y) + at(x, y - 1)) >> 1,
      (x: number, y: number) => paeth(at(x - 1, y), at(x, y - 1), at(x - 1, y - 1)),
    ];
    const rows = Buffer.alloc(5 * 8);
    for (let y = 0; y < 5; y++) {
      rows[y * 8] = y;
      for (let x = 0; x < 7; x++) rows[y * 8 + 1 + x] = at(x, y) - predict[y]!(x, y);
    }
    expect(await decodeLabelMap(rawPng({ width: 7, height: 5 }, rows))).toEqual(map);
  });

  it('may be interlaced', async () => {
    const passes = [
      [0, 0, 8, 8],
      [4, 0, 8, 8],
      [0, 4, 4, 8],
      [2, 0, 4, 4],
      [0, 2, 2, 4],
      [1, 0, 2, 2],
      [0, 1, 1, 2],
    ] as const;
    for (const [width, height] of [
      [11, 9],
      [1, 1],
      [3, 2],
    ] as const) {
      const map = random(width, height, 5);
      const rows: number[] = [];
      for (const [left, top, stepX, stepY] of passes) {
        for (let y = top; y < height && left < width; y += stepY) {
          rows.push(0);
          for (let x = left; x < width; x += stepX) rows.push(map.data[y * width + x]!);
        }
      }
      expect(await decodeLabelMap(rawPng({ width, height, interlace: 1 }, Uint8Array.from(rows)))).toEqual(map);
    }
  });

  it('of another kind, broken or cut off is refused with what is wrong', async () => {
    const good = labelPng(() => 1);
    const flipped = Buffer.from(good);
    flipped[50]! ^= 1;
    const size = (width: number, height: number) => rawPng({ width, height }, new Uint8Array(3));
    const cases: [Uint8Array, RegExp][] = [
      [new Uint8Array(), /empty/],
      [Buffer.from('GIF89a and more'), /no PNG/],
      [pngOf(1), /RGB.*want one channel/],
      [rawPng({ width: 1, height: 1, bitDepth: 16 }, Uint8Array.of(0, 0, 1)), /16 bits/],
      [rawPng({ width: 1, height: 1, colourType: 4 }, Uint8Array.of(0, 0, 1)), /grey with transparency/],
      [rawPng({ width: 1, height: 1, bitDepth: 3 }, Uint8Array.of(0, 0)), /header is broken/],
      [good.subarray(0, good.length - 20), /cut off/],
      [good.subarray(0, 30), /cut off/],
      [flipped, /checksum/],
      [size(0, 3), /no pixels/],
      [size(100, 100), /fewer pixels/],
      [size(1, 1), /more pixels/],
      [size(200_000, 200_000), /over the limit/],
      [rawPng({ width: 1, height: 1 }, Uint8Array.of(9, 0)), /filter 9/],
      [Buffer.concat([good.subarray(0, 33), chunk('IDAT', Buffer.from('no zlib')), good.subarray(-12)]), /broken/],
      [Buffer.concat([good.subarray(0, 33), good.subarray(-12)]), /no pixels/],
      [Buffer.concat([good.subarray(0, 8), chunk('IDAT', deflateSync(Buffer.alloc(9))), good.subarray(33)]), /header/],
    ];
    for (const [bytes, why] of cases) {
      const said = await codeOf(decodeLabelMap(bytes));
      expect(said).toMatch(/^bad_label_map The label map cannot be used: .*\.$/);
      expect(said).toMatch(why);
    }
  });
});
