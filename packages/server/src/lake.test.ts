import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { pngOf } from '@fovea/formats/testing';
import { extract, pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, openTestApp, samplePicture } from './app.fixture.js';

let t: Awaited<ReturnType<typeof openTestApp>>;
const sha256s: string[] = [];

beforeAll(async () => {
  t = await openTestApp();
  await t.api.createProject({ name: 'yard' });
  for (let seed = 0; seed < 12; seed++) {
    const { blob, annotations } = await samplePicture(seed);
    const labels = seed < 8 ? { annotations } : {};
    sha256s.push((await t.api.uploadMedia('yard', { file: blob, name: `shot-${seed}.jpg`, ...labels })).sha256);
  }
});

afterAll(() => t.close());

async function finished(jobId: string): Promise<{ state: string; progress: unknown; error: string | null }> {
  for (let round = 0; round < 300; round++) {
    const job = (await t.api.listJobs()).find(({ id }) => id === jobId);
    if (job && ['completed', 'failed'].includes(job.state)) return job;
    await sleep(100);
  }
  throw new Error(`job ${jobId} did not end within half a minute`);
}

describe('questions', () => {
  test('facets, statistics, layout and pages speak of the same pictures', async () => {
    const facets = await t.api.getFacets('yard');
    expect(facets.total).toBe(12);
    expect(facets.values.states.find(({ value }) => value === 'unlabelled')).toEqual({ value: 'unlabelled', count: 4 });
    expect(facets.ranges.brightness!.counts.reduce((sum, count) => sum + count)).toBe(12);
    const statistics = await t.api.getStatistics('yard', { state: ['labelled'] });
    expect(statistics.pictures).toBe(8);
    const layout = await t.api.getMediaLayout('yard', { state: ['unlabelled'] });
    expect([...layout]).toEqual(Array.from({ length: 4 }, () => 1.5));
    const page = await t.api.listMedia('yard', { state: ['unlabelled'], sort: '-name', limit: 2, offset: 1 });
    expect(page.total).toBe(4);
    expect(page.items.map(({ name }) => name)).toEqual(['shot-8.jpg', 'shot-11.jpg']);
    const [first] = (await t.api.listMedia('yard', { brightness: '0..1', annotations: '1..', limit: 1 })).items;
    expect(first!.name).toBe('shot-0.jpg');
  });

  test('everything known of a picture', async () => {
    const known = await t.api.getMediaFacts('yard', sha256s[0]!);
    expect(known.facts).toMatchObject({ width: 480, height: 320, format: 'jpeg', channels: 3 });
    expect(known).toMatchObject({ predictions: [], exif: {} });
    expect(await failureOf(await t.request(`/projects/yard/media/${'0'.repeat(64)}/facts`))).toMatchObject({
      status: 404,
    });
  });

  test('SQL is answered, exported, and kept from harm', async () => {
    const { rows } = await t.api.queryLake('yard', { sql: 'select count(*) from media' });
    expect(rows).toEqual([[12]]);
    const file = await t.api.exportLake('yard', { sql: 'select name from media order by name', format: 'csv' });
    expect((await file.text()).split('\n')[1]).toBe('shot-0.jpg');
    const post = (body: object) =>
      t.request('/projects/yard/query', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect(await failureOf(await post({ sql: 'drop table media' }))).toMatchObject({ code: 'bad_query', status: 400 });
    expect(await failureOf(await post({ sql: "select * FROM read_text('/etc/passwd')" }))).toMatchObject({
      code: 'bad_query',
    });
    expect(await failureOf(await post({}))).toMatchObject({ status: 400 });
  });

  test('a filter that makes no sense is told by its name', async () => {
    for (const query of ['width=wide', 'place=1,2,3', 'sort=colour', 'limit=0', 'reviewed=perhaps']) {
      expect(await failureOf(await t.request(`/projects/yard/media?${query}`))).toMatchObject({ status: 400 });
    }
    expect(await failureOf(await t.request('/projects/yard/facets?state=done'))).toMatchObject({ code: 'bad_filter' });
    for (const path of ['facets', 'statistics', 'media-layout', 'embeddings', 'near-duplicates', 'map?model=pixels']) {
      expect(await failureOf(await t.request(`/projects/nope/${path}`))).toMatchObject({
        code: 'unknown_project',
        status: 404,
      });
    }
  });

  test('the project and a snapshot of it are handed out as a data set, and nothing of it stays', async () => {
    const archive = async (url: string) => {
      const answer = await t.get(url.replace('http://127.0.0.1:8420', ''));
      expect(answer.headers.get('content-type')).toBe('application/x-tar');
      const names: string[] = [];
      const files = extract();
      files.on('entry', ({ name }, content, next) => {
        names.push(name);
        content.resume().on('end', next);
      });
      await pipeline(Readable.fromWeb(answer.body as never), files);
      return names;
    };
    const whole = await archive(t.api.exportUrl('yard', 'coco'));
    // In COCO a picture without labels would be background: the four that nobody labelled are left out.
    expect(whole.filter((name) => name.endsWith('.jpg'))).toHaveLength(8);
    expect(whole.filter((name) => name.endsWith('.json'))).toHaveLength(1);
    const snapshot = await t.api.createSnapshot('yard', { name: 'out' });
    expect(
      (await archive(t.api.exportUrl('yard', 'yolo', snapshot.name))).filter((name) => name.endsWith('.jpg')),
    ).toHaveLength(8);
    const left = async () => (await readdir(join(t.home.path, 'tmp'))).filter((name) => name.startsWith('export-'));
    for (let round = 0; round < 50 && (await left()).length > 0; round++) await sleep(100);
    expect(await left()).toEqual([]);
    expect(await failureOf(await t.request('/projects/yard/export?format=paper'))).toMatchObject({
      code: 'unknown_format',
    });
  });

  test('what is done to many pictures can be undone', async () => {
    const done = await t.api.changeMedia('yard', {
      filter: { search: 'shot-1' },
      action: { kind: 'tag', tag: 'ones' },
    });
    expect(done.changed).toBe(3);
    expect((await t.api.listMedia('yard', { tag: ['ones'] })).total).toBe(3);
    expect(await t.api.undoAction('yard', done.actionId!)).toEqual({ changed: 3 });
    expect((await t.api.listMedia('yard', { tag: ['ones'] })).total).toBe(0);
    const removed = await t.api.changeMedia('yard', { filter: { sha256: [sha256s[3]!] }, action: { kind: 'remove' } });
    expect((await t.api.getProject('yard')).counts.media).toBe(11);
    await t.api.undoAction('yard', removed.actionId!);
    expect((await t.api.getProject('yard')).counts.media).toBe(12);
  });
});

describe('taking in', () => {
  test('a folder of the server only where it was allowed', async () => {
    await writeFile(join(t.ingestRoot, 'new.png'), pngOf(500));
    const { jobId } = await t.api.startIngest('yard', { source: t.ingestRoot });
    expect(await finished(jobId)).toMatchObject({ state: 'completed', progress: { ingested: 1, skipped: 0 } });
    for (const source of ['/etc', `${t.ingestRoot}/../..`, 'photos', '/nowhere']) {
      await expect(t.api.startIngest('yard', { source })).rejects.toMatchObject({ code: 'path_not_allowed' });
    }
    const inside = await t.api.startIngest('yard', { source: 'http://127.0.0.1:1/p.png' });
    expect(await finished(inside.jobId)).toMatchObject({ state: 'failed', error: expect.stringContaining('private') });
  });

  test('an archive that is sent, and nothing of it is left behind', async () => {
    const tar = pack();
    for (let n = 0; n < 5; n++) tar.entry({ name: `in/${n}.png` }, pngOf(600 + n));
    tar.entry({ name: 'in/broken.png' }, Buffer.from('not a picture'));
    tar.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of tar) chunks.push(chunk as Buffer);
    const { jobId } = await t.api.uploadIngest('yard', new Blob(chunks.map((chunk) => new Uint8Array(chunk))), {
      name: '../../climb.tar',
    });
    const problems = [{ file: 'sent climb.tar!/in/broken.png', code: 'unreadable_image' }];
    expect(await finished(jobId)).toMatchObject({
      state: 'completed',
      progress: { ingested: 5, skipped: 1, problems },
    });
    expect((await t.api.getProject('yard')).counts.media).toBe(18);
  });
});

