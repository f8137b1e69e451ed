import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPictures, type FixturePicture, sha256Of } from '../fixtures/snapshot-project.js';
import { createSnapshot, findSnapshot, loadManifest, readManifest, type Snapshot } from '../snapshot.js';
import { deleteSnapshot, getSnapshot } from './lineage.js';
import { isParquet } from './manifest-file.js';

let test: TestHome;

beforeAll(async () => {
  test = await openTestHome();
});

afterAll(() => test.remove());

/** The canonical lines as they were when they were what is stored, from what is read now. */
async function canonicalText(snapshot: Snapshot, more: Record<string, unknown> = {}): Promise<string> {
  const pictures = await loadManifest(test.home, snapshot);
  const { media, annotations, classified, labelMaps, train, val, test: forTest } = snapshot.counts;
  const header = {
    format: 'fovea-snapshot',
    version: 1,
    project: snapshot.project,
    classNames: snapshot.classNames,
    valFraction: snapshot.valFraction,
    ...more,
    seed: snapshot.seed,
    counts: {
      media,
      annotations,
      ...(classified > 0 && { classified }),
      ...(labelMaps > 0 && { labelMaps }),
      train,
      val,
      test: forTest,
    },
  };
  return [header, ...pictures].map((line) => `${JSON.stringify(line)}\n`).join('');
}

const idOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 20);

const coordinate = fc.oneof(
  fc.double({ min: 0, max: 640, noNaN: true }),
  fc.integer({ min: 0, max: 640 }),
  fc.constant(0.1 + 0.2),
);
const outline = fc.array(coordinate, { minLength: 6, maxLength: 10 });
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const object = fc.record({
  classIndex: fc.nat(2),
  box: fc.tuple(coordinate, coordinate, coordinate, coordinate),
  isCrowd: fc.boolean(),
  shape: optional(
    fc.oneof(
      fc.record({
        polygons: fc.array(outline, { minLength: 1, maxLength: 3 }),
        holes: fc.array(outline, { maxLength: 2 }),
      }),
      fc.constant({ mask: { size: [480, 640], counts: 'PPYo0\\"01' } }),
      fc.record({
        rotatedBox: fc.record({
          center: fc.tuple(coordinate, coordinate),
          width: coordinate,
          height: coordinate,
          angle: coordinate,
        }),
      }),
    ),
  ),
  keypoints: optional(fc.array(coordinate, { minLength: 3, maxLength: 6 })),
  trackId: optional(fc.constantFrom('a', 'tröck "7"\t\\')),
});
const names = fc
  .oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a\tb', '"\\', 'ünï\u2028\n', '🦊'))
  .map((name) => name.replaceAll('\0', ''));
const picture: fc.Arbitrary<FixturePicture> = fc.record(
  {
    name: names,
    boxed: fc.boolean(),
    split: fc.constantFrom('train', 'val', 'test'),
    classIndices: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
    labelMap: fc.constantFrom('map 1', 'map 2'),
    objects: fc.array(object, { maxLength: 4 }),
    video: fc.record({ sha256: fc.constant(sha256Of('video')), timeSeconds: coordinate }),
  },
  { requiredKeys: [] },
);

