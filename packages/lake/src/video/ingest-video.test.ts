import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeImage, hashDistance, type RawImage, readFacts } from '@fovea/image';
import { facts } from '@fovea/store';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { probeVideo, readFrames } from '@fovea/video';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getMedia, type MediaItem } from '../media.js';
import { listMedia } from '../media-page.js';
import { ensureProject } from '../project.js';
import { readThumbnail, thumbnailPath } from '../thumbnail.js';
import { frameAddress, frameName } from './frame-address.js';
import { openFrameCache } from './frame-cache.js';
import { type IngestVideoOptions, ingestVideo } from './ingest-video.js';
import { getVideo, listVideos } from './list-videos.js';
import { mediaFile } from './media-file.js';
import { encodeFrame, sampleVideo } from './sample-video.js';

const here = dirname(fileURLToPath(import.meta.url));
const fixtures = join(here, '../../../video/fixtures');
const shared = join(process.env.FOVEA_SHARED ?? join(here, '../../../../../shared'), 'data/video');
const hasDecoder = await probeVideo(join(fixtures, 'vp9.webm')).then(
  () => true,
  (error) => error.code !== 'no_video_decoder',
);

let opened: TestHome;
let folder: string;
beforeAll(async () => {
  opened = await openTestHome();
  folder = await mkdtemp(join(tmpdir(), 'fovea-frames-'));
});
afterAll(async () => {
  await opened.remove();
  await rm(folder, { recursive: true, force: true });
});

const ingest = async (project: string, path: string, name: string, options: IngestVideoOptions) =>
  ingestVideo(opened.home, await ensureProject(opened.home, project), { path, name }, options);
const framesOf = async (project: string): Promise<readonly MediaItem[]> =>
  (await listMedia(opened.home, project, { limit: 500 })).items;

/** Mean absolute difference of two pictures' values. */
function difference(a: RawImage, b: RawImage): number {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  return a.data.reduce((sum, value, at) => sum + Math.abs(value - b.data[at]!), 0) / a.data.length;
}

test('a frame is known by its video and its time to the microsecond', () => {
  const sha256 = 'ab'.repeat(32);
  const text = `fovea-frame ${sha256} 1500000`;
  expect(frameAddress(sha256, 1.5)).toBe(createHash('sha256').update(text).digest('hex'));
  expect(frameAddress(sha256, 1.5000004)).toBe(frameAddress(sha256, 1.5));
  expect(frameAddress(sha256, 1.500001)).not.toBe(frameAddress(sha256, 1.5));
  expect(frameAddress('cd'.repeat(32), 1.5)).not.toBe(frameAddress(sha256, 1.5));
  expect(frameName('a/street.mp4', 83.4)).toBe('a/street.mp4@00-01-23.400.jpg');
  expect(frameName('x.avi', 36_000.0004)).toBe('x.avi@10-00-00.000.jpg');
});

