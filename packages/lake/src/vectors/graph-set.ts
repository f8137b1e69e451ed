import { createRequire } from 'node:module';
import type { Index as UsearchIndex } from 'usearch';
import type { Neighbours, VectorQuery, VectorSet } from './vector-set.js';

// By require: usearch's ES modules look for their binary by the name of the file that asks, which a worker may not have.
const { Index } = createRequire(import.meta.url)('usearch') as typeof import('usearch');

/** Edges of a vector; candidates looked at when one is added, and when one is searched. */
const [CONNECTIVITY, EXPANSION_ADD, EXPANSION_SEARCH] = [16, 128, 96];
/** A filter is met by asking for more than is wanted, from this many times as many as would do by chance. */
const MARGIN = 1.5;

/**
 * Approximate search in a navigable graph (HNSW; Malkov and Yashunin 2018, arXiv:1603.09320) by usearch, for sets too
 * large for exact search. Vectors are kept as float16: half the memory, and an error far below that of the search.
 */
export function createGraphSet(dimensions: number, threads: number, path?: string): VectorSet {
  const index: UsearchIndex = new Index({
    dimensions,
    metric: 'cos' as never,
    quantization: 'f16' as never,
    connectivity: CONNECTIVITY,
    expansion_add: EXPANSION_ADD,
    expansion_search: EXPANSION_SEARCH,
    multi: false,
  });
  if (path) {
    index.load(path);
    if (index.dimensions() !== dimensions) throw new Error('The stored index has another length of vectors.');
  }

  const remove = (keys: BigUint64Array) => {
    if (keys.length > 0) index.remove(keys);
  };

  const searchOne = (query: Float32Array, { count, only }: VectorQuery): Neighbours => {
    const size = index.size();
    const wanted = Math.min(count, size, only?.length ?? size);
    const chosen = only && new Set(only);
    let ask = chosen ? Math.ceil((MARGIN * wanted * size) / Math.max(1, chosen.size)) : wanted;
    for (;;) {
      ask = Math.min(ask, size);
      if (ask === 0) return { mediaIds: new Float64Array(0), similarities: new Float32Array(0) };
      const found = index.search(query, ask, 1);
      const kept: { id: number; similarity: number }[] = [];
      for (let i = 0; i < found.keys.length && kept.length < wanted; i++) {
        const id = Number(found.keys[i]!);
        if (!chosen || chosen.has(id)) kept.push({ id, similarity: 1 - found.distances[i]! });
      }
      // Fewer of the filter lie near the query than by chance: look further.
      if (kept.length === wanted || ask === size) {
        kept.sort((a, b) => b.similarity - a.similarity || a.id - b.id);
        return {
          mediaIds: Float64Array.from(kept, ({ id }) => id),
          similarities: Float32Array.from(kept, ({ similarity }) => similarity),
        };
      }
      ask *= 4;
    }
  };

  return {
    get size() {
      return index.size();
    },
    put(mediaIds, vectors) {
      const keys = BigUint64Array.from(mediaIds, BigInt);
      const present = index.contains(keys);
      const known = typeof present === 'boolean' ? [present] : present;
      remove(keys.filter((_, at) => known[at]));
      index.add(keys, vectors, threads);
    },
    remove(mediaIds) {
      remove(BigUint64Array.from(mediaIds, BigInt));
    },
    async search(queries, asked) {
      return asked.map((query, at) => searchOne(queries.subarray(at * dimensions, (at + 1) * dimensions), query));
    },
    async save(path) {
      index.save(path);
    },
    async close() {},
  };
}
