import { readFile, stat } from 'node:fs/promises';
import { SORT_FIELDS } from '@fovea/annotations';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeMedia, undoAction } from '../change-media.js';
import { listAspects, listMedia } from '../media-page.js';
import { createProject } from '../project.js';
import { countFacets } from './facets.js';
import { compileFilter, type MediaFilter } from './filter.js';
import { selectionSql, selectMedia } from './selection.js';
import { exportQuery, runQuery } from './sql.js';
import { computeStatistics } from './statistics.js';

const PICTURES = 600;
let test: TestHome;
let projectId: number;

/** Picture n, as the rows below make it. */
const picture = (n: number) => ({
  width: 640 + (n % 3) * 160,
  labelled: n % 4 !== 0,
  objects: n % 4 === 0 ? 0 : n % 5,
  camera: ['Canon EOS', 'Apple iPhone', ''][n % 3]!,
  sharpness: (n * 37) % 500,
  split: ['train', 'val', ''][n % 3]!,
});
const numbers = Array.from({ length: PICTURES }, (_, at) => at + 1);

beforeAll(async () => {
  test = await openTestHome();
  projectId = (await createProject(test.home, { name: 'asked' })).id;
  const { pool } = test.home;
  await pool.query(
    `insert into fovea.classes (project_id, index, name) values ($1, 0, 'car'), ($1, 1, 'person'), ($1, 2, 'never')`,
    [projectId],
  );
  const sha = `encode(sha256(('asked' || n)::bytea), 'hex')`;
  await pool.query(
    `insert into fovea.facts select ${sha}, 'jpeg', 640 + n % 3 * 160, 480, 1000, 1, 'srgb', 3, 8, false, 1, '00000000000000ff', 320, 240,
       ${['r', 'g', 'b'].map(() => `100, 20, 0, 255, array_fill(1, array[32])`).join(', ')},
       0.5, 0.1, (n * 37) % 500, 7, (array['Canon', 'Apple', null])[1 + n % 3], (array['EOS', 'iPhone', null])[1 + n % 3], null,
       0.01, 2.8, 100, 50, case when n % 2 = 0 then timestamp '2026-03-01' + n * interval '1 hour' end, 60,
       case when n % 2 = 0 then -30 + n / 10.0 end, case when n % 2 = 0 then -179 + n / 2.0 end, null, '{"exif.ISO": 100}', null
     from generate_series(1, ${PICTURES}) n`,
  );
  await pool.query(
    `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled, boxed, split)
     select $1, ${sha}, 'picture-' || n || '.jpg', 640 + n % 3 * 160, 480, 'jpeg', 1000, n % 4 <> 0, n % 4 <> 0,
       (array['train', 'val', null])[1 + n % 3] from generate_series(1, ${PICTURES}) n`,
    [projectId],
  );
  await pool.query(
    `insert into fovea.annotations (project_id, media_id, class_index, box)
     select $1, m.id, b % 2, array[10 * b, 0, 10 * b + 64, 48] from fovea.media m, generate_series(1, 4) b
     where m.labelled and b <= m.id % 5`,
    [projectId],
  );
  await pool.query(
    `insert into fovea.predictions (project_id, media_id, model, class_name, confidence)
     select $1, id, 'm@1', 'car', (id % 100) / 100.0 from fovea.media where id % 8 = 0`,
    [projectId],
  );
});

afterAll(() => test.remove());

const idsOf = async (filter: MediaFilter) => [...(await selectMedia(test.home, projectId, filter)).ids];

