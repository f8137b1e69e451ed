import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Home } from '@fovea/store';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createBest } from './best.js';
import { deleteEmbeddings, listEmbeddingModels, readEmbeddings, writeEmbeddings } from './embeddings.js';
import { openVectorIndexes, type VectorIndexes, type VectorIndexesOptions } from './vector-indexes.js';

let test: TestHome;
let home: Home;
beforeAll(async () => {
  test = await openTestHome();
  home = test.home;
});
afterAll(() => test.remove());

const open: VectorIndexes[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((indexes) => indexes.close()));
});
const openIndexes = (options?: VectorIndexesOptions) => {
  const indexes = openVectorIndexes(home, options);
  open.push(indexes);
  return indexes;
};

let projects = 0;
async function project(pictures: number): Promise<{ projectId: number; name: string; ids: number[] }> {
  const name = `vectors ${++projects}`;
  const made = await home.pool.query('insert into fovea.projects (name) values ($1) returning id', [name]);
  const projectId = Number(made.rows[0].id);
  const { rows } = await home.pool.query<{ id: string }>(
    `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled)
     select $1::bigint, encode(sha256(convert_to($1::bigint || '-' || n, 'UTF8')), 'hex'), n::text, 1, 1, 'jpeg', 1, false
     from generate_series(1, $2::integer) n returning id`,
    [projectId, pictures],
  );
  return { projectId, name, ids: rows.map(({ id }) => Number(id)) };
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}
const makeVectors = (count: number, dimensions: number, seed = 1) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => Float32Array.from({ length: dimensions }, () => random() - 0.5));
};
const cosine = (a: Float32Array, b: Float32Array) => {
  let [dot, aa, bb] = [0, 0, 0];
  a.forEach((value, i) => {
    dot += value * b[i]!;
    aa += value * value;
    bb += b[i]! * b[i]!;
  });
  return dot / Math.sqrt(aa * bb);
};
const rowsOf = (ids: readonly number[], vectors: readonly Float32Array[]) =>
  ids.map((mediaId, at) => ({ mediaId, vector: vectors[at]! }));

async function readAll(projectId: number, model: string, options = {}) {
  const found = new Map<number, Float32Array>();
  for await (const { mediaIds, vectors, dimensions } of readEmbeddings(home, projectId, model, options))
    mediaIds.forEach((id, at) => {
      found.set(id, vectors.slice(at * dimensions, (at + 1) * dimensions));
    });
  return found;
}

describe('createBest', () => {
  it('keeps what sorting all would put first', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 })), fc.integer({ min: 0, max: 12 }), (scores, count) => {
        const best = createBest(count);
        scores.forEach((score, key) => {
          best.offer(key, score);
        });
        const sorted = scores.map((score, key) => ({ score, key })).sort((a, b) => b.score - a.score || a.key - b.key);
        expect([...best.take().keys]).toEqual(sorted.slice(0, count).map(({ key }) => key));
      }),
    );
  });
});

describe('embeddings', () => {
  it('come back as they were written, at length 1, whatever the size of a batch', async () => {
    const { projectId, ids } = await project(300);
    // Longer than a row of PostgreSQL keeps in its place.
    const vectors = makeVectors(300, 700);
    expect(await writeEmbeddings(home, projectId, 'm', rowsOf(ids, vectors))).toBe(300);
    for (const batchRows of [1, 7, 300, 5000]) {
      const read = await readAll(projectId, 'm', { batchRows });
      expect([...read.keys()]).toEqual(ids);
      const [id, at] = [ids[123]!, 123];
      const length = Math.hypot(...vectors[at]!);
      read.get(id)!.forEach((value, i) => {
        expect(value).toBeCloseTo(vectors[at]![i]! / length, 6);
      });
    }
    expect([...(await readAll(projectId, 'm', { mediaIds: [ids[5]!, ids[2]!, -1], batchRows: 2 })).keys()]).toEqual([
      ids[2],
      ids[5],
    ]);
    expect(await readAll(projectId, 'other')).toEqual(new Map());
  });

  it('are counted by model, and what is missing too', async () => {
    const { projectId, name, ids } = await project(5);
    expect(await listEmbeddingModels(home, name)).toEqual([]);
    await writeEmbeddings(home, projectId, 'b', rowsOf(ids.slice(0, 3), makeVectors(3, 4)));
    await writeEmbeddings(home, projectId, 'a', rowsOf(ids, makeVectors(5, 8)));
    await home.pool.query('update fovea.media set removed_at = now() where id = $1', [ids[0]]);
    expect(await listEmbeddingModels(home, name)).toEqual([
      { model: 'a', dimensions: 8, embedded: 4, missing: 0 },
      { model: 'b', dimensions: 4, embedded: 2, missing: 2 },
    ]);
    expect([...(await readAll(projectId, 'b')).keys()]).toEqual([ids[1], ids[2]]);
    await expect(listEmbeddingModels(home, 'none')).rejects.toMatchObject({ code: 'unknown_project' });
    expect(await deleteEmbeddings(home, projectId, 'a')).toBe(5);
  });

  it('are refused where they have no direction or another length, and none of them is written', async () => {
    const { projectId, ids } = await project(3);
    const [a, b, c] = makeVectors(3, 4) as [Float32Array, Float32Array, Float32Array];
    const attempt = (...vectors: Float32Array[]) => writeEmbeddings(home, projectId, 'm', rowsOf(ids, vectors));
    await expect(attempt(a, b, new Float32Array(4))).rejects.toMatchObject({ code: 'bad_vector' });
    await expect(attempt(a, b, Float32Array.of(1, Number.NaN, 0, 0))).rejects.toMatchObject({ code: 'bad_vector' });
    await expect(attempt(a, b, new Float32Array(3).fill(1))).rejects.toMatchObject({ code: 'wrong_dimensions' });
    expect((await readAll(projectId, 'm')).size).toBe(0);
    await attempt(a, b, c);
    await expect(attempt(new Float32Array(5).fill(1))).rejects.toMatchObject({ code: 'wrong_dimensions' });
  });

  it('of pictures of other projects, or of none, are passed over', async () => {
    const [one, two] = [await project(2), await project(2)];
    const rows = rowsOf([one.ids[0]!, two.ids[0]!, 999_999_999], makeVectors(3, 4));
    expect(await writeEmbeddings(home, one.projectId, 'm', rows)).toBe(1);
    expect([...(await readAll(one.projectId, 'm')).keys()]).toEqual([one.ids[0]]);
  });
});

