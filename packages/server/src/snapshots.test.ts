import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApp, samplePicture } from './app.fixture.js';

let t: Awaited<ReturnType<typeof openTestApp>>;
beforeAll(async () => {
  t = await openTestApp();
  await t.api.createProject({ name: 'roads' });
  for (let at = 0; at < 6; at++) await upload(at);
});
afterAll(() => t.close());

async function upload(at: number): Promise<void> {
  const { blob: file } = await samplePicture(at);
  const annotations = [{ className: at % 2 ? 'car' : 'bus', box: [1, 1, 30, 40] as [number, number, number, number] }];
  await t.api.uploadMedia('roads', { file, name: `${at < 4 ? 'day' : 'night'}-${at}.jpg`, annotations });
}

test('snapshots are made of some pictures, paged, downloaded, compared, and deleted where no run used them', async () => {
  const whole = await t.api.createSnapshot('roads', { valFraction: 0.34, description: 'All of them.' });
  expect(whole).toMatchObject({
    isNew: true,
    name: 'v1',
    description: 'All of them.',
    query: null,
    counts: { media: 6, unlabelled: 0 },
  });
  expect(await t.api.createSnapshot('roads', { valFraction: 0.34 })).toMatchObject({ id: whole.id, isNew: false });
  const day = await t.api.createSnapshot('roads', { name: 'day', filter: { search: 'day' } });
  expect(day).toMatchObject({ name: 'day', counts: { media: 4 }, query: { filter: { search: 'day' } } });
  expect(await t.api.createSnapshot('roads', { sql: `select sha256 from media where name like 'day%'` })).toMatchObject(
    {
      id: day.id,
      isNew: false,
    },
  );
  await expect(t.api.createSnapshot('roads', { name: 'day' })).rejects.toMatchObject({
    code: 'snapshot_name_taken',
    status: 409,
  });
  await expect(t.api.createSnapshot('roads', { sql: 'select 1 as one' })).rejects.toMatchObject({
    code: 'bad_query',
    status: 400,
  });

  const page = await t.api.listSnapshotPictures('roads', 'v1', { offset: 4, limit: 10 });
  expect(page).toMatchObject({ total: 6, pictures: [{ annotations: [{ box: [1, 1, 30, 40] }] }, {}] });
  const val = await t.api.listSnapshotPictures('roads', whole.id, { split: 'val' });
  expect(val.pictures).toHaveLength(whole.counts.val);
  expect(val.total).toBe(whole.counts.val);

  const answer = await t.request(new URL(t.api.snapshotManifestUrl('roads', 'day')).pathname.replace('/api/v1', ''));
  expect(answer.status).toBe(200);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect(new TextDecoder('latin1').decode(bytes.subarray(0, 4))).toBe('PAR1');
  expect(Number(answer.headers.get('content-length'))).toBe(bytes.length);
  expect(answer.headers.get('content-disposition')).toContain('roads-day.parquet');

  const compared = await t.api.compareSnapshots('roads', 'v1', 'day');
  expect(compared).toMatchObject({
    pictures: { added: 0, removed: 2 },
    objects: { removed: 2 },
    after: { id: day.id },
  });
  expect(compared.sentences[0]).toContain('2 pictures fewer');
  const removed = await t.api.listSnapshotDifference('roads', 'v1', 'day', { kind: 'removed' });
  expect(removed.pictures.map(({ name }) => name).sort()).toEqual(['night-4.jpg', 'night-5.jpg']);
  expect(removed.pictures[0]).toMatchObject({ splitAfter: null, objects: [{ kind: 'removed', n: 1 }] });

  await t.home.pool.query(
    `insert into fovea.runs (id, project_id, snapshot_id, name, task, params)
     select 'run1', project_id, id, 'cars', 'detection', '{}' from fovea.snapshots where id = $1`,
    [day.id],
  );
  expect(await t.api.getSnapshot('roads', 'day')).toMatchObject({ id: day.id, runs: [{ id: 'run1', model: null }] });
  await expect(t.api.deleteSnapshot('roads', 'day')).rejects.toMatchObject({ code: 'snapshot_in_use', status: 409 });
  expect(await t.api.deleteSnapshot('roads', 'v1')).toMatchObject({ id: whole.id });
  await expect(t.api.getSnapshot('roads', 'v1')).rejects.toMatchObject({ code: 'unknown_snapshot', status: 404 });
});