describe('a manifest', () => {
  it('gives back what it was made of, bit by bit: what is read makes the text that the id is of', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(picture, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: -9, max: 9 }),
        async (pictures, seed) => {
          const project = `round ${round++}`;
          await addPictures(test.home, project, ['a', 'b "c"', 'd'], pictures);
          const snapshot = await createSnapshot(test.home, project, { seed });
          expect(idOf(await canonicalText(snapshot))).toBe(snapshot.id);
          const read = new Map((await loadManifest(test.home, snapshot)).map((each) => [each.sha256, each]));
          for (const [at, given] of pictures.entries()) {
            const found = read.get(sha256Of(`picture ${at}`))!;
            expect(found.name).toBe(given.name ?? `picture ${at}`);
            expect(found.annotations).toHaveLength(given.objects?.length ?? 0);
            for (const { classIndex, box, shape, keypoints, trackId } of given.objects ?? []) {
              expect(found.annotations).toContainEqual(
                expect.objectContaining({
                  classIndex,
                  box: box.map((value) => value + 0),
                  ...(shape as object),
                  ...(keypoints && { keypoints: keypoints.map((value) => value + 0) }),
                  ...(trackId && { trackId }),
                }),
              );
            }
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is a Parquet file that anybody reads', async () => {
    const pictures = Array.from({ length: 30 }, (_, at) => ({
      objects: [{ classIndex: at % 2, box: [1, 2, 30.5, 40], shape: { polygons: [[1, 2, 30.5, 2, 30.5, 40]] } }],
    }));
    await addPictures(test.home, 'open', ['car', 'dog'], pictures);
    const snapshot = await createSnapshot(test.home, 'open', { name: 'first', testFraction: 0.1 });
    const path = await test.home.blobs.localPath(snapshot.manifestSha256);
    expect(await isParquet(path)).toBe(true);
    const duck = await (await DuckDBInstance.create()).connect();
    const rows = async (sql: string) => (await duck.runAndReadAll(sql)).getRowsJson();
    expect(
      await rows(
        `select split, count(*), sum(len(annotations)), min(a.xmax), max(a.polygons[1][6])
         from (select *, unnest(annotations) as a from read_parquet('${path}')) group by split order by split`,
      ),
    ).toEqual([
      ['test', '3', '3', 30.5, 40],
      ['train', '22', '22', 30.5, 40],
      ['val', '5', '5', 30.5, 40],
    ]);
    const [[metadata]] = (await rows(
      `select decode(value) from parquet_kv_metadata('${path}') where key = 'fovea'`,
    )) as [[string]];
    expect(JSON.parse(metadata)).toMatchObject({
      id: snapshot.id,
      classNames: ['car', 'dog'],
      seed: 0,
      counts: { train: 22, val: 5, test: 3 },
      query: { testFraction: 0.1 },
    });
  });

  it('of a snapshot from before is JSON lines, and read alike, in ranges too', async () => {
    const pictures = Array.from({ length: 40 }, (_, at) => ({ objects: [{ classIndex: 0, box: [at, 0, at + 9, 9] }] }));
    await addPictures(test.home, 'before', ['car'], pictures);
    const snapshot = await createSnapshot(test.home, 'before');
    const now = await loadManifest(test.home, snapshot);
    const validated = now.filter(({ split }) => split === 'val');
    for (const storedAs of ['parquet', 'lines']) {
      if (storedAs === 'lines') {
        const { sha256 } = await test.home.blobs.put(new TextEncoder().encode(await canonicalText(snapshot)));
        await test.home.pool.query('update fovea.snapshots set manifest_sha256 = $1 where id = $2', [
          sha256,
          snapshot.id,
        ]);
      }
      expect(await loadManifest(test.home, snapshot.id)).toEqual(now);
      expect(await loadManifest(test.home, snapshot.id, { offset: 5, limit: 7 })).toEqual(now.slice(5, 12));
      expect(await loadManifest(test.home, snapshot.id, { split: 'val', offset: 1 })).toEqual(validated.slice(1));
    }
    const first = readManifest(test.home, snapshot);
    expect((await first.next()).value).toEqual(now[0]);
    await first.return(undefined);
    // Made again it is what it was.
    expect(await createSnapshot(test.home, 'before')).toMatchObject({ id: snapshot.id, isNew: false });
  });

  it('whose bytes are not what was written is refused', async () => {
    await addPictures(test.home, 'damaged', ['car'], [{}, {}]);
    const snapshot = await createSnapshot(test.home, 'damaged');
    await writeFile(await test.home.blobs.localPath(snapshot.manifestSha256), 'PAR1 nothing');
    await expect(loadManifest(test.home, snapshot)).rejects.toMatchObject({ code: 'damaged_manifest' });
  });
});