const kinds = [
  ['exact', { exactNumbers: 1e9 }],
  ['graph', { exactNumbers: 0 }],
] as const;

describe.each(kinds)('a search, %s,', (kind, options) => {
  const dimensions = 24;

  it('finds the nearest, among all and among some', async () => {
    const { projectId, ids } = await project(5000);
    const vectors = makeVectors(5000, dimensions);
    await writeEmbeddings(home, projectId, 'm', rowsOf(ids, vectors));
    const indexes = openIndexes(options);
    expect(await indexes.prepare(projectId, 'm')).toMatchObject({ kind, dimensions, size: 5000 });
    const truth = (query: Float32Array, count: number, keep: (id: number) => boolean = () => true) =>
      rowsOf(ids, vectors)
        .filter(({ mediaId }) => keep(mediaId))
        .map(({ mediaId, vector }) => ({ mediaId, similarity: cosine(query, vector) }))
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, count);
    let [hits, all] = [0, 0];
    const queries = makeVectors(40, dimensions, 9);
    const few = new Set(ids.filter((_, at) => at % 100 === 3));
    const many = new Set(ids.filter((_, at) => at % 3 === 0));
    await Promise.all(
      queries.map(async (query, at) => {
        const only = [undefined, few, many][at % 3];
        const count = at === 3 ? 60 : 10;
        const found = await indexes.search(projectId, 'm', query, count, only && { only });
        const right = truth(query, count, (id) => !only || only.has(id));
        expect(found).toHaveLength(right.length);
        const wanted = new Map(right.map((each) => [each.mediaId, each.similarity]));
        for (const { mediaId, similarity } of found) {
          all++;
          if (!wanted.has(mediaId)) continue;
          hits++;
          expect(similarity).toBeCloseTo(wanted.get(mediaId)!, kind === 'exact' ? 5 : 2);
        }
        const similarities = found.map(({ similarity }) => similarity);
        expect(similarities).toEqual(similarities.toSorted((a, b) => b - a));
      }),
    );
    expect(hits / all).toBeGreaterThan(kind === 'exact' ? 0.9999 : 0.95);
  });

  it('holds all that was saved before: new, replaced, removed, put back, deleted', async () => {
    const { projectId, ids } = await project(200);
    const vectors = makeVectors(200, dimensions);
    await writeEmbeddings(home, projectId, 'm', rowsOf(ids.slice(0, 100), vectors));
    const indexes = openIndexes(options);
    await indexes.prepare(projectId, 'm');
    const nearest = async (query: Float32Array) => (await indexes.search(projectId, 'm', query, 1))[0]?.mediaId;
    expect(await nearest(vectors[7]!)).toBe(ids[7]);
    await writeEmbeddings(home, projectId, 'm', rowsOf(ids.slice(100), vectors.slice(100)));
    expect(await nearest(vectors[150]!)).toBe(ids[150]);
    await writeEmbeddings(home, projectId, 'm', [{ mediaId: ids[150]!, vector: vectors[7]!.map((value) => -value) }]);
    expect(await nearest(vectors[150]!)).not.toBe(ids[150]);
    expect(await nearest(vectors[7]!.map((value) => -value))).toBe(ids[150]);
    await home.pool.query('update fovea.media set removed_at = now() where id = $1', [ids[7]]);
    expect(await nearest(vectors[7]!)).not.toBe(ids[7]);
    await home.pool.query('update fovea.media set removed_at = null where id = $1', [ids[7]]);
    expect(await nearest(vectors[7]!)).toBe(ids[7]);
    await home.pool.query('delete from fovea.media where id = any($1)', [ids.slice(0, 50)]);
    expect(await nearest(vectors[7]!)).not.toBe(ids[7]);
    // One that follows and one made anew say the same.
    const anew = openIndexes(options);
    await anew.prepare(projectId, 'm');
    let common = 0;
    for (const query of makeVectors(10, dimensions, 4)) {
      const [one, two] = [await indexes.search(projectId, 'm', query, 5), await anew.search(projectId, 'm', query, 5)];
      if (kind === 'exact') expect(one.map(({ mediaId }) => mediaId)).toEqual(two.map(({ mediaId }) => mediaId));
      common += one.filter(({ mediaId }) => two.some((other) => other.mediaId === mediaId)).length;
    }
    expect(common).toBeGreaterThanOrEqual(kind === 'exact' ? 50 : 45);
    expect(await indexes.search(projectId, 'm', vectors[60]!, 10_000)).toHaveLength(150);
    await home.pool.query('delete from fovea.media where project_id = $1', [projectId]);
    expect(await indexes.search(projectId, 'm', vectors[60]!, 3)).toEqual([]);
  });

  it('says what it cannot do', async () => {
    const { projectId, ids } = await project(3);
    const indexes = openIndexes(options);
    const query = makeVectors(1, 4)[0]!;
    const search = (model: string, vector: Float32Array, count = 1) => indexes.search(projectId, model, vector, count);
    await expect(search('m', query)).rejects.toMatchObject({ code: 'no_embeddings' });
    await writeEmbeddings(home, projectId, 'm', rowsOf(ids, makeVectors(3, 4)));
    await indexes.prepare(projectId, 'm');
    expect(await search('m', query, 99)).toHaveLength(3);
    await expect(search('n', query)).rejects.toMatchObject({ code: 'no_embeddings', details: { known: ['m'] } });
    await expect(search('m', new Float32Array(5).fill(1))).rejects.toMatchObject({ code: 'wrong_dimensions' });
    await expect(search('m', new Float32Array(4))).rejects.toMatchObject({ code: 'bad_vector' });
    await expect(search('m', query, 0)).rejects.toMatchObject({ code: 'bad_count' });
    await expect(indexes.search(projectId, 'm', query, 1, { signal: AbortSignal.abort() })).rejects.toThrow();
    const small = openIndexes({ ...options, memoryBytes: 10 });
    await expect(small.search(projectId, 'm', query, 1)).rejects.toMatchObject({ code: 'index_too_large' });
    await indexes.close();
    await expect(search('m', query)).rejects.toMatchObject({ code: 'index_closed' });
  });
});

