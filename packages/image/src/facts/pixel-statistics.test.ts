import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
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
