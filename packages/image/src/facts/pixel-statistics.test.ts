import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { MAX_STEP, sumPixels } from './kernel/pixel-kernel.js';
import { computePixelStatistics } from './pixel-statistics.js';

/** The same figures in the plainest JavaScript. */
function sumPlainly(data: Uint8Array, width: number, height: number, step: number) {
  const [w, h] = [Math.floor(width / step), Math.floor(height / step)];
  const pixels: number[] = [];
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let dy = 0; dy < step; dy++) {
          for (let dx = 0; dx < step; dx++) sum += data[((y * step + dy) * width + x * step + dx) * 3 + c]!;
        }
        pixels.push(Math.floor((sum + Math.floor(step ** 2 / 2)) / step ** 2));
      }
    }
  }
  const luma = Array.from({ length: w * h }, (_, i) => {
    const [red, green, blue] = pixels.slice(i * 3, i * 3 + 3) as [number, number, number];
    return Math.floor((19_595 * red + 38_470 * green + 7_471 * blue + 32_768) / 65_536);
  });
  let [laplacianSum, laplacianSquares] = [0, 0];
  for (let y = 1; y < h - 1; y++) {
    for (let x = 1; x < w - 1; x++) {
      const at = y * w + x;
      const value = luma[at - w]! + luma[at + w]! + luma[at - 1]! + luma[at + 1]! - 4 * luma[at]!;
      laplacianSum += value;
      laplacianSquares += value ** 2;
    }
  }
  const cells = Array.from({ length: 1024 }, (_, i) => {
    const part = (index: number, length: number) => {
      const from = Math.floor((index * length) / 32);
      return [from, Math.max(from + 1, Math.floor(((index + 1) * length) / 32))] as const;
    };
    const [[top, bottom], [left, right]] = [part(Math.floor(i / 32), h), part(i % 32, w)];
    let sum = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += luma[y * w + x]!;
    return sum / ((bottom - top) * (right - left));
  });
  const count = (values: number[]) => {
    const histogram = new Array<number>(256).fill(0);
    for (const value of values) histogram[value]!++;
    return histogram;
  };
  const histograms = [0, 1, 2].map((c) => count(pixels.filter((_, i) => i % 3 === c)));
  return {
    width: w,
    height: h,
    pixels,
    histograms: [...histograms, count(luma)],
    laplacianSum,
    laplacianSquares,
    cells,
  };
}

describe('sums over pixels', () => {
  test('are those of plain JavaScript, at every step and size, down to a pixel', () => {
    const shape = fc.tuple(fc.integer({ min: 1, max: MAX_STEP }), fc.integer({ min: 1, max: 90 }), fc.nat(60));
    fc.assert(
      fc.property(shape, fc.integer({ min: 0, max: 255 }), fc.nat(), ([step, more, other], base, seed) => {
        const [width, height] = [step + more, step + other];
        let state = seed + 1;
        const data = Uint8Array.from({ length: width * height * 3 }, () => {
          state = (state * 48_271) % 2_147_483_647;
          // Extremes more often than by chance: sums must hold them.
          return state % 5 === 0 ? 255 : state % 5 === 1 ? 0 : (base + (state % 64)) & 255;
        });
        const sums = sumPixels(data, width, height, step);
        const { histograms, pixels, cells, ...rest } = sums;
        const plain = { ...rest, pixels: [...pixels], cells: [...cells], histograms: histograms.map((h) => [...h]) };
        expect(plain).toEqual(sumPlainly(data, width, height, step));
      }),
      { numRuns: 150 },
    );
  });

  test('hold a chequerboard of black and white, whose Laplacian is as large as it gets', () => {
    const [width, height] = [511, 511];
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return ((pixel % width) + Math.floor(pixel / width)) % 2 === 0 ? 255 : 0;
    });
    const { laplacianSum, laplacianSquares } = sumPixels(data, width, height, 1);
    expect(laplacianSquares).toBe(509 * 509 * 1020 ** 2);
    expect(laplacianSum).toBe(-1020);
  });
});

describe('statistics of pixels', () => {
  test('two halves, one black and one white: all figures by hand', () => {
    const data = Uint8Array.from({ length: 8 * 4 * 3 }, (_, i) => (Math.floor(i / 3) % 8 < 4 ? 0 : 255));
    const statistics = computePixelStatistics(sumPixels(data, 8, 4, 1));
    for (const channel of statistics.channels) {
      expect(channel).toMatchObject({ mean: 127.5, std: 127.5, min: 0, max: 255 });
      expect(channel.histogram[0]).toBe(16);
      expect(channel.histogram.reduce((sum, n) => sum + n)).toBe(32);
    }
    expect(statistics.brightness).toBeCloseTo(0.5, 12);
    expect(statistics.contrast).toBeCloseTo(0.5, 12);
    expect(statistics.entropy).toBe(1);
    // Of six inner columns two see an edge: +255 and -255, each a sixth.
    expect(statistics.sharpness).toBeCloseTo(255 ** 2 / 3, 6);
  });

  test('agree with what libvips measures', async () => {
    const noise = sharp({
      create: {
        width: 90,
        height: 70,
        channels: 3,
        background: '#808080',
        noise: { type: 'gaussian', mean: 110, sigma: 40 },
      },
    });
    const png = await noise.png().toBuffer();
    const raw = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect(raw.info.channels).toBe(3);
    const statistics = computePixelStatistics(sumPixels(raw.data, 90, 70, 1));
    const { channels } = await sharp(png).stats();
    statistics.channels.forEach((channel, c) => {
      expect(channel.mean).toBeCloseTo(channels[c]!.mean, 6);
      // libvips tells the sample's deviation.
      expect(channel.std * Math.sqrt(6300 / 6299)).toBeCloseTo(channels[c]!.stdev, 6);
      expect([channel.min, channel.max]).toEqual([channels[c]!.min, channels[c]!.max]);
    });
  });

  test('are 0 where no pixel has four neighbours', () => {
    expect(computePixelStatistics(sumPixels(Uint8Array.from([0, 0, 0, 9, 9, 9]), 2, 1, 1)).sharpness).toBe(0);
  });
});