describe('openVectorIndexes', () => {
  it('lets go of the indexes least recently used', async () => {
    const { projectId, ids } = await project(100);
    for (const model of ['a', 'b', 'c'])
      await writeEmbeddings(home, projectId, model, rowsOf(ids, makeVectors(100, 100)));
    const indexes = openIndexes({ memoryBytes: 120_000 });
    for (const model of ['a', 'b', 'a', 'c']) await indexes.prepare(projectId, model);
    expect(indexes.open.map(({ model }) => model)).toEqual(['a', 'c']);
    await indexes.prepare(projectId, 'b');
    expect(indexes.open.map(({ model }) => model)).toEqual(['c', 'b']);
  });

  it('keeps a graph, follows what changed meanwhile, and makes a broken one anew', async () => {
    const { projectId, ids } = await project(300);
    const vectors = makeVectors(300, 16);
    await writeEmbeddings(home, projectId, 'm', rowsOf(ids.slice(0, 200), vectors));
    const options = { exactNumbers: 0 };
    const first = openIndexes(options);
    await first.prepare(projectId, 'm');
    await first.close();
    const folder = join(home.path, 'cache', 'vectors', String(projectId));
    const stored = async () => (await readdir(folder)).filter((name) => name.endsWith('.usearch'));
    const kept = await stored();
    expect(kept).toHaveLength(1);
    await writeEmbeddings(home, projectId, 'm', rowsOf(ids.slice(200), vectors.slice(200)));
    await home.pool.query('delete from fovea.media where id = $1', [ids[0]]);

    const second = openIndexes(options);
    await second.prepare(projectId, 'm');
    expect(second.open[0]!.size).toBe(299);
    expect((await second.search(projectId, 'm', vectors[250]!, 1))[0]!.mediaId).toBe(ids[250]);
    expect((await second.search(projectId, 'm', vectors[0]!, 1))[0]!.mediaId).not.toBe(ids[0]);
    await second.close();

    const [graph] = await stored();
    await writeFile(join(folder, graph!), 'no graph');
    const third = openIndexes(options);
    await third.prepare(projectId, 'm');
    expect((await third.search(projectId, 'm', vectors[250]!, 1))[0]!.mediaId).toBe(ids[250]);
  });
});