describe.skipIf(!hasDecoder)('videos (skipped where nothing decodes them)', () => {
  const scenes = join(fixtures, 'scenes.mp4');

  test('frames by interval, with facts and thumbnails; again, and at another interval, only what is new', async () => {
    const seen: number[] = [];
    const first = await ingest('intervals', scenes, 'scenes.mp4', {
      by: { kind: 'interval', seconds: 2 },
      onProgress: ({ frames }) => seen.push(frames),
    });
    expect(first).toMatchObject({ status: 'ingested', frames: 3, newFrames: 3, problems: [] });
    expect(seen.at(-1)).toBe(3);
    const again = await ingest('intervals', scenes, 'scenes.mp4', { by: { kind: 'interval', seconds: 2 } });
    expect(again).toMatchObject({ status: 'duplicate', frames: 3, newFrames: 0 });
    const finer = await ingest('intervals', scenes, 'scenes.mp4', { by: { kind: 'interval', seconds: 1 } });
    expect(finer).toMatchObject({ status: 'duplicate', frames: 6, newFrames: 3, problems: [] });
    expect(await ingest('intervals', scenes, 'scenes.mp4', { by: { kind: 'scenes' } })).toMatchObject({
      frames: 3,
      newFrames: 0,
    });

    const items = await framesOf('intervals');
    expect(items.map(({ video }) => video?.timeSeconds)).toEqual([0, 2, 4, 1, 3, 5]);
    expect(items.map(({ name }) => name)).toContain('scenes.mp4@00-00-03.000.jpg');
    for (const item of items) {
      expect(item).toMatchObject({ width: 64, height: 48, format: 'jpeg', sizeBytes: 0, labelled: false });
      expect(item.sha256).toBe(frameAddress(first.sha256, item.video!.timeSeconds));
      expect(await opened.home.blobs.has(item.sha256)).toBe(false);
      expect((await stat(thumbnailPath(opened.home, item.sha256))).size).toBeGreaterThan(0);
      const [row] = await opened.home.db.select().from(facts).where(eq(facts.sha256, item.sha256));
      expect(row).toMatchObject({ width: 64, height: 48, sizeBytes: 0, format: 'jpeg' });
      const measured = await readFacts(await readFile(await mediaFile(opened.home, item)));
      expect(hashDistance(row!.perceptualHash, measured.perceptualHash)).toBe(0);
      expect(row!.brightness).toBeCloseTo(measured.statistics.brightness, 3);
    }
    expect(await listVideos(opened.home, 'intervals')).toMatchObject({
      total: 1,
      videos: [{ name: 'scenes.mp4', format: 'mp4', frameCount: 60, frameRate: 10, sampledFrames: 6, width: 64 }],
    });
    expect((await opened.home.blobs.read(first.sha256)).length).toBe((await stat(scenes)).size);
    await expect(getVideo(opened.home, 'intervals', 'ff'.repeat(32))).rejects.toMatchObject({ code: 'unknown_video' });
  });

  test("a frame's bytes are its pixels, whoever asks and how", async () => {
    const { sha256 } = await ingest('bytes', join(fixtures, 'uneven.mkv'), 'uneven.mkv', { by: { kind: 'all' } });
    const items = await framesOf('bytes');
    expect(items).toHaveLength(46);
    const paths = await Promise.all(items.toReversed().map((item) => mediaFile(opened.home, item)));
    expect(new Set(paths).size).toBe(46);
    const byTime = new Map(items.map((item, at) => [item.video!.timeSeconds, paths[items.length - 1 - at]!]));
    for await (const { timeSeconds, image } of readFrames(join(fixtures, 'uneven.mkv'))) {
      const file = await readFile(byTime.get(timeSeconds)!);
      expect(Buffer.compare(file, await encodeFrame(image))).toBe(0);
      expect(difference(await decodeImage(file), image)).toBeLessThan(3);
    }
    // By the address alone, and with cache and thumbnail gone.
    const item = items[20]!;
    const bytes = await readFile(await mediaFile(opened.home, item.sha256));
    await rm(join(opened.home.path, 'cache'), { recursive: true, force: true });
    expect(Buffer.compare(await readFile(await mediaFile(opened.home, item)), bytes)).toBe(0);
    expect((await readThumbnail(opened.home, item.sha256)).length).toBeGreaterThan(100);
    await expect(mediaFile(opened.home, 'ee'.repeat(32))).rejects.toMatchObject({ code: 'unknown_blob' });
    expect(await getMedia(opened.home, 'bytes', item.sha256)).toMatchObject({ video: { sha256 } });
  });

  test('copied frames are blobs; the same frame twice is one picture', async () => {
    const path = join(fixtures, 'turned.mp4');
    const report = await ingest('copies', path, 'turned.mp4', { by: { kind: 'all' }, copyFrames: true });
    const items = await framesOf('copies');
    expect(report.newFrames).toBe(items.length);
    for (const item of items) {
      expect([item.width, item.height]).toEqual([48, 64]);
      const bytes = await opened.home.blobs.read(item.sha256);
      expect(bytes.length).toBe(item.sizeBytes);
      expect(await mediaFile(opened.home, item)).toBe(await opened.home.blobs.localPath(item.sha256));
    }
    const again = await ingest('copies', path, 'turned.mp4', { by: { kind: 'all' } });
    expect(again).toMatchObject({ frames: 10, newFrames: 0 });

    // Its first frames are alike to the bit.
    const raw = await ingest('copies', join(fixtures, 'raw.h264'), 'raw.h264', {
      by: { kind: 'all' },
      copyFrames: true,
    });
    const twins = raw.frames - raw.newFrames;
    expect(twins).toBeGreaterThan(0);
    expect(raw.problems).toMatchObject([{ file: 'raw.h264', code: 'duplicate_picture' }]);
    expect(raw.problems[0]!.reason).toContain(`${twins} of its frames`);
  });

  test('stopped in the middle, the same call does the rest', async () => {
    const controller = new AbortController();
    const options: IngestVideoOptions = {
      by: { kind: 'all' },
      signal: controller.signal,
      onProgress: ({ newFrames }) => newFrames > 0 && controller.abort(),
    };
    const path = join(fixtures, 'open-gop.mp4');
    await expect(ingest('stopped', path, 'a.mp4', options)).rejects.toThrow(/abort/i);
    const before = (await framesOf('stopped')).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(60);
    const rest = await ingest('stopped', path, 'a.mp4', { by: { kind: 'all' } });
    expect(rest).toMatchObject({ status: 'duplicate', frames: 60, newFrames: 60 - before });
    expect(new Set((await framesOf('stopped')).map(({ video }) => video!.timeSeconds)).size).toBe(60);
  });

  test('two at once double nothing', async () => {
    const path = join(fixtures, 'open-gop.mp4');
    const reports = await Promise.all(
      [1, 2, 3].map((seconds) => ingest('race', path, 'a.mp4', { by: { kind: 'interval', seconds } })),
    );
    expect(reports.filter(({ status }) => status === 'ingested')).toHaveLength(1);
    const times = (await framesOf('race')).map(({ video }) => video!.timeSeconds).sort((a, b) => a - b);
    expect(times).toEqual([0, 1, 2, 3, 4, 5]);
    expect(reports.reduce((sum, { newFrames }) => sum + newFrames, 0)).toBe(6);
  });

  test('what is no video leaves nothing behind; what is cut off gives what is there, and says so', async () => {
    await writeFile(join(folder, 'no.mp4'), 'not a video');
    await expect(ingest('bad', join(folder, 'no.mp4'), 'no.mp4', { by: { kind: 'all' } })).rejects.toMatchObject({
      code: 'unreadable_video',
    });
    expect((await listVideos(opened.home, 'bad')).total).toBe(0);
    const bytes = await readFile(join(fixtures, 'b-frames.avi'));
    await writeFile(join(folder, 'cut.avi'), bytes.subarray(0, bytes.length * 0.7));
    const report = await ingest('bad', join(folder, 'cut.avi'), 'cut.avi', { by: { kind: 'all' } });
    expect(report.frames).toBeGreaterThan(10);
    expect(report.frames).toBeLessThan(60);
    expect(report.problems).toMatchObject([{ file: 'cut.avi', code: 'video_cut_off' }]);
    expect(report.problems[0]!.reason).toContain(`${report.frames} could be decoded`);
  });

  test('the cache keeps within its bounds, and what is gone is made again', async () => {
    const path = join(fixtures, 'open-gop.mp4');
    const { sha256 } = await opened.home.blobs.put(path);
    const place = { path: folder, blobs: opened.home.blobs };
    await mkdir(join(folder, 'tmp'));
    const cache = openFrameCache(place, { maxBytes: 20_000, pruneAfterBytes: 4000, keepMs: 0 });
    try {
      for (let i = 0; i < 60; i++) await cache.load(sha256, i / 10);
      let total = 0;
      const root = join(folder, 'cache', 'frames');
      for (const name of await readdir(root, { recursive: true })) {
        const found = await stat(join(root, name));
        if (found.isFile()) total += found.size;
      }
      expect(total).toBeGreaterThan(0);
      expect(total).toBeLessThan(20_000 + 8000);
      expect(existsSync(await cache.load(sha256, 0))).toBe(true);
      await expect(cache.load('aa'.repeat(32), 0)).rejects.toMatchObject({ code: 'unknown_blob' });
    } finally {
      await cache.close();
    }
    await expect(cache.load(sha256, 0)).rejects.toMatchObject({ code: 'shutting_down' });
  });

  test('sampling tells how far it is, and stops', async () => {
    const controller = new AbortController();
    const times: number[] = [];
    const sampling = (async () => {
      for await (const { timeSeconds } of sampleVideo(scenes, {
        by: { kind: 'all' },
        signal: controller.signal,
        onProgress: ({ frames }) => frames === 5 && controller.abort(),
      }))
        times.push(timeSeconds);
    })();
    await expect(sampling).rejects.toThrow(/abort/i);
    expect(times).toHaveLength(5);
  });

  test.skipIf(!existsSync(shared)).each([
    ['vtest.avi', 795, { kind: 'interval', seconds: 10 }, 8],
    ['one-by-one-person-detection.mp4', 1394, { kind: 'interval', seconds: 30 }, 5],
    ['bottle-detection.mp4', 1189, { kind: 'interval', seconds: 20 }, 2],
    ['Megamind.avi', 270, { kind: 'scenes' }, 4],
    ['car-detection.mp4', 377, { kind: 'all' }, 377],
  ] as const)('%s of %i frames (skipped where ../shared/data is absent)', async (name, frameCount, by, frames) => {
    const copy = join(folder, name);
    await copyFile(join(shared, name), copy);
    const report = await ingest('real', copy, name, { by });
    expect(report).toMatchObject({ status: 'ingested', frames, newFrames: frames, problems: [] });
    expect(await getVideo(opened.home, 'real', report.sha256)).toMatchObject({ frameCount, sampledFrames: frames });
  });
});
