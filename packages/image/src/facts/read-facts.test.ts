import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FoveaError } from '@fovea/annotations';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { readExif } from './exif.js';
import { readFacts } from './read-facts.js';

const shared = join(
  process.env.FOVEA_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared'),
  'data',
);

const tags = {
  IFD0: { Make: 'Acme', Model: 'Eye 1' },
  IFD2: {
    ExposureTime: '1/250',
    FNumber: '28/10',
    DateTimeOriginal: '2024:02:29 23:59:58',
    OffsetTimeOriginal: '-03:30',
    LensModel: 'Acme 50mm',
  },
  IFD3: {
    GPSLatitudeRef: 'S',
    GPSLatitude: '33/1 51/1 216/10',
    GPSLongitudeRef: 'E',
    GPSLongitude: '151/1 12/1 36/1',
  },
};
const solid = (width: number, height: number, background: string | object) =>
  sharp({ create: { width, height, channels: 3, background: background as string } });

describe('facts of a picture', () => {
  test('size, kind and EXIF of one turned by its orientation', async () => {
    const bytes = await solid(60, 40, '#204060')
      .withExif(tags)
      .withMetadata({ orientation: 6, exif: tags })
      .jpeg()
      .toBuffer();
    const facts = await readFacts(bytes);
    expect(facts).toMatchObject({
      sizeBytes: bytes.length,
      format: 'jpeg',
      width: 40,
      height: 60,
      orientation: 6,
      colourSpace: 'srgb',
      channels: 3,
      bitsPerChannel: 8,
      hasAlpha: false,
      pages: 1,
      statisticsSize: [40, 60],
    });
    expect(facts.exif).toMatchObject({
      cameraMake: 'Acme',
      cameraModel: 'Eye 1',
      lensModel: 'Acme 50mm',
      exposureSeconds: 0.004,
      fNumber: 2.8,
      takenAt: '2024-02-29T23:59:58',
      takenAtOffsetMinutes: -210,
      problem: null,
    });
    expect(facts.exif.gps!.latitude).toBeCloseTo(-33.856, 9);
    expect(facts.exif.gps!.longitude).toBeCloseTo(151.21, 9);
    expect(facts.exif.tags['ifd0.Make']).toBe('Acme');
    expect(facts.statistics.channels[2].mean).toBeCloseTo(0x60, -0.5);
    expect(await sharp(facts.thumbnail).metadata()).toMatchObject({ format: 'jpeg', width: 40, height: 60 });
  });

  test.each([
    { size: [511, 200], reduced: [511, 200] },
    { size: [512, 201], reduced: [256, 100] },
    { size: [767, 1000], reduced: [255, 333] },
    { size: [1279, 640], reduced: [319, 160] },
    { size: [1600, 800], reduced: [320, 160] },
    { size: [1000, 2], reduced: [320, 1] },
  ] as const)('statistics of $size pixels are of $reduced', async ({ size: [width, height], reduced }) => {
    for (const kind of ['png', 'jpeg'] as const) {
      const facts = await readFacts(await solid(width, height, '#ff8000')[kind]().toBuffer());
      expect(facts.statisticsSize).toEqual(reduced);
      const tolerance = kind === 'png' ? 0 : 2;
      [255, 128, 0].forEach((value, c) => {
        expect(Math.abs(facts.statistics.channels[c]!.mean - value)).toBeLessThanOrEqual(tolerance);
      });
      const { histogram } = facts.statistics.channels[0];
      expect(histogram.reduce((sum, n) => sum + n)).toBe(reduced[0] * reduced[1]);
      expect(await sharp(facts.thumbnail).metadata()).toMatchObject({ width: reduced[0], height: reduced[1] });
    }
  });

  const cars = join(shared, 'cars', 'images');
  test.skipIf(!existsSync(cars))('of real pictures are close to those of all their pixels by libvips', async () => {
    for (const name of (await readdir(cars)).slice(0, 20)) {
      const { statistics } = await readFacts(join(cars, name));
      const { channels } = await sharp(join(cars, name)).stats();
      statistics.channels.forEach(({ mean, std }, c) => {
        // Joined pixels have the same mean, but for rounding, and less of the noise.
        expect(Math.abs(mean - channels[c]!.mean)).toBeLessThan(0.5);
        expect(std / channels[c]!.stdev).toBeGreaterThan(0.9);
        expect(std / channels[c]!.stdev).toBeLessThan(1.001);
      });
    }
  });

  test('16 bits, grey, and transparency that the thumbnail keeps', async () => {
    const deep = await solid(8, 8, '#808080').toColourspace('rgb16').png().toBuffer();
    expect(await readFacts(deep)).toMatchObject({ bitsPerChannel: 16, channels: 3 });
    const grey = await readFacts(await solid(8, 8, '#606060').greyscale().png().toBuffer());
    expect(grey.statistics.channels.map(({ mean }) => mean)).toEqual([0x60, 0x60, 0x60]);
    const clear = sharp({
      create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    });
    const facts = await readFacts(await clear.png().toBuffer());
    expect(facts).toMatchObject({ hasAlpha: true, channels: 4, statistics: { brightness: 1 } });
    expect(await sharp(facts.thumbnail).metadata()).toMatchObject({ format: 'webp', hasAlpha: true });
  });

  test('a file that is cut off is refused', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    const whole = await sharp({ create: { width: 900, height: 700, channels: 3, background: '#000', noise } })
      .jpeg()
      .toBuffer();
    await expect(readFacts(whole.subarray(0, whole.length * 0.8))).rejects.toMatchObject({ code: 'unreadable_image' });
  });
});

