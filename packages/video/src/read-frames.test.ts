import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decoders, hasVideos, videos } from './decoders.fixture.js';
import { type ReadFramesOptions, readFrames } from './read-frames.js';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'fovea-video-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function readAll(path: string, options: ReadFramesOptions) {
  const frames: { index: number; timeSeconds: number; width: number; height: number; mean: number }[] = [];
  for await (const { index, timeSeconds, image } of readFrames(path, options)) {
    expect(image.data.length).toBe(image.width * image.height * 3);
    let sum = 0;
    for (let i = 0; i < image.data.length; i += 97) sum += image.data[i]!;
    frames.push({
      index,
      timeSeconds,
      width: image.width,
      height: image.height,
      mean: sum / Math.ceil(image.data.length / 97),
    });
  }
  return frames;
}

for (const { decoder, isThere } of decoders) {
  describe.skipIf(!isThere)(`${decoder} (skipped where it is not installed)`, () => {
    test('what is no video says so', async () => {
      const files = {
        'text.mp4': 'hello',
        'empty.mp4': '',
        'list.m3u8': '#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n',
      };
      for (const [name, content] of Object.entries(files)) {
        await writeFile(join(home, name), content);
        await expect(readAll(join(home, name), { decoder }), name).rejects.toMatchObject({ code: 'unreadable_video' });
      }
      await expect(readAll(join(home, 'gone.mp4'), { decoder })).rejects.toThrow(/there is no such file/);
      await expect(readAll(home, { decoder })).rejects.toThrow(/it is a folder/);
      await expect(readAll(home, { decoder, everyNth: 0 })).rejects.toMatchObject({ code: 'bad_option' });
    });

    describe.skipIf(!hasVideos)('on real videos (skipped where ../shared/data is absent)', () => {
      test.each([
        ['vtest.avi', 795, 768, 576, 10],
        ['Megamind.avi', 270, 720, 528, 2997 / 125],
        ['car-detection.mp4', 377, 768, 432, 12.5],
        ['bottle-detection.mp4', 1189, 640, 360, 179 / 6],
      ])('%s has %i frames of %i x %i, rising in time', async (name, count, width, height, rate) => {
        const frames = await readAll(join(videos, name), { decoder });
        expect(frames).toHaveLength(count);
        expect(new Set(frames.map((f) => `${f.width} ${f.height}`))).toEqual(new Set([`${width} ${height}`]));
        expect(frames.map(({ index }) => index)).toEqual(frames.map((_, at) => at));
        const length = frames.at(-1)!.timeSeconds - frames[0]!.timeSeconds;
        expect(length).toBeCloseTo((count - 1) / rate, 0);
        for (let i = 1; i < count; i++)
          expect(frames[i]!.timeSeconds).toBeGreaterThanOrEqual(frames[i - 1]!.timeSeconds);
      });

      test('every hundredth frame is the same frame as among all, with its index and time', async () => {
        const path = join(videos, 'one-by-one-person-detection.mp4');
        const some = await readAll(path, { decoder, everyNth: 100 });
        expect(some.map(({ index }) => index)).toEqual(Array.from({ length: 14 }, (_, at) => at * 100));
        const all = await readAll(path, { decoder });
        expect(all).toHaveLength(1394);
        expect(some).toEqual(all.filter(({ index }) => index % 100 === 0));
      });

      test('stopping early and aborting free the decoder', async () => {
        const path = join(videos, 'vtest.avi');
        for await (const { index } of readFrames(path, { decoder })) if (index === 5) break;
        const controller = new AbortController();
        let count = 0;
        const reading = (async () => {
          for await (const _ of readFrames(path, { decoder, signal: controller.signal })) {
            if (++count === 10) controller.abort();
          }
        })();
        await expect(reading).rejects.toThrow(/abort/i);
        expect(count).toBe(10);
        await expect(readAll(path, { decoder, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
      });

      test('of a video that is cut off, what is there is read', async () => {
        const bytes = await readFile(join(videos, 'vtest.avi'));
        await writeFile(join(home, 'cut.avi'), bytes.subarray(0, bytes.length >> 1));
        const frames = await readAll(join(home, 'cut.avi'), { decoder });
        expect(frames.length).toBeGreaterThan(300);
        expect(frames.length).toBeLessThan(500);
      });

      test('a path is a path, whatever it looks like', async () => {
        const odd = join(home, 'a %d: é #1?.avi');
        await copyFile(join(videos, 'Megamind.avi'), odd);
        expect(await readAll(odd, { decoder, everyNth: 50 })).toHaveLength(6);
      });
    });
  });
}

test.skipIf(!hasVideos || decoders.some(({ isThere }) => !isThere))(
  'both decoders give the same frames (skipped where one is missing)',
  async () => {
    const path = join(videos, 'car-detection.mp4');
    const [a, b] = [await readAll(path, { decoder: 'node-av' }), await readAll(path, { decoder: 'ffmpeg' })];
    expect(a).toHaveLength(b.length);
    for (let i = 0; i < a.length; i++) {
      expect(Math.abs(a[i]!.timeSeconds - b[i]!.timeSeconds)).toBeLessThan(0.002);
      expect(Math.abs(a[i]!.mean - b[i]!.mean)).toBeLessThan(1.5);
    }
  },
);

test('without any decoder the error says what to install', async () => {
  await writeFile(join(home, 'some.mp4'), 'x');
  const path = process.env.PATH;
  process.env.PATH = home;
  try {
    const error = await readAll(join(home, 'some.mp4'), { decoder: 'ffmpeg' }).catch((e) => e);
    expect(error).toMatchObject({ code: 'no_video_decoder' });
    expect(error.message).toMatch(/npm package node-av .* or an ffmpeg program on the PATH/);
  } finally {
    process.env.PATH = path;
  }
});
