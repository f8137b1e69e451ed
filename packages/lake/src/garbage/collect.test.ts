import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPictures, sha256Of } from '../fixtures/snapshot-project.js';
import { createSnapshot } from '../snapshot.js';
import { compareSnapshots } from '../snapshots/compare.js';
import { deleteSnapshot } from '../snapshots/lineage.js';
import { storeThumbnailSync } from '../thumbnail.js';
import { collectGarbage } from './collect.js';
import { BLOB_COLUMNS, OTHER_COLUMNS } from './names.js';

let test: TestHome;

beforeAll(async () => {
  test = await openTestHome();
});

afterAll(() => test.remove());

const HOURS_AGO = (hours: number) => new Date(Date.now() - hours * 3600_000);

/** Makes all blobs and thumbnails look as if they had been stored some hours ago. */
async function age(hours: number): Promise<void> {
  for (const root of [join(test.path, 'blobs'), join(test.path, 'cache', 'thumbnails')]) {
    for (const folder of await readdir(root).catch(() => [])) {
      for (const name of await readdir(join(root, folder))) {
        await utimes(join(root, folder, name), HOURS_AGO(hours), HOURS_AGO(hours));
      }
    }
  }
}

const put = (text: string) => test.home.blobs.put(new TextEncoder().encode(text));
const has = (text: string) => test.home.blobs.has(sha256Of(text));
const object = [{ classIndex: 0, box: [0, 0, 9, 9] }];

describe('the columns that name blobs', () => {
  it('are all of the database', async () => {
    const { rows } = await test.home.pool.query<{ table: string; column: string }>(
      `select table_name as table, column_name as column from information_schema.columns
       where table_schema = 'fovea' and column_name like '%sha256%'`,
    );
    const key = ({ table, column }: { table: string; column: string }) => `${table}.${column}`;
    // A new one belongs into one of the lists: does what it names have to be kept?
    expect(rows.map(key).sort()).toEqual([...BLOB_COLUMNS, ...OTHER_COLUMNS].map(key).sort());
  });
});

