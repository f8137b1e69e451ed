import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decoders, fixtures, hashOf, hasVideos, videos } from './decoders.fixture.js';
import { type ReadFramesOptions, readFrames } from './read-frames.js';
import { openVideo, probeVideo, readFrameAt } from './video-reader.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-video-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Seen {
  readonly timeSeconds: number;
  readonly hash: string;
}

async function read(path: string, options: ReadFramesOptions): Promise<Seen[]> {
  const frames: Seen[] = [];
  for await (const { timeSeconds, image } of readFrames(path, options)) {
    frames.push({ timeSeconds, hash: hashOf(image) });
  }
  return frames;
}

/** Frames, width and height, the first time and the last, frames a second, of each small video. */
const SMALL = [
  ['open-gop.mp4', 60, 64, 48, 0, 5.9, 10, 'mp4', 'h264'],
  ['refresh.mp4', 60, 64, 48, 0, 5.9, 10, 'mp4', 'h264'],
  ['uneven.mkv', 46, 64, 48, 0, 5.9, null, 'matroska', 'h264'],
  // Without presentation times, a frame with frames after it that refer to it is known one frame late.
  ['b-frames.avi', 60, 64, 48, 0.1, 6, 10, 'avi', 'mpeg4'],
  ['late.m2t', 30, 64, 48, 0, 2.9, 10, 'mpegts', 'h264'],
  ['late-video.mp4', 20, 64, 48, 0.7, 2.6, 10, 'mp4', 'h264'],
  ['turned.mp4', 10, 48, 64, 0, 0.9, 10, 'mp4', 'h264'],
  ['vp9.webm', 20, 64, 48, 0, 1.9, 10, 'webm', 'vp9'],
  ['raw.h264', 25, 64, 48, 0, 0.96, 25, 'h264', 'h264'],
] as const;