describe('a snapshot of some pictures', () => {
  beforeAll(async () => {
    const near = (at: number) =>
      (BigInt(`0x${sha256Of(`${at >> 1}`).slice(0, 16)}`) ^ BigInt(at % 2)).toString(16).padStart(16, '0');
    await addPictures(
      test.home,
      'some',
      ['car', 'dog'],
      [
        ...Array.from({ length: 60 }, (_, at) => ({
          name: at < 30 ? `day/${at}` : `night/${at}`,
          perceptualHash: near(at),
          objects: [{ classIndex: at % 2, box: [0, 0, 9, 9] }],
          ...(at >= 50 && { split: 'val' }),
        })),
        ...Array.from({ length: 5 }, (_, at) => ({ content: `bare ${at}`, name: `day/bare ${at}`, labelled: false })),
        { content: 'gone', removedAt: new Date(), objects: [{ classIndex: 0, box: [0, 0, 9, 9] }] },
      ],
    );
  });

  it('takes those of a filter or a query, counts what it leaves out, and keeps near duplicates together', async () => {
    const whole = await createSnapshot(test.home, 'some', { splits: 'new', testFraction: 0.2, valFraction: 0.2 });
    expect(whole.counts).toMatchObject({ media: 60, unlabelled: 5, groups: 30, train: 36, val: 12, test: 12 });
    const sides = new Map((await loadManifest(test.home, whole)).map(({ name, split }) => [name.split('/')[1], split]));
    for (let at = 0; at < 60; at += 2) expect(sides.get(`${at}`)).toBe(sides.get(`${at + 1}`));
    expect(whole.query).toEqual({ splits: 'new', testFraction: 0.2 });

    const filter = { search: 'day/' };
    const day = await createSnapshot(test.home, 'some', { filter, name: 'day', description: 'By day.' });
    expect(day).toMatchObject({
      name: 'day',
      description: 'By day.',
      query: { filter },
      counts: { media: 30, unlabelled: 5 },
    });
    const sql = `select sha256 from media where name like 'day/%' -- all of them`;
    expect(await createSnapshot(test.home, 'some', { sql })).toMatchObject({ id: day.id, name: 'day', isNew: false });
    const byId = await createSnapshot(test.home, 'some', {
      sql: 'select media_id, count(*) from annotations group by 1 order by 1 limit 10;',
    });
    expect(byId.counts).toMatchObject({ media: 10, unlabelled: 0 });
    const bare = await createSnapshot(test.home, 'some', { filter, includeUnlabelled: true });
    expect(bare.counts).toMatchObject({ media: 35, unlabelled: 0 });
    expect((await loadManifest(test.home, bare)).filter(({ boxed }) => boxed === false)).toHaveLength(5);
    expect((await findSnapshot(test.home, 'some', 'day')).id).toBe(day.id);
  });

  it('is refused with a reason', async () => {
    const make = (options: object) => createSnapshot(test.home, 'some', options);
    await expect(make({ name: 'day' })).rejects.toMatchObject({
      code: 'snapshot_name_taken',
      details: { known: expect.arrayContaining(['day']) },
    });
    await expect(make({ sql: 'select name from media' })).rejects.toMatchObject({ code: 'bad_query' });
    await expect(make({ sql: 'drop table mirror.media' })).rejects.toMatchObject({ code: 'bad_query' });
    await expect(make({ sql: `select 'x' as sha256` })).rejects.toMatchObject({ code: 'nothing_labelled' });
    await expect(make({ sql: 'select 1 as media_id', filter: {} })).rejects.toMatchObject({
      code: 'bad_snapshot_choice',
    });
    await expect(make({ filter: { search: 'bare' } })).rejects.toMatchObject({ code: 'nothing_labelled' });
    await expect(make({ testFraction: 0.9 })).rejects.toMatchObject({ code: 'bad_fraction' });
    await expect(make({ name: ' x' })).rejects.toMatchObject({ code: 'bad_snapshot_name' });
    await expect(make({ seed: 0.5 })).rejects.toMatchObject({ code: 'bad_seed' });
    const signal = AbortSignal.abort();
    await expect(make({ sql: 'select sha256 from media', signal })).rejects.toThrow();
    await expect(findSnapshot(test.home, 'some', 'nope')).rejects.toMatchObject({ code: 'unknown_snapshot' });
  });

  it('made by several at once has one row, and other content other names', async () => {
    const same = await Promise.all(Array.from({ length: 4 }, () => createSnapshot(test.home, 'some', { seed: 5 })));
    expect(new Set(same.map(({ id }) => id)).size).toBe(1);
    expect(same.filter(({ isNew }) => isNew)).toHaveLength(1);
    const others = await Promise.all([6, 7, 8, 9].map((seed) => createSnapshot(test.home, 'some', { seed })));
    expect(new Set(others.map(({ name }) => name)).size).toBe(4);
  });

  it('tells what learnt from it, and is deleted only where nothing did', async () => {
    const [used, unused] = [
      await createSnapshot(test.home, 'some', { seed: 20 }),
      await createSnapshot(test.home, 'some', { seed: 21 }),
    ];
    await test.home.pool.query(
      `insert into fovea.runs (id, project_id, snapshot_id, name, task, state, params) values ('r1', $1, $2, 'cars', 'detection', 'finished', '{}')`,
      [used.projectId, used.id],
    );
    await test.home.pool.query(`insert into fovea.models (name, project_id) values ('cars', $1)`, [used.projectId]);
    await test.home.pool.query(
      `insert into fovea.model_versions (model_name, version, run_id, sha256, size_bytes, card) values ('cars', 3, 'r1', $1, 1, '{}')`,
      [sha256Of('model')],
    );
    expect((await getSnapshot(test.home, used.id)).runs).toMatchObject([
      { id: 'r1', state: 'finished', model: { name: 'cars', version: 3 } },
    ]);
    await expect(deleteSnapshot(test.home, used.id)).rejects.toMatchObject({
      code: 'snapshot_in_use',
      details: { runs: ['r1'] },
    });
    expect(await deleteSnapshot(test.home, unused.id)).toMatchObject({ id: unused.id });
    await expect(getSnapshot(test.home, unused.id)).rejects.toMatchObject({ code: 'unknown_snapshot' });
    expect(await createSnapshot(test.home, 'some', { seed: 21 })).toMatchObject({ id: unused.id, isNew: true });
  });
});
