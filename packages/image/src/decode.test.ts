import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FoveaError } from '@fovea/annotations';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeImage, probeImage, type RawImage, readImageSize } from './decode.js';
import { drawDetections } from './draw-detections.js';
import { makeThumbnail } from './thumbnail.js';

const shared = join(
  process.env.FOVEA_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '../../../../shared'),
  'data',
);

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'fovea-image-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const solid = (width: number, height: number, background: object | string = '#ff0000') =>
  sharp({ create: { width, height, channels: 3, background: background as string } });
const pixel = ({ data, width }: RawImage, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe('decoding', () => {
  test('alpha is laid on white, grey becomes three channels, 16 bits become 8, a palette its colours', async () => {
    const clear = sharp({
      create: { width: 4, height: 2, channels: 4, background: { r: 0, g: 0, b: 255, alpha: 0.5 } },
    });
    expect(pixel(await decodeImage(await clear.png().toBuffer()), 1, 1)).toEqual([127, 127, 255]);
    const grey = await solid(4, 2, '#404040').greyscale().png().toBuffer();
    expect(pixel(await decodeImage(grey), 3, 1)).toEqual([64, 64, 64]);
    const deep = await solid(4, 2, '#4080c0').toColourspace('rgb16').png().toBuffer();
    expect(pixel(await decodeImage(deep), 0, 0)).toEqual([64, 128, 192]);
    const palette = await solid(4, 2, '#4080c0').png({ palette: true }).toBuffer();
    expect(pixel(await decodeImage(palette), 0, 0)).toEqual([64, 128, 192]);
  });

  test('CMYK becomes sRGB: red stays red', async () => {
    const cmyk = await solid(8, 8, '#ff0000').toColourspace('cmyk').jpeg().toBuffer();
    const [r, g, b] = pixel(await decodeImage(cmyk), 4, 4);
    expect(r! > 180 && g! < 90 && b! < 90).toBe(true);
  });

  test('all eight EXIF orientations come out upright, and their sizes are as shown', async () => {
    const arrow = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#000000' } })
      .composite([{ input: await solid(10, 10, '#ffffff').png().toBuffer(), left: 0, top: 0 }])
      .png()
      .toBuffer();
    const corner = [
      [2, 2],
      [27, 2],
      [27, 17],
      [2, 17],
      [2, 2],
      [17, 2],
      [17, 27],
      [2, 27],
    ] as const;
    for (let orientation = 1; orientation <= 8; orientation++) {
      const jpeg = await sharp(arrow).withMetadata({ orientation }).jpeg({ quality: 100 }).toBuffer();
      const image = await decodeImage(jpeg);
      const size = orientation > 4 ? [20, 30] : [30, 20];
      expect([image.width, image.height]).toEqual(size);
      expect(Object.values(await readImageSize(jpeg))).toEqual(size);
      expect(await probeImage(jpeg)).toMatchObject({ width: size[0], height: size[1], sizeBytes: jpeg.length });
      const [x, y] = corner[orientation - 1]!;
      expect(pixel(image, x, y)[0], `orientation ${orientation}`).toBeGreaterThan(200);
    }
  });

  test('what a file is called does not matter, and a path reads as its bytes do', async () => {
    const path = join(home, 'png-really.jpg');
    await solid(5, 4).png().toFile(path);
    expect(await probeImage(path)).toMatchObject({ format: 'png', width: 5, height: 4 });
    expect(await decodeImage(path)).toEqual(await decodeImage(await readFile(path)));
  });
});

describe('refusals, each with its reason', () => {
  const reasonOf = async (input: string | Uint8Array, options?: { maxPixels?: number }) => {
    const error = await probeImage(input, options).catch((e) => e);
    expect(error).toBeInstanceOf(FoveaError);
    expect(error.code).toBe('unreadable_image');
    await expect(decodeImage(input, options)).rejects.toMatchObject({
      code: 'unreadable_image',
      message: error.message,
    });
    return error.message as string;
  };

  test('missing, a folder, a pipe, empty, not a picture', async () => {
    expect(await reasonOf(join(home, 'nowhere.jpg'))).toMatch(/no such file/);
    await mkdir(join(home, 'folder.png'));
    expect(await reasonOf(join(home, 'folder.png'))).toMatch(/folder/);
    if (process.platform !== 'win32') {
      execFileSync('mkfifo', [join(home, 'pipe.jpg')]);
      expect(await reasonOf(join(home, 'pipe.jpg'))).toMatch(/not a regular file/);
    }
    await writeFile(join(home, 'empty.jpg'), '');
    expect(await reasonOf(join(home, 'empty.jpg'))).toMatch(/empty/);
    expect(await reasonOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))).toMatch(
      /not a JPEG/,
    );
  });

  test('cut off anywhere, or broken inside', async () => {
    const noise = await sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: '#000000',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
      .jpeg()
      .toBuffer();
    const png = await sharp(noise).png().toBuffer();
    for (const bytes of [noise, png]) {
      for (const share of [0.02, 0.3, 0.7, 0.9]) {
        expect(await reasonOf(bytes.subarray(0, Math.floor(bytes.length * share)))).toMatch(/is broken/);
      }
    }
    const flipped = Buffer.from(png);
    flipped[png.length >> 1]! ^= 0xff;
    expect(await reasonOf(flipped)).toMatch(/is broken/);
  });

  test('more pixels than the limit: told from the header', async () => {
    const bomb = await solid(4000, 4000).png({ compressionLevel: 9 }).toBuffer();
    expect(await reasonOf(bomb, { maxPixels: 1_000_000 })).toMatch(
      /4000 x 4000 pixels \(16\.0 MP\), more than the limit of 1 MP/,
    );
  });
});