describe('collectGarbage', () => {
  it('removes what nothing names and is old, and nothing else; dry it only counts the same', async () => {
    const { home } = test;
    await addPictures(
      home,
      'p',
      ['car'],
      [
        { content: 'kept', objects: object, labelMap: 'kept map' },
        {
          content: 'in a snapshot',
          objects: object,
          labelMap: 'map in a snapshot',
          perceptualHash: '0123456789abcdef',
        },
        { content: 'taken out', objects: object, labelMap: 'map taken out', perceptualHash: 'fedcba9876543210' },
        { content: 'just taken out', objects: object },
      ],
      { withBytes: true },
    );
    const [snapshot] = [
      await createSnapshot(home, 'p', { sql: `select sha256 from media where name = 'in a snapshot'` }),
    ];
    const other = await createSnapshot(home, 'p', { sql: `select sha256 from media where name <> 'taken out'` });
    await compareSnapshots(home, snapshot.id, other.id);
    await home.pool.query(
      `update fovea.media set removed_at = now() - interval '8 days' where name in ('taken out', 'in a snapshot')`,
    );
    await home.pool.query(
      `update fovea.media set removed_at = now() - interval '6 days' where name = 'just taken out'`,
    );
    // The map of a picture in the snapshot is another now: the snapshot goes on naming what it saw.
    await put('another map');
    await home.pool.query('update fovea.label_maps set sha256 = $1 where sha256 = $2', [
      sha256Of('another map'),
      sha256Of('map in a snapshot'),
    ]);
    await put('orphan');
    storeThumbnailSync(home, sha256Of('kept'), new Uint8Array([0xff, 0xd8, 0xff]));
    storeThumbnailSync(home, sha256Of('orphan'), new Uint8Array([0xff, 0xd8, 0xff]));
    for (const [table, values] of [
      ['runs (id, project_id, name, task, params)', `('r', ${snapshot.projectId}, 'r', 'detection', '{}')`],
      [
        'artifacts (run_id, name, sha256, size_bytes, media_type)',
        `('r', 'a', '${(await put('artifact')).sha256}', 1, 'x/y')`,
      ],
      ['models (name, project_id)', `('m', ${snapshot.projectId})`],
      [
        'model_versions (model_name, version, sha256, size_bytes, card)',
        `('m', 1, '${(await put('model')).sha256}', 1, '{}')`,
      ],
      [
        'videos (project_id, sha256, name, format, width, height, size_bytes, duration_seconds, frame_count)',
        `(${snapshot.projectId}, '${(await put('video')).sha256}', 'v', 'mp4', 1, 1, 1, 1, 1)`,
      ],
    ]) {
      await home.pool.query(`insert into fovea.${table} values ${values}`);
    }
    await mkdir(join(test.path, 'runs', 'gone'), { recursive: true });
    await writeFile(join(test.path, 'runs', 'gone', 'checkpoint'), 'bytes');
    await utimes(join(test.path, 'runs', 'gone'), HOURS_AGO(300), HOURS_AGO(300));
    await mkdir(join(test.path, 'cache', 'mirror', '999999'), { recursive: true });
    await age(9 * 24);
    await put('young orphan');
    // Old, and stored again just now, as by an import that has not written its rows yet.
    await put('orphan stored again');
    await age(9 * 24);
    await put('orphan stored again');
    await put('young orphan');

    const expected = {
      blobs: { count: 3, bytes: 'orphan'.length + 'taken out'.length + 'map taken out'.length },
      kept: { count: 2, bytes: 'young orphan'.length + 'orphan stored again'.length },
      pictures: 1,
      videos: 0,
      facts: 1,
      thumbnails: { count: 1, bytes: 3 },
      caches: { count: 1, bytes: 0 },
      leftovers: { count: 1, bytes: 5 },
      stopped: false,
    };
    expect(await collectGarbage(home, { dryRun: true })).toEqual({ dryRun: true, ...expected, facts: 0 });
    expect(await has('orphan')).toBe(true);
    expect(await collectGarbage(home)).toEqual({ dryRun: false, ...expected });
    for (const gone of ['orphan', 'taken out', 'map taken out']) expect([gone, await has(gone)]).toEqual([gone, false]);
    for (const stays of [
      'kept',
      'kept map',
      'in a snapshot',
      'map in a snapshot',
      'another map',
      'just taken out',
      'artifact',
      'model',
      'video',
      'young orphan',
      'orphan stored again',
    ])
      expect([stays, await has(stays)]).toEqual([stays, true]);
    for (const { manifestSha256 } of [snapshot, other]) expect(await home.blobs.has(manifestSha256)).toBe(true);
    const { rows } = await home.pool.query('select name from fovea.media order by name');
    expect(rows.map(({ name }) => name)).toEqual(['in a snapshot', 'just taken out', 'kept']);
    expect(await collectGarbage(home)).toMatchObject({
      blobs: { count: 0 },
      pictures: 0,
      facts: 0,
      thumbnails: { count: 0 },
    });
  });

  it('lets go of what only a deleted snapshot named, and of its comparisons', async () => {
    const { home } = test;
    const { rows } = await home.pool.query<{ id: string; manifest_sha256: string }>(
      'select id, manifest_sha256 from fovea.snapshots',
    );
    for (const { id } of rows) await deleteSnapshot(home, id);
    await age(9 * 24);
    const report = await collectGarbage(home);
    // Its picture had been taken out; its map was no one else's.
    expect(report).toMatchObject({ pictures: 1, caches: { count: 1 } });
    for (const gone of ['in a snapshot', 'map in a snapshot', 'another map'])
      expect([gone, await has(gone)]).toEqual([gone, false]);
    for (const { manifest_sha256 } of rows) expect(await home.blobs.has(manifest_sha256)).toBe(false);
    expect(await has('kept map')).toBe(true);
  });

  it('removes a video with the last of its frames, and keeps it while a snapshot has one', async () => {
    const { home } = test;
    const video = { sha256: (await put('a video')).sha256, timeSeconds: 0 };
    await addPictures(
      home,
      'frames',
      ['car'],
      [0, 1].map((at) => ({ content: `frame ${at}`, video: { ...video, timeSeconds: at }, objects: object })),
    );
    const snapshot = await createSnapshot(home, 'frames');
    await home.pool.query(`update fovea.media set removed_at = now() - interval '8 days' where video_id is not null`);
    await age(9 * 24);
    expect(await collectGarbage(home)).toMatchObject({ pictures: 0, videos: 0 });
    await deleteSnapshot(home, snapshot.id);
    expect(await collectGarbage(home, { dryRun: true })).toMatchObject({ pictures: 2, videos: 1 });
    expect(await collectGarbage(home)).toMatchObject({ pictures: 2, videos: 1 });
    await age(9 * 24);
    await collectGarbage(home);
    expect(await has('a video')).toBe(false);
  });

  it('removes nothing while it is not certain what a snapshot names, and runs once at a time', async () => {
    const { home } = test;
    await addPictures(home, 'lost', ['car'], [{ content: 'of the lost', objects: object }], { withBytes: true });
    const snapshot = await createSnapshot(home, 'lost');
    await put('orphan of the lost');
    await home.blobs.delete(snapshot.manifestSha256);
    const [fresh] = [await openTestHomeAgain()];
    await age(9 * 24);
    try {
      await expect(collectGarbage(fresh)).rejects.toMatchObject({
        code: 'garbage_uncertain',
        details: { snapshot: snapshot.id },
      });
      expect(await has('orphan of the lost')).toBe(true);
      await deleteSnapshot(home, snapshot.id);
      const both = await Promise.allSettled([collectGarbage(home), collectGarbage(fresh)]);
      const refused = both.filter((each) => each.status === 'rejected');
      for (const each of refused) expect(each).toMatchObject({ reason: { code: 'garbage_busy' } });
      expect(refused.length).toBeLessThan(2);
      expect(await has('orphan of the lost')).toBe(false);
      await expect(collectGarbage(home, { graceDays: -1 })).rejects.toMatchObject({ code: 'bad_grace' });
      await expect(collectGarbage(home, { signal: AbortSignal.abort() })).rejects.toThrow();
      expect(await collectGarbage(home)).toMatchObject({ stopped: false });
    } finally {
      await fresh.close();
    }
  });
});