for (const { decoder, isThere } of decoders) {
  describe.skipIf(!isThere)(`${decoder} (skipped where it is not installed)`, () => {
    test.each(SMALL)('%s: any frame asked for is the one that reading from the start gives', async (name, count) => {
      const path = join(fixtures, name);
      const all = await read(path, { decoder });
      expect(all).toHaveLength(count);
      expect(new Set(all.map(({ timeSeconds }) => timeSeconds)).size).toBe(count);
      const reader = openVideo(path, { decoder });
      try {
        const check = async (at: number, offset: number) => {
          const next = all[at + 1]?.timeSeconds ?? Number.POSITIVE_INFINITY;
          const timeSeconds = Math.min(all[at]!.timeSeconds + offset, next - 0.001);
          const frame = await reader.frameAt(timeSeconds);
          expect({ timeSeconds: frame.timeSeconds, hash: hashOf(frame.image) }).toEqual(all[at]);
        };
        for (const at of [count - 1, 0, count >> 1]) await check(at, 0);
        await fc.assert(fc.asyncProperty(fc.nat(count - 1), fc.constantFrom(0, 0.0004, 0.03, 0.2), check), {
          numRuns: decoder === 'ffmpeg' ? 10 : 60,
        });
        const last = await reader.frameAt(1000);
        expect({ timeSeconds: last.timeSeconds, hash: hashOf(last.image) }).toEqual(all.at(-1));
      } finally {
        await reader.close();
      }
      const middle = all[count >> 1]!;
      const alone = await readFrameAt(path, middle.timeSeconds, { decoder });
      expect({ timeSeconds: alone.timeSeconds, hash: hashOf(alone.image) }).toEqual(middle);
    });

    test.each(SMALL)('%s: facts, times, parts and intervals', async (...row) => {
      const [name, count, width, height, first, last, frameRate, format, codec] = row;
      const path = join(fixtures, name);
      const facts = await probeVideo(path, { decoder });
      expect(facts).toMatchObject({
        format,
        codec,
        width,
        height,
        frameCount: count,
        rotation: name === 'turned.mp4' ? 270 : 0,
      });
      expect(facts.hasAudio).toBe(name === 'late-video.mp4');
      if (frameRate === null) expect(facts.frameRate).toBeNull();
      else expect(facts.frameRate).toBeCloseTo(frameRate, 6);
      expect(Math.abs(facts.durationSeconds - last)).toBeLessThan(0.5);

      const all = await read(path, { decoder });
      expect([all[0]!.timeSeconds, all.at(-1)!.timeSeconds]).toEqual([first, last]);
      const [from, to] = [all[count >> 2]!.timeSeconds, all[count >> 1]!.timeSeconds];
      const part = all.filter(({ timeSeconds }) => timeSeconds >= from && timeSeconds < to);
      expect(await read(path, { decoder, fromSeconds: from, toSeconds: to })).toEqual(part);
      expect(await read(path, { decoder, fromSeconds: from, toSeconds: to, everyNth: 3 })).toEqual(
        part.filter((_, at) => at % 3 === 0),
      );
      for (const seconds of [0.1, 0.25, 1]) {
        const expected = new Map<number, Seen>();
        for (let multiple = 0; multiple * seconds <= last + 1e-9; multiple++) {
          const frame = all.find(({ timeSeconds }) => timeSeconds >= multiple * seconds - 1e-9);
          if (frame) expected.set(frame.timeSeconds, frame);
        }
        expect(await read(path, { decoder, everySeconds: seconds }), `${seconds} s`).toEqual([...expected.values()]);
      }
    });

    test('before the first frame there is none, which is said', async () => {
      const path = join(fixtures, 'late-video.mp4');
      await expect(readFrameAt(path, 0.69, { decoder })).rejects.toMatchObject({
        code: 'no_frame',
        message: expect.stringContaining('its first is shown at 0.7 s'),
      });
      expect((await readFrameAt(path, 0.7, { decoder })).timeSeconds).toBe(0.7);
      await expect(readFrameAt(path, -1, { decoder })).rejects.toMatchObject({ code: 'bad_option' });
      await expect(readFrameAt(path, Number.NaN, { decoder })).rejects.toMatchObject({ code: 'bad_option' });
    });

    test('scenes begin at the cuts', async () => {
      const scenes = await read(join(fixtures, 'scenes.mp4'), { decoder, select: 'scenes' });
      expect(scenes.map(({ timeSeconds }) => timeSeconds)).toEqual([0, 2, 4]);
      const still = await read(join(fixtures, 'open-gop.mp4'), { decoder, select: 'scenes' });
      expect(still.map(({ timeSeconds }) => timeSeconds)).toEqual([0]);
    });

    test('what is no video, and options that make no sense, are told', async () => {
      await writeFile(join(folder, 'text.mp4'), 'hello');
      await writeFile(join(folder, 'empty.mp4'), '');
      for (const name of ['text.mp4', 'empty.mp4', 'gone.mp4']) {
        const path = join(folder, name);
        await expect(probeVideo(path, { decoder }), name).rejects.toMatchObject({ code: 'unreadable_video' });
        await expect(readFrameAt(path, 0, { decoder }), name).rejects.toMatchObject({ code: 'unreadable_video' });
      }
      const path = join(fixtures, 'vp9.webm');
      for (const options of [
        { everySeconds: 0 },
        { everySeconds: Number.NaN },
        { everySeconds: 1, everyNth: 2 },
        { select: 'scenes' as const, threshold: 2 },
        { fromSeconds: -1 },
        { fromSeconds: 2, toSeconds: 1 },
      ]) {
        await expect(read(path, { ...options, decoder }), JSON.stringify(options)).rejects.toMatchObject({
          code: 'bad_option',
        });
      }
    });

    test('damaged files give frames or a sentence, and an end', async () => {
      const code = /^unreadable_video$|^no_frame$/;
      let atLeastOne = 0;
      for (const name of ['open-gop.mp4', 'b-frames.avi', 'uneven.mkv', 'late.m2t']) {
        const bytes = await readFile(join(fixtures, name));
        for (let seed = 0; seed < 4; seed++) {
          const damaged = Buffer.from(seed === 0 ? bytes.subarray(0, bytes.length >> 1) : bytes);
          for (let i = 1; seed > 0 && i <= 40; i++) damaged[(i * 7919 * seed) % damaged.length] = (i * 31 * seed) % 256;
          const path = join(folder, `damaged-${seed}-${name}`);
          await writeFile(path, damaged);
          for (const attempt of [
            () => probeVideo(path, { decoder }),
            () => read(path, { decoder }).then((frames) => (atLeastOne += frames.length)),
            () => readFrameAt(path, 3, { decoder }),
          ]) {
            await attempt().catch((error) => expect(error.code, `${name} ${seed} ${error}`).toMatch(code));
          }
        }
      }
      expect(atLeastOne).toBeGreaterThan(100);
    });

    describe.skipIf(!hasVideos)('on real videos (skipped where ../shared/data is absent)', () => {
      test.each([
        ['vtest.avi', 795, 10, 79.5, false],
        ['Megamind.avi', 270, 23.976, 11.26, true],
        ['car-detection.mp4', 377, 12.5, 30.16, true],
        ['bottle-detection.mp4', 1189, 29.8333, 39.85, false],
        ['one-by-one-person-detection.mp4', 1394, 10, 139.4, false],
      ])(
        '%s has %i frames, and any of them alone is what reading gives',
        async (name, count, rate, duration, hasAudio) => {
          const path = join(videos, name);
          const facts = await probeVideo(path, { decoder });
          expect(facts).toMatchObject({ frameCount: count, hasAudio, rotation: 0 });
          expect(facts.frameRate).toBeCloseTo(rate, 2);
          expect(facts.durationSeconds).toBeCloseTo(duration, 1);
          const all = await read(path, { decoder, everyNth: 37 });
          expect(all).toHaveLength(Math.ceil(count / 37));
          for (const at of [all.length - 1, 0, all.length >> 1]) {
            const frame = await readFrameAt(path, all[at]!.timeSeconds, { decoder });
            expect({ timeSeconds: frame.timeSeconds, hash: hashOf(frame.image) }).toEqual(all[at]);
          }
        },
      );

      test('aborting a long way without a frame takes effect at once', async () => {
        const controller = new AbortController();
        const reading = read(join(videos, 'one-by-one-person-detection.mp4'), {
          decoder,
          everyNth: 1_000_000,
          signal: controller.signal,
        });
        setTimeout(() => controller.abort(), 300);
        await expect(reading).rejects.toThrow(/abort/i);
      });
    });
  });
}

test.skipIf(decoders.some(({ isThere }) => !isThere)).each(SMALL)(
  '%s: both decoders give the same times and pixels (skipped where one is missing)',
  async (name) => {
    const path = join(fixtures, name);
    expect(await read(path, { decoder: 'ffmpeg' })).toEqual(await read(path, { decoder: 'node-av' }));
  },
);