describe('finding one’s way', () => {
  test('needs vectors first, and says so', async () => {
    await expect(t.api.getMap('yard', 'pixels')).rejects.toMatchObject({ code: 'no_embeddings' });
    await expect(t.api.startEmbedding('yard', { model: 'nothing-like-it' })).rejects.toMatchObject({ status: 404 });
  });

  test('similar pictures, duplicates, the map and outliers by the descriptor that needs no model', async () => {
    const { jobId } = await t.api.startEmbedding('yard', { model: 'pixels' });
    expect(await finished(jobId)).toMatchObject({ state: 'completed' });
    const { models, available } = await t.api.getEmbeddings('yard');
    expect(models).toMatchObject([{ model: 'pixels', embedded: 18, missing: 0 }]);
    expect(available).toContain('pixels');
    const { items } = await t.api.findSimilar('yard', sha256s[0]!, { model: 'pixels', count: 5 });
    expect(items).toHaveLength(5);
    expect(items.map(({ sha256 }) => sha256)).not.toContain(sha256s[0]);
    const { blob } = await samplePicture(0);
    const [same] = (await t.api.findSimilarTo('yard', blob, { model: 'pixels', count: 1 })).items;
    expect(same).toMatchObject({ sha256: sha256s[0] });
    expect(same!.similarity).toBeGreaterThan(0.999);
    const region = await t.api.findSimilar('yard', sha256s[0]!, {
      model: 'pixels',
      region: [10, 10, 200, 200],
      count: 3,
    });
    expect(region.items).toHaveLength(3);
    const map = await t.api.getMap('yard', 'pixels');
    expect(map.sha256s).toHaveLength(18);
    expect([map.x.length, map.y.length, map.classIndices.length]).toEqual([18, 18, 18]);
    expect((await t.api.findOutliers('yard', 'pixels', 4)).items).toHaveLength(4);
    expect((await t.api.findNearDuplicates('yard')).groupCount).toBeTypeOf('number');
  });
});