describe('a snapshot in the making', () => {
  it('keeps what it saw, though it is taken out and collected before the snapshot is saved', async () => {
    const { home } = test;
    const projectId = await addPictures(
      home,
      'making',
      ['car'],
      [
        { content: 'seen', objects: object },
        { content: 'too', objects: object },
      ],
      { withBytes: true },
    );
    // It waits for this row when all is read and its manifest is written.
    const client = await home.pool.connect();
    await client.query('begin');
    await client.query('select 1 from fovea.projects where id = $1 for update', [projectId]);
    const making = createSnapshot(home, 'making');
    for (let waiting = 0; waiting === 0; ) {
      const { rows } = await home.pool.query(
        `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%for no key update%' and pid <> pg_backend_pid()`,
      );
      waiting = rows.length;
    }
    await home.pool.query(`update fovea.media set removed_at = now() - interval '9 days' where name = 'seen'`);
    await age(9 * 24);
    let isCollected = false;
    const collecting = collectGarbage(home).finally(() => {
      isCollected = true;
    });
    // Long enough for a collection that does not wait.
    for (let turn = 0; turn < 20 && !isCollected; turn++) await sleep(100);
    expect(isCollected).toBe(false);
    await client.query('commit');
    client.release();
    const snapshot = await making;
    await collecting;
    expect(snapshot.counts.media).toBe(2);
    expect(await has('seen')).toBe(true);
    const { rows } = await home.pool.query(`select 1 from fovea.media where name = 'seen'`);
    expect(rows).toHaveLength(1);
  });
});

async function openTestHomeAgain() {
  const { openHome } = await import('@fovea/store');
  return openHome(test.path, { databaseUrl: null });
}