describe('a filter', () => {
  it.each<[string, MediaFilter, (n: number) => boolean]>([
    ['nothing', {}, () => true],
    ['a class', { classNames: ['person'] }, (n) => picture(n).objects >= 1],
    ['classes', { classNames: ['car', 'person'] }, (n) => picture(n).objects >= 1],
    ['a class that no box has', { classNames: ['never'] }, () => false],
    ['the labelled', { states: ['labelled'] }, (n) => picture(n).labelled],
    ['background', { states: ['background'] }, (n) => picture(n).labelled && picture(n).objects === 0],
    ['what a model found and nobody labelled', { states: ['predicted'] }, (n) => n % 8 === 0],
    ['a confidence', { ranges: { confidence: { min: 0.5 } } }, (n) => n % 8 === 0 && n % 100 >= 50],
    ['a predicted class', { predictedClassNames: ['car'], models: ['m@1'] }, (n) => n % 8 === 0],
    [
      'a number of objects',
      { ranges: { annotations: { min: 2, max: 3 } } },
      (n) => [2, 3].includes(picture(n).objects),
    ],
    ['a width', { ranges: { width: { max: 700 } } }, (n) => picture(n).width === 640],
    [
      'a sharpness',
      { ranges: { sharpness: { min: 100, max: 200 } } },
      (n) => picture(n).sharpness >= 100 && picture(n).sharpness <= 200,
    ],
    ['a camera', { cameras: ['Canon EOS', ''] }, (n) => picture(n).camera !== 'Apple iPhone'],
    ['a split or none', { splits: ['val', ''] }, (n) => picture(n).split !== 'train'],
    ['a day', { taken: { min: '2026-03-02', max: '2026-03-02' } }, (n) => n % 2 === 0 && n >= 24 && n < 48],
    ['a part of the name', { search: 'TURE-5' }, (n) => String(n).startsWith('5')],
    [
      'a place across the date line',
      { place: { south: -30, north: 90, west: 110, east: -170 } },
      (n) => n % 2 === 0 && (-179 + n / 2 >= 110 || -179 + n / 2 <= -170),
    ],
    [
      'a SELECT',
      { sql: 'select sha256 from annotations group by sha256 having count(*) >= 3 -- those' },
      (n) => picture(n).objects >= 3,
    ],
    [
      'several at once',
      { classNames: ['person'], cameras: ['Canon EOS'], ranges: { sharpness: { min: 250 } } },
      (n) => picture(n).objects >= 1 && n % 3 === 0 && picture(n).sharpness >= 250,
    ],
  ])('of %s chooses those and no others', async (_, filter, isChosen) => {
    const wanted = numbers.filter(isChosen);
    expect(await idsOf(filter)).toEqual(wanted);
    expect((await countFacets(test.home, projectId, filter)).total).toBe(wanted.length);
  });

  it('by SQL is one SELECT and nothing else', async () => {
    const refused = [
      'delete from mirror.media',
      'select sha256 from media; select 1',
      'select sha256 from media) or (true',
      "select sha256 from media); copy (select 1) to '/tmp/out",
      'select name from media',
      'select sha256 from media where width = $1',
    ];
    for (const sql of refused) {
      await expect(idsOf({ sql }), sql).rejects.toMatchObject({ code: 'bad_query' });
      await expect(countFacets(test.home, projectId, { sql }), sql).rejects.toMatchObject({ code: 'bad_query' });
    }
    expect(await idsOf({ classNames: ['car'] })).not.toHaveLength(0);
  });

  it('is exported with all that is known of its pictures, in their order', async () => {
    const filter = { classNames: ['person'], search: "ture-1'; --", sql: 'select sha256 from media -- all' };
    const wanted = await idsOf({ ...filter, search: 'ture-1' });
    const read = (file: string) => readFile(file, 'utf8');
    const rowsOf = async (of: MediaFilter) => {
      const sql = selectionSql(of, { by: 'sharpness', descending: true });
      const text = await exportQuery(test.home, projectId, sql, 'jsonl', read);
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { name: string; sharpness: number; labels: { class: string }[] });
    };
    expect(await rowsOf(filter)).toEqual([]);
    const rows = await rowsOf({ ...filter, search: 'ture-1' });
    expect(rows.map(({ name }) => name).sort()).toEqual(wanted.map((n) => `picture-${n}.jpg`).sort());
    const order = rows.map(({ sharpness }) => sharpness);
    expect(order).toEqual(order.toSorted((a, b) => b - a));
    expect(rows.every(({ labels }) => labels.some((label) => label.class === 'person'))).toBe(true);
  });

  it('that makes no sense says so', async () => {
    await expect(idsOf({ ranges: { width: { min: 5, max: 1 } } })).rejects.toMatchObject({ code: 'bad_filter' });
    await expect(idsOf({ taken: { min: 'yesterday' } })).rejects.toMatchObject({ code: 'bad_filter' });
    await expect(idsOf({ states: ['done' as 'labelled'] })).rejects.toMatchObject({ code: 'bad_filter' });
    await expect(idsOf({ ranges: { hue: { min: 1 } } as never })).rejects.toMatchObject({ code: 'bad_filter' });
  });

  it('carries any text as a value, never as SQL', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 30 }), async (text) => {
        const clean = text.replaceAll('\0', '');
        const filter = { tags: [clean], cameras: [clean || '?'], search: clean || '?', formats: [clean] };
        expect(compileFilter(filter).where).not.toContain(clean.length > 8 ? clean : '\0');
        expect(await idsOf(filter)).toEqual([]);
      }),
      { numRuns: 40, examples: [[`' or 1=1 --`], [`$v0`], [`"); drop table mirror.media; --`]] },
    );
  });
});

