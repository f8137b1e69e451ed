import { mean, ratio } from './ratio.js';

/** How well the same identity is found by search. Null where no query has anything to find. */
export interface RetrievalMetrics {
  /** Share of queries with a find of their identity among the first k. */
  readonly rankAccuracy: readonly { readonly rank: number; readonly accuracy: number | null }[];
  /** Cumulative matching characteristic: that share for k = 1, 2, … up to 50 or the largest rank asked for. */
  readonly cmc: readonly number[] | null;
  /** Mean over queries of average precision: the mean, over a query's finds, of precision at their place. */
  readonly mAP: number | null;
  /** Queries that have something to find. */
  readonly queries: number;
  /** Queries left out, since the gallery has nothing of their identity (from another place). */
  readonly skippedQueries: number;
}

/** Rows to search, with what they are; `camera` and `isQuery` as `EmbeddingEvaluation` says. */
export interface Search {
  readonly rows: readonly Float32Array[];
  readonly identity: Int32Array;
  readonly camera: Int32Array | undefined;
  readonly isQuery: ArrayLike<number | boolean> | undefined;
  readonly ranks: readonly number[];
  readonly compare: (a: Float32Array, b: Float32Array) => number;
}

const LEAST_CMC = 50;

/**
 * Searches each query in the gallery; equally similar entries rank in their order. Only the places of a query's own
 * are found, by counting what comes before them, instead of sorting the gallery.
 */
export function measureRetrieval({ rows, identity, camera, isQuery, ranks, compare }: Search): RetrievalMetrics {
  const length = Math.max(LEAST_CMC, ...ranks);
  /** [k]: queries whose first find is at place k, counted from 0; past the end not kept. */
  const firstAt = new Float64Array(length);
  const precisions: number[] = [];
  let skippedQueries = 0;
  for (let query = 0; query < rows.length; query++) {
    if (isQuery && !isQuery[query]) continue;
    const own: { similarity: number; at: number }[] = [];
    const others = new Float64Array(rows.length);
    const places = new Uint32Array(rows.length);
    let count = 0;
    for (let at = 0; at < rows.length; at++) {
      if (isQuery ? isQuery[at] : at === query) continue;
      const isOwn = identity[at] === identity[query];
      if (isOwn && camera && camera[at] === camera[query]) continue;
      const similarity = compare(rows[query]!, rows[at]!);
      if (isOwn) own.push({ similarity, at });
      else {
        others[count] = similarity;
        places[count++] = at;
      }
    }
    if (own.length === 0) {
      skippedQueries++;
      continue;
    }
    own.sort((a, b) => b.similarity - a.similarity || a.at - b.at);
    const ahead = countAhead(own, others.subarray(0, count), places);
    if (ahead[0]! < length) firstAt[ahead[0]!]!++;
    precisions.push(mean(Array.from(ahead, (others, find) => (find + 1) / (find + 1 + others)))!);
  }

  const queries = precisions.length;
  let sum = 0;
  const cmc = Array.from(firstAt, (value) => {
    sum += value;
    return sum / Math.max(1, queries);
  });
  return {
    rankAccuracy: ranks.map((rank) => ({ rank, accuracy: queries === 0 ? null : cmc[rank - 1]! })),
    cmc: queries === 0 ? null : cmc,
    mAP: ratio(
      precisions.reduce((a, b) => a + b, 0),
      queries,
    ),
    queries,
    skippedQueries,
  };
}

/** For each of the own, best first, how many others come before it. */
function countAhead(
  own: readonly { readonly similarity: number; readonly at: number }[],
  others: Float64Array,
  places: Uint32Array,
): Uint32Array {
  const ahead = new Uint32Array(own.length + 1);
  for (let at = 0; at < others.length; at++) {
    const similarity = others[at]!;
    // The first of the own that this one comes before.
    let [low, high] = [0, own.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const mine = own[middle]!;
      if (similarity > mine.similarity || (similarity === mine.similarity && places[at]! < mine.at)) high = middle;
      else low = middle + 1;
    }
    ahead[low]!++;
  }
  for (let find = 1; find < own.length; find++) ahead[find]! += ahead[find - 1]!;
  return ahead.subarray(0, own.length);
}
