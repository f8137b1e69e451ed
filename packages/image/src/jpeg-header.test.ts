import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { openImage } from './input.js';
import { readPlainJpegHeader } from './jpeg-header.js';

const shared = join(
  process.env.FOVEA_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '../../../../shared'),
  'data',
);
const picture = () => sharp({ create: { width: 70, height: 30, channels: 3, background: '#a04020' } });

describe('the header of a plain JPEG', () => {
  test('is read of baseline and progressive, colour and grey, with a profile and a comment', async () => {
    const comment = Buffer.from([0xff, 0xfe, 0, 5, 0x68, 0x69, 0x21]);
    const baseline = await picture().jpeg().toBuffer();
    const commented = Buffer.concat([baseline.subarray(0, 2), comment, baseline.subarray(2)]);
    for (const bytes of [baseline, commented, await picture().jpeg({ progressive: true }).toBuffer()]) {
      expect(readPlainJpegHeader(bytes)).toEqual({ width: 70, height: 30, channels: 3 });
    }
    const grey = await picture().toColourspace('b-w').jpeg().toBuffer();
    expect(readPlainJpegHeader(grey)).toEqual({ width: 70, height: 30, channels: 1 });
    const profiled = await picture().withIccProfile('p3').jpeg().toBuffer();
    expect(readPlainJpegHeader(profiled)).toEqual({ width: 70, height: 30, channels: 3 });
  });

  test('is left to libvips where there is EXIF, CMYK, or where it is cut off', async () => {
    const bytes = await picture().jpeg().toBuffer();
    for (let length = 0; length < bytes.indexOf(Buffer.from([0xff, 0xc0])) + 19; length++) {
      expect(readPlainJpegHeader(bytes.subarray(0, length))).toBeUndefined();
    }
    expect(readPlainJpegHeader(await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer())).toBeUndefined();
    expect(readPlainJpegHeader(await picture().toColourspace('cmyk').jpeg().toBuffer())).toBeUndefined();
  });

  test.skipIf(!existsSync(shared))(
    'says of every JPEG in the shared data what libvips says',
    async () => {
      let plain = 0;
      for (const folder of ['cars/images', 'exif', 'hostile', 'hymenoptera', 'formats']) {
        const root = join(shared, folder);
        const files = (await readdir(root, { recursive: true })).filter((name) => /jpe?g/i.test(name));
        for (const file of files.slice(0, 150)) {
          const bytes = await readFile(join(root, file)).catch(() => Buffer.alloc(0));
          if (bytes[0] !== 0xff || bytes[1] !== 0xd8 || readPlainJpegHeader(bytes) === undefined) continue;
          plain++;
          const { header } = await openImage(bytes);
          const { autoOrient, orientation, space, channels, depth, hasAlpha, pages, exif } =
            await sharp(bytes).metadata();
          const theirs = { autoOrient, orientation, space, channels, depth, hasAlpha, pages, exif };
          expect({ orientation: undefined, pages: undefined, exif: undefined, ...header }, file).toEqual(theirs);
        }
      }
      expect(plain).toBeGreaterThan(100);
    },
    120_000,
  );
});