describe('facets', () => {
  it('count what each further value would leave, their own part of the filter aside', async () => {
    const facets = await countFacets(test.home, projectId, { cameras: ['Canon EOS'] });
    const canons = numbers.filter((n) => n % 3 === 0);
    expect(facets.total).toBe(200);
    expect(facets.values.cameras.map(({ count }) => count)).toEqual([200, 200, 200]);
    expect(facets.values.splits).toEqual([{ value: 'train', count: 200 }]);
    const people = canons.filter((n) => picture(n).objects >= 1).length;
    expect(facets.values.classNames.find(({ value }) => value === 'person')).toEqual({
      value: 'person',
      count: people,
    });
    const { min, max, counts } = facets.ranges.sharpness!;
    expect([min, max]).toEqual([
      Math.min(...canons.map((n) => picture(n).sharpness)),
      Math.max(...canons.map((n) => picture(n).sharpness)),
    ]);
    expect(counts.reduce((sum, count) => sum + count)).toBe(200);
    expect(facets.placed).toBe(canons.filter((n) => n % 2 === 0).length);
  });

  it('of a project without pictures are empty', async () => {
    const { id } = await createProject(test.home, { name: 'nothing' });
    expect(await countFacets(test.home, id)).toMatchObject({ total: 0, taken: null, ranges: { brightness: null } });
    expect((await computeStatistics(test.home, id)).pictures).toBe(0);
  });
});

describe('pages', () => {
  it.each(SORT_FIELDS)('by %s hold every picture once, either way round', async (by) => {
    for (const descending of [false, true]) {
      const names: string[] = [];
      for (let cursor: string | null = null; ; ) {
        const page = await listMedia(test.home, 'asked', { sort: { by, descending }, limit: 250, cursor });
        names.push(...page.items.map(({ name }) => name));
        cursor = page.nextCursor;
        if (cursor === null) break;
      }
      expect(new Set(names).size).toBe(PICTURES);
    }
    const by10 = await listMedia(test.home, 'asked', { sort: { by }, offset: 10, limit: 5 });
    const all = await listMedia(test.home, 'asked', { sort: { by }, limit: 15 });
    expect(by10.items.map(({ name }) => name)).toEqual(all.items.slice(10).map(({ name }) => name));
  });

  it('are laid out by a ratio for each picture', async () => {
    const aspects = await listAspects(test.home, 'asked', { cameras: ['Canon EOS'] });
    expect(aspects).toHaveLength(200);
    expect(new Set(aspects)).toEqual(new Set([Math.fround(640 / 480)]));
  });
});