describe('EXIF of bad will', () => {
  test('cut off and damaged blocks give values that make sense or null, as JSON a database can hold', async () => {
    const bytes = await solid(8, 8, '#000').withExif(tags).jpeg().toBuffer();
    const block = (await sharp(bytes).metadata()).exif!;
    // A fixed sequence (Lehmer 1951): the same damage every time.
    let state = 12345;
    const next = (below: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    for (let round = 0; round < 300; round++) {
      const damaged = Uint8Array.from(block.subarray(0, round % 2 === 0 ? block.length : next(block.length)));
      for (let hit = 0; hit < 1 + (round % 8) && damaged.length > 0; hit++) damaged[next(damaged.length)] = next(256);
      const facts = await readExif(damaged);
      expect(JSON.stringify(facts)).not.toContain('\\u0000');
      if (facts.gps) {
        expect(Math.abs(facts.gps.latitude)).toBeLessThanOrEqual(90);
        expect(Math.abs(facts.gps.longitude)).toBeLessThanOrEqual(180);
      }
      if (facts.takenAt) expect(Number.isNaN(Date.parse(facts.takenAt))).toBe(false);
      for (const value of [facts.exposureSeconds, facts.fNumber, facts.iso]) {
        expect(value === null || (Number.isFinite(value) && value > 0)).toBe(true);
      }
    }
  });

  test('a block that is none is told', async () => {
    expect((await readExif(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]))).problem).toMatch(/EXIF/);
    expect((await readExif(undefined)).problem).toBeNull();
  });

  const exif = join(shared, 'exif');
  test.skipIf(!existsSync(exif))('of real cameras: what Pillow 13 reads of the same files', async () => {
    // Canon_40D.jpg and gps/DSCN0010.jpg by Image.getexif() of Pillow, its IFDs 0x8769 and 0x8825.
    const canon = await readFacts(join(exif, 'jpg', 'Canon_40D.jpg'));
    expect(canon.exif).toMatchObject({
      cameraModel: 'Canon EOS 40D',
      iso: 100,
      exposureSeconds: 0.00625,
      takenAt: '2008-05-30T15:56:01',
    });
    const nikon = (await readFacts(join(exif, 'jpg', 'gps', 'DSCN0010.jpg'))).exif;
    expect(nikon.gps!.latitude).toBeCloseTo(43 + 28 / 60 + 2.814 / 3600, 6);
    expect(nikon.gps!.longitude).toBeCloseTo(11 + 53 / 60 + 6.45599999 / 3600, 6);
  });

  const hostile = join(shared, 'hostile');
  test.skipIf(!existsSync(hostile))(
    'every hostile picture has facts or a reason',
    async () => {
      const entries = await readdir(hostile, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      let read = 0;
      for (const file of files) {
        try {
          const facts = await readFacts(await readFile(file));
          expect(facts.statistics.entropy).toBeLessThanOrEqual(8);
          expect(facts.perceptualHash).toMatch(/^[0-9a-f]{16}$/);
          read++;
        } catch (error) {
          expect(error).toBeInstanceOf(FoveaError);
        }
      }
      expect(read).toBeGreaterThan(50);
    },
    120_000,
  );
});
