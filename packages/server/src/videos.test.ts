import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { decodeImage } from '@fovea/image';
import { getProject, ingestVideo } from '@fovea/lake';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, openTestApp } from './app.fixture.js';
import { parseRange } from './blob-answer.js';

const path = fileURLToPath(new URL('../../video/fixtures/scenes.mp4', import.meta.url));

let t: Awaited<ReturnType<typeof openTestApp>>;
let sha256: string;
let bytes: Buffer;
let hasDecoder = true;
beforeAll(async () => {
  t = await openTestApp();
  await t.api.createProject({ name: 'streets' });
  bytes = await readFile(path);
  const { id } = await getProject(t.home, 'streets');
  try {
    ({ sha256 } = await ingestVideo(
      t.home,
      id,
      { path, name: 'street.mp4' },
      { by: { kind: 'interval', seconds: 2 } },
    ));
  } catch (error) {
    if ((error as { code?: string }).code !== 'no_video_decoder') throw error;
    hasDecoder = false;
  }
});
afterAll(() => t.close());

describe('videos (skipped where nothing decodes them)', () => {
  test('are listed and shown, unknown ones are said to be so', async (context) => {
    if (!hasDecoder) context.skip();
    const page = await t.api.listVideos('streets');
    expect(page).toMatchObject({ total: 1, videos: [{ sha256, name: 'street.mp4', format: 'mp4', sampledFrames: 3 }] });
    expect(await t.api.listVideos('streets', { limit: 1, offset: 1 })).toMatchObject({ total: 1, videos: [] });
    expect(await t.api.getVideo('streets', sha256)).toEqual(page.videos[0]);
    await expect(t.api.getVideo('streets', 'ff'.repeat(32))).rejects.toMatchObject({
      code: 'unknown_video',
      status: 404,
    });
    await expect(t.api.listVideos('nope')).rejects.toMatchObject({ code: 'unknown_project', status: 404 });
  });

  test('their bytes come whole, in ranges, and not again', async (context) => {
    if (!hasDecoder) context.skip();
    const url = `/projects/streets/videos/${sha256}/content`;
    const whole = await t.request(url);
    expect(whole.status).toBe(200);
    expect(whole.headers.get('content-type')).toBe('video/mp4');
    expect(whole.headers.get('accept-ranges')).toBe('bytes');
    expect(Buffer.compare(Buffer.from(await whole.arrayBuffer()), bytes)).toBe(0);
    const size = bytes.length;
    for (const [range, start, end] of [
      ['bytes=0-99', 0, 99],
      ['bytes=1000-', 1000, size - 1],
      ['bytes=-10', size - 10, size - 1],
      [`bytes=${size - 1}-${size + 500}`, size - 1, size - 1],
    ] as const) {
      const part = await t.request(url, { headers: { range } });
      expect(part.status, range).toBe(206);
      expect(part.headers.get('content-range')).toBe(`bytes ${start}-${end}/${size}`);
      expect(part.headers.get('content-length')).toBe(String(end - start + 1));
      expect(Buffer.compare(Buffer.from(await part.arrayBuffer()), bytes.subarray(start, end + 1))).toBe(0);
    }
    const beyond = await t.request(url, { headers: { range: `bytes=${size}-` } });
    expect(beyond.headers.get('content-range')).toBe(`bytes */${size}`);
    expect(await failureOf(beyond)).toMatchObject({ code: 'range_beyond', status: 416 });
    const ignored: Record<string, string>[] = [
      { range: 'bytes=9-1' },
      { range: 'lines=1-2' },
      { range: 'bytes=0-9', 'if-range': '"other"' },
    ];
    for (const headers of ignored) {
      const answer = await t.request(url, { headers });
      expect(answer.status, JSON.stringify(headers)).toBe(200);
      await answer.arrayBuffer();
    }
    const known = await t.request(url, { headers: { 'if-none-match': `"${sha256}"` } });
    expect(known.status).toBe(304);
  });

  test('their frames are media like any other', async (context) => {
    if (!hasDecoder) context.skip();
    const { items } = await t.api.listMedia('streets');
    expect(items.map(({ video }) => video)).toEqual([0, 2, 4].map((timeSeconds) => ({ sha256, timeSeconds })));
    for (const item of items) {
      const content = await t.request(`/projects/streets/media/${item.sha256}/content`);
      expect(content.status).toBe(200);
      expect(content.headers.get('content-type')).toBe('image/jpeg');
      expect(await decodeImage(new Uint8Array(await content.arrayBuffer()))).toMatchObject({ width: 64, height: 48 });
      const thumbnail = await t.request(`/projects/streets/media/${item.sha256}/thumbnail`);
      expect(thumbnail.status).toBe(200);
      await decodeImage(new Uint8Array(await thumbnail.arrayBuffer()));
    }
  });
});

test('ranges as RFC 9110 has them', () => {
  expect(parseRange('bytes=0-0', 10)).toEqual({ start: 0, end: 0 });
  expect(parseRange('bytes=5-', 10)).toEqual({ start: 5, end: 9 });
  expect(parseRange('bytes=-3', 10)).toEqual({ start: 7, end: 9 });
  expect(parseRange('bytes=-30', 10)).toEqual({ start: 0, end: 9 });
  expect(parseRange('bytes=-0', 10)?.start).toBe(10);
  for (const header of ['bytes=-', 'bytes=a-b', 'bytes=0-1,3-4', 'bytes=3-2', '', 'bytes=99999999999999999-']) {
    expect(parseRange(header, 10), header).toBeUndefined();
  }
});