test('thumbnails are upright, never larger than the picture, and WebP only where there is transparency', async () => {
  const wide = await solid(900, 300).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  expect(await probeImage(await makeThumbnail(wide))).toMatchObject({ format: 'jpeg', width: 100, height: 300 });
  const clear = await solid(30, 10).ensureAlpha(0.5).png().toBuffer();
  expect(await probeImage(await makeThumbnail(clear))).toMatchObject({ format: 'webp', width: 30, height: 10 });
  await expect(makeThumbnail(Buffer.from('x'))).rejects.toMatchObject({ code: 'unreadable_image' });
});

describe.skipIf(!existsSync(join(shared, 'hostile')))(
  'hostile pictures (skipped where ../shared/data is absent)',
  () => {
    const box = { className: 'x', classIndex: 0, confidence: 1, box: [1, 1, 5, 5] as const };

    test('each of the 263 is read or refused with a reason, the same way by every function', async () => {
      const root = join(shared, 'hostile');
      const refused: string[] = [];
      let read = 0;
      for (const name of await readdir(root, { recursive: true })) {
        const path = join(root, name);
        if (!/\.\w+$/.test(name)) continue;
        const outcomes = await Promise.allSettled([
          probeImage(path),
          decodeImage(path),
          makeThumbnail(path),
          drawDetections(path, [box]),
        ]);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected')
            expect(outcome.reason.code, `${name}: ${outcome.reason}`).toBe('unreadable_image');
        }
        expect(new Set(outcomes.map(({ status }) => status)).size, name).toBe(1);
        const [facts, image] = outcomes;
        if (facts.status === 'fulfilled' && image.status === 'fulfilled') {
          expect([image.value.width, image.value.height], name).toEqual([facts.value.width, facts.value.height]);
          expect(image.value.data.length, name).toBe(image.value.width * image.value.height * 3);
          read++;
        } else refused.push(name);
      }
      expect(read + refused.length).toBe(263);
      expect(refused).toEqual(
        expect.arrayContaining(['pillow/truncated_jpeg.jpg', 'sharp/truncated.png', 'pillow/decompression_bomb.gif']),
      );
      for (const sane of [
        'pillow/hopper.jpg',
        'pillow/pil_sample_cmyk.jpg',
        'pillow/mode_16bit.png',
        'pillow/hopper_orientation_6.jpg',
      ]) {
        expect(refused).not.toContain(sane);
      }
    });

    test('the same face in eight orientations, and through CMYK, stays the same face', async () => {
      const upright = await decodeImage(join(shared, 'hostile/pillow/hopper.jpg'));
      for (const orientation of [2, 3, 4, 5, 6, 7, 8]) {
        const turned = await decodeImage(join(shared, `hostile/pillow/hopper_orientation_${orientation}.jpg`));
        const off =
          upright.data.reduce((sum, value, at) => sum + Math.abs(value - turned.data[at]!), 0) / upright.data.length;
        expect(off, `orientation ${orientation}`).toBeLessThan(6);
      }
    });
  },
);
