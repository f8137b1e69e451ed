import { openHome } from '@fovea/store';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProject } from '../project.js';
import { openMirror } from './mirror.js';
import { withMirror } from './mirrors.js';
import { mirrorTables } from './tables.js';

let test: TestHome;
let projectId: number;

beforeAll(async () => {
  test = await openTestHome();
  projectId = (await createProject(test.home, { name: 'seen' })).id;
  const { pool } = test.home;
  await pool.query(
    `insert into fovea.classes (project_id, index, name) values ($1, 0, 'car'), ($1, 1, 'a "quoted", name')`,
    [projectId],
  );
  await pool.query(
    `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled)
     select $1, encode(sha256(n::text::bytea), 'hex'), E'odd\\n"name", ' || n || '.jpg', 640, 480, 'jpeg', 1000 + n, true
     from generate_series(1, 3000) n`,
    [projectId],
  );
  await pool.query(
    `insert into fovea.annotations (project_id, media_id, class_index, box, shape, keypoints)
     select $1, id, id % 2, array[1.5, 2, 30, 40], case when id % 3 = 0 then '{"polygons": [[1, 2, 30, 2, 30, 40]]}'::jsonb end,
       case when id % 5 = 0 then array[1.25, 2, 2] end from fovea.media`,
    [projectId],
  );
});

afterAll(() => test.remove());

const rows = (sql: string, options = {}) =>
  withMirror(test.home, projectId, (mirror) =>
    mirror.read(async (duck) => (await duck.runAndReadAll(sql)).getRowsJson(), options),
  );

/** Every table, whole and in one order: what a rebuilt mirror must equal. */
async function everything(): Promise<unknown> {
  const found: Record<string, unknown> = {};
  for (const name of [...mirrorTables.map((table) => table.name), 'classes', 'videos', 'embeddings']) {
    found[name] = await rows(`select * from mirror.${name} order by all`, { embeddings: true });
  }
  return found;
}

describe('the mirror', () => {
  it('has what PostgreSQL has, odd names and shapes included', async () => {
    expect(await rows('select count(*), min(size_bytes), max(size_bytes) from media')).toEqual([
      ['3000', '1001', '4000'],
    ]);
    expect(await rows(`select name, kind, boxed, camera_make from media where size_bytes = 1007`)).toEqual([
      ['odd\n"name", 7.jpg', 'image', true, null],
    ]);
    expect(await rows(`select class, kind, count(*) from annotations group by all order by all`)).toEqual([
      ['a "quoted", name', 'box', '800'],
      ['a "quoted", name', 'keypoints', '300'],
      ['a "quoted", name', 'polygon', '400'],
      ['car', 'box', '800'],
      ['car', 'keypoints', '300'],
      ['car', 'polygon', '400'],
    ]);
    const [shape] = await rows(`select shape->'polygons'->0->2, keypoints, area from annotations where media_id = 15`);
    expect(shape).toEqual(['30', [1.25, 2, 2], 1083]);
  });

  it('follows every kind of change, and holds nothing of what was taken out', async () => {
    const { pool } = test.home;
    await pool.query('update fovea.media set reviewed_at = now() where id = 1');
    await pool.query(`insert into fovea.media_tags (media_id, project_id, tag) values (2, $1, 'night')`, [projectId]);
    await pool.query('delete from fovea.annotations where media_id = 3');
    await pool.query('update fovea.media set removed_at = now() where id = 4');
    await pool.query('delete from fovea.media where id = 5');
    await pool.query(
      `insert into fovea.predictions (media_id, project_id, model, class_name, confidence, box)
       values (6, $1, 'cars@1', 'car', 0.75, array[1, 2, 3, 4])`,
      [projectId],
    );
    await pool.query(`update fovea.classes set name = 'vehicle' where project_id = $1 and index = 0`, [projectId]);
    expect(await rows('select id from media where reviewed')).toEqual([['1']]);
    expect(await rows('select media_id, tag from tags')).toEqual([['2', 'night']]);
    expect(await rows('select count(*) from annotations where media_id in (3, 4, 5)')).toEqual([['0']]);
    expect(await rows('select count(*) from media')).toEqual([['2998']]);
    expect(await rows('select class, confidence, area from predictions')).toEqual([['car', 0.75, 4]]);
    expect(await rows(`select count(*) from annotations where class = 'vehicle'`)).toEqual([['1499']]);
    await pool.query('update fovea.media set removed_at = null where id = 4');
    expect(await rows('select count(*) from annotations where media_id = 4')).toEqual([['1']]);
  });

  it('sees a transaction that ended later than one that began after it', async () => {
    const [early, late] = [await test.home.pool.connect(), await test.home.pool.connect()];
    try {
      await early.query('begin');
      await early.query('update fovea.media set split = $1 where id = 10', ['val']);
      await late.query('update fovea.media set split = $1 where id = 11', ['val']);
      expect(await rows(`select id from media where split = 'val'`)).toEqual([['11']]);
      await early.query('commit');
      expect(await rows(`select id from media where split = 'val' order by id`)).toEqual([['10'], ['11']]);
    } finally {
      early.release();
      late.release();
    }
  });

  it('has vectors where they are asked for', async () => {
    const vector = (values: number[]) => Buffer.from(Float32Array.from(values).buffer);
    await test.home.pool.query(
      `insert into fovea.embeddings (media_id, project_id, model, vector) values (1, $1, 'm', $2), (2, $1, 'm', $3), (1, $1, 'other', $4)`,
      [projectId, vector([0.6, 0.8]), vector([1, 0]), vector([0, 0, 1])],
    );
    const found = await rows('select media_id, model, dimensions, vector from embeddings order by model, media_id', {
      embeddings: true,
    });
    expect(found).toEqual([
      ['1', 'm', '2', [Math.fround(0.6), Math.fround(0.8)]],
      ['2', 'm', '2', [1, 0]],
      ['1', 'other', '3', [0, 0, 1]],
    ]);
    await test.home.pool.query(`delete from fovea.embeddings where model = 'other'`);
    expect(await rows('select count(*) from embeddings', { embeddings: true })).toEqual([['2']]);
  });

  it('made anew equals what was there', async () => {
    const before = await everything();
    await withMirror(test.home, projectId, (mirror) => mirror.rebuild());
    expect(await everything()).toEqual(before);
  });

  it('is open to several processes at once, each with its own file, and is made again where a file is broken', async () => {
    const other = await openHome(test.path, { databaseUrl: null });
    const [a, b] = [await openMirror(other, projectId), await openMirror(other, projectId)];
    expect(new Set([a.exchange, b.exchange]).size).toBe(2);
    const count = (mirror: typeof a) =>
      mirror.read(async (duck) => Number((await duck.runAndReadAll('select count(*) from media')).getRows()[0]![0]));
    expect([await count(a), await count(b)]).toEqual([2999, 2999]);
    await Promise.all([a.close(), b.close()]);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(a.exchange.replace(/exchange-(\d+)$/, '$1.duckdb'), 'this is no database, whatever its name says');
    const again = await openMirror(other, projectId);
    expect(await count(again)).toBe(2999);
    await again.close();
    await other.close();
  });
});
