import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { hashDistance, perceptualHash } from './perceptual-hash.js';
import { computePixelStatistics } from './pixel-statistics.js';

describe('statistics of pixels', () => {
  test('two halves, one black and one white: all figures by hand', () => {
    const data = Uint8Array.from({ length: 8 * 4 * 3 }, (_, i) => (Math.floor(i / 3) % 8 < 4 ? 0 : 255));
    const { statistics, luma } = computePixelStatistics(data, 8, 4, 3);
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
    expect([luma[0], luma[7]]).toEqual([0, 255]);
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
    const { statistics } = computePixelStatistics(raw.data, 90, 70, 3);
    const { channels } = await sharp(png).stats();
    statistics.channels.forEach((channel, c) => {
      expect(channel.mean).toBeCloseTo(channels[c]!.mean, 6);
      // libvips tells the sample's deviation.
      expect(channel.std * Math.sqrt(6300 / 6299)).toBeCloseTo(channels[c]!.stdev, 6);
      expect([channel.min, channel.max]).toEqual([channels[c]!.min, channels[c]!.max]);
    });
  });

  test('what is transparent counts as white', () => {
    const { statistics } = computePixelStatistics(Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 255]), 2, 1, 4);
    expect(statistics.channels[0]).toMatchObject({ mean: 127.5, min: 0, max: 255 });
    expect(statistics.sharpness).toBe(0);
  });
});

describe('perceptual hash', () => {
  const wave = (width: number, height: number, shift = 0) =>
    Float64Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / height];
      return 128 + 60 * Math.sin(7 * x + 3 * y * y + shift) + 40 * Math.cos(5 * y - 2 * x * y);
    });

  test('is the same picture at another size, lighter, or with a little noise, and not another picture', () => {
    const hash = perceptualHash(wave(320, 200), 320, 200);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(hashDistance(hash, perceptualHash(wave(150, 90), 150, 90))).toBeLessThanOrEqual(4);
    const lighter = wave(320, 200).map((value, i) => value * 1.1 + 12 + ((i * 7919) % 5));
    expect(hashDistance(hash, perceptualHash(lighter, 320, 200))).toBeLessThanOrEqual(4);
    expect(hashDistance(hash, perceptualHash(wave(320, 200, 2.5), 320, 200))).toBeGreaterThan(12);
  });

  test('takes pictures of a pixel and of one colour', () => {
    expect(perceptualHash([7], 1, 1)).toBe(perceptualHash(new Uint8Array(1000).fill(7), 100, 10));
  });

  test('the distance counts bits of all 64', () => {
    expect(hashDistance('0000000000000000', 'ffffffffffffffff')).toBe(64);
    expect(hashDistance('8000000000000001', '0000000000000000')).toBe(2);
    expect(hashDistance('8000000080000000', '8000000080000000')).toBe(0);
  });
});