describe('SQL', () => {
  const ask = (sql: string, options = {}) => runQuery(test.home, projectId, sql, options);

  it('is answered with names, types and plain values', async () => {
    const { columns, rows, truncated } = await ask(
      `select class, count(*) as n, avg(width)::double as w, list(distinct kind) as kinds from annotations group by 1 order by 1`,
    );
    expect(columns.map(({ name }) => name)).toEqual(['class', 'n', 'w', 'kinds']);
    expect(rows.map(([name, , w, kinds]) => [name, w, kinds])).toEqual([
      ['car', 64, ['box']],
      ['person', 64, ['box']],
    ]);
    expect(truncated).toBe(false);
    expect(await ask('select id from media order by id', { maxRows: 3 })).toMatchObject({
      rows: [[1], [2], [3]],
      truncated: true,
    });
    expect((await ask(`explain select * from media`)).rows.length).toBeGreaterThan(0);
  });

  it.each([
    ['a change', `delete from mirror.media`],
    ['two statements', `select 1; select 2`],
    ['a table made', `create table t as select 1`],
    ['a setting', `set memory_limit = '100GB'`],
    ['a pragma', `pragma memory_limit = '100GB'`],
    ['a file read', `select * from read_text('/etc/passwd')`],
    ['a file read by its name', `select * FROM '/etc/passwd'`],
    ['a file written', `copy media to '/tmp/out.csv'`],
    ['another database', `attach '/tmp/other.duckdb'`],
    ['an extension', `install httpfs`],
    ['a call', `call pragma_version()`],
    ['a parameter', `select $1`],
    ['an unknown table', `select * from pictures`],
    ['nonsense', `selekt`],
    ['nothing', ``],
    ['an end of the export', `select 1) to '/tmp/out.csv' --`],
  ])('of %s is refused with a sentence', async (_, sql) => {
    await expect(ask(sql)).rejects.toMatchObject({ code: 'bad_query' });
    const never = async () => expect.unreachable();
    await expect(exportQuery(test.home, projectId, sql, 'csv', never)).rejects.toMatchObject({ code: 'bad_query' });
  });

  it('that takes too long, or whose asker is gone, is ended', async () => {
    const forever = 'select count(*) from range(100000000) a, range(1000000) b where (a.range * b.range) % 7 = 3';
    await expect(ask(forever, { timeoutSeconds: 0.3 })).rejects.toMatchObject({ code: 'query_timeout' });
    await expect(ask(forever, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect((await ask('select 1')).rows).toEqual([[1]]);
  });

  it('that wants too much memory is ended, and the process lives on', async () => {
    const big = `select list(a.range) from range(400000000) a`;
    await expect(ask(big, { timeoutSeconds: 60 })).rejects.toMatchObject({ code: 'query_memory' });
    expect((await ask('select count(*) from media')).rows).toEqual([[PICTURES]]);
  });

  it('is exported whole as each format, and the file is gone afterwards', async () => {
    let path = '';
    const sql = 'select id, name from media order by id -- a comment at the end';
    const csv = await exportQuery(test.home, projectId, sql, 'csv', async (file, rows) => {
      path = file;
      expect(rows).toBe(PICTURES);
      return readFile(file, 'utf8');
    });
    expect(csv.split('\n').slice(0, 2)).toEqual(['id,name', '1,picture-1.jpg']);
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    const lines = await exportQuery(test.home, projectId, sql, 'jsonl', (file) => readFile(file, 'utf8'));
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toHaveLength(PICTURES);
    const parquet = await exportQuery(test.home, projectId, sql, 'parquet', (file) => readFile(file));
    expect(parquet.subarray(0, 4).toString()).toBe('PAR1');
  });
});

describe('statistics', () => {
  it('add up', async () => {
    const found = await computeStatistics(test.home, projectId);
    const objects = numbers.reduce((sum, n) => sum + picture(n).objects, 0);
    expect(found).toMatchObject({ pictures: PICTURES, labelled: 450, annotations: objects });
    expect(found.classes.map(({ objects: count }) => count).reduce((a, b) => a + b)).toBe(objects);
    const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
    expect([sum(found.boxSizes.counts), sum(found.positions.counts)]).toEqual([objects, objects]);
    expect(sum(found.brightness.counts)).toBe(PICTURES);
    // Of 64 x 48 on 640 x 480: a tenth.
    expect(found.boxSizes.counts[4]! + found.boxSizes.counts[3]!).toBeGreaterThan(0);
    expect(found.overTime.unit).toBe('day');
    expect(sum(found.overTime.counts.map(({ pictures }) => pictures))).toBe(PICTURES / 2);
    expect(found.imageSizes.map(({ width }) => width).sort()).toEqual([640, 800, 960]);
  });
});

describe('an action on many pictures', () => {
  it.each([
    ['a tag', { kind: 'tag', tag: 'night' } as const, { tags: ['night'] }, 200],
    ['a review', { kind: 'review' } as const, { reviewed: true }, 200],
    ['a split', { kind: 'split', split: 'test' } as const, { splits: ['test'] }, 200],
  ])('%s is done, seen, and undone', async (_, action, filter: MediaFilter, count) => {
    const before = await idsOf({});
    const { actionId, changed } = await changeMedia(test.home, 'asked', { cameras: ['Canon EOS'] }, action);
    expect(changed).toBe(count);
    expect(await idsOf(filter)).toHaveLength(count);
    const again = await changeMedia(test.home, 'asked', { cameras: ['Canon EOS'] }, action);
    expect(again).toEqual({ actionId: null, changed: 0 });
    expect(await undoAction(test.home, 'asked', actionId!)).toBe(count);
    expect(await idsOf(filter)).toEqual([]);
    expect((await idsOf({ splits: ['train'] })).length).toBe(200);
    await expect(undoAction(test.home, 'asked', actionId!)).rejects.toMatchObject({ code: 'unknown_action' });
    expect(await idsOf({})).toEqual(before);
  });

  it('removal takes pictures out of all lists, and undoing brings them back with their labels', async () => {
    const people = await idsOf({ classNames: ['person'] });
    const { actionId, changed } = await changeMedia(test.home, 'asked', { classNames: ['person'] }, { kind: 'remove' });
    expect(changed).toBe(people.length);
    expect((await listMedia(test.home, 'asked')).total).toBe(PICTURES - people.length);
    await undoAction(test.home, 'asked', actionId!);
    expect(await idsOf({ classNames: ['person'] })).toEqual(people);
  });

  it('that makes no sense is refused', async () => {
    await expect(changeMedia(test.home, 'asked', {}, { kind: 'tag', tag: '  ' })).rejects.toMatchObject({
      code: 'bad_tag',
    });
    await expect(changeMedia(test.home, 'asked', {}, { kind: 'split', split: 'trial' })).rejects.toMatchObject({
      code: 'bad_split',
    });
  });
});
