import { encodeModel, GraphBuilder, modelOf } from '@fovea/onnx';
import { createSession, type Session } from '@fovea/runtime';
import { createBest } from './best.js';
import type { Neighbours, VectorQuery, VectorSet } from './vector-set.js';

/** Vectors multiplied at once: their block stays in a core's cache while all queries of a batch pass over it. */
const BLOCK_ROWS = 4096;
/** Where fewer than one in this many vectors are asked for, they are looked at one by one. */
const SPARSE = 20;

/**
 * Exact search: all cosines of a batch of queries as matrix products, [rows, dimensions] by [dimensions, queries], on the
 * matrix kernels that run the networks. Nothing is built beforehand, nothing is approximate, and a vector comes or goes
 * in no time; the cost grows with the number of vectors.
 */
export async function createExactSet(dimensions: number, threads: number): Promise<VectorSet> {
  const session = await openProduct(dimensions, threads);
  const blocks: Float32Array[] = [];
  /** Id by slot, and slot by id; a removed vector's slot is taken by the last one. */
  const ids: number[] = [];
  const slots = new Map<number, number>();
  const products = new Map<number, Float32Array>();

  const rowAt = (slot: number) => {
    const start = (slot % BLOCK_ROWS) * dimensions;
    return blocks[Math.floor(slot / BLOCK_ROWS)]!.subarray(start, start + dimensions);
  };

  const searchFew = (query: Float32Array, { count }: VectorQuery, chosen: Iterable<number>): Neighbours => {
    const best = createBest(Math.min(count, ids.length));
    for (const slot of chosen) {
      const row = rowAt(slot);
      let sum = 0;
      for (let d = 0; d < dimensions; d++) sum += row[d]! * query[d]!;
      best.offer(ids[slot]!, sum);
    }
    return neighboursOf(best.take());
  };

  const searchAll = async (queries: Float32Array, asked: readonly VectorQuery[], masks: (Uint8Array | undefined)[]) => {
    const width = asked.length;
    const bests = asked.map(({ count }) => createBest(Math.min(count, ids.length)));
    const worst = new Float32Array(width).fill(Number.NEGATIVE_INFINITY);
    const product = products.get(width) ?? new Float32Array(BLOCK_ROWS * width);
    products.set(width, product);
    const masked = masks.some((mask) => mask !== undefined);
    for (let from = 0; from < ids.length; from += BLOCK_ROWS) {
      const rows = Math.min(BLOCK_ROWS, ids.length - from);
      const data = blocks[from / BLOCK_ROWS]!.subarray(0, rows * dimensions);
      const into = product.subarray(0, rows * width);
      await session.run(
        {
          vectors: { dtype: 'float32', shape: [rows, dimensions], data },
          queries: { dtype: 'float32', shape: [width, dimensions], data: queries },
        },
        { cosines: { dtype: 'float32', shape: [rows, width], data: into } },
      );
      for (let row = 0, at = 0; row < rows; row++) {
        for (let q = 0; q < width; q++, at++) {
          const score = into[at]!;
          if (score < worst[q]! || (masked && masks[q] && masks[q]![from + row] === 0)) continue;
          bests[q]!.offer(ids[from + row]!, score);
          worst[q] = bests[q]!.worst;
        }
      }
    }
    return bests.map((best) => neighboursOf(best.take()));
  };

  return {
    get size() {
      return ids.length;
    },
    put(mediaIds, vectors) {
      mediaIds.forEach((id, at) => {
        let slot = slots.get(id);
        if (slot === undefined) {
          slot = ids.length;
          if (slot % BLOCK_ROWS === 0) blocks[slot / BLOCK_ROWS] ??= new Float32Array(BLOCK_ROWS * dimensions);
          slots.set(id, slot);
          ids.push(id);
        }
        rowAt(slot).set(vectors.subarray(at * dimensions, (at + 1) * dimensions));
      });
    },
    remove(mediaIds) {
      for (const id of mediaIds) {
        const slot = slots.get(id);
        if (slot === undefined) continue;
        const last = ids.length - 1;
        rowAt(slot).set(rowAt(last));
        ids[slot] = ids[last]!;
        slots.set(ids[slot]!, slot);
        slots.delete(id);
        ids.pop();
        // One empty block is kept, lest one vector that comes and goes makes and frees one each time.
        blocks.length = Math.min(blocks.length, Math.ceil(ids.length / BLOCK_ROWS) + 1);
      }
    },
    async search(queries, asked) {
      const answers = new Array<Neighbours>(asked.length);
      const whole: number[] = [];
      const masks: (Uint8Array | undefined)[] = [];
      asked.forEach((query, at) => {
        const chosen = query.only && new Set([...query.only].flatMap((id) => slots.get(id) ?? []));
        const own = queries.subarray(at * dimensions, (at + 1) * dimensions);
        if (chosen && chosen.size * SPARSE < ids.length) {
          answers[at] = searchFew(own, query, chosen);
          return;
        }
        whole.push(at);
        const mask = chosen && new Uint8Array(ids.length);
        for (const slot of chosen ?? []) mask![slot] = 1;
        masks.push(mask);
      });
      if (whole.length === 0) return answers;
      const packed = new Float32Array(whole.length * dimensions);
      whole.forEach((at, i) => {
        packed.set(queries.subarray(at * dimensions, (at + 1) * dimensions), i * dimensions);
      });
      const found = await searchAll(
        packed,
        whole.map((at) => asked[at]!),
        masks,
      );
      found.forEach((each, i) => {
        answers[whole[i]!] = each;
      });
      return answers;
    },
    close: () => session.release(),
  };
}

const neighboursOf = ({ keys, scores }: { keys: Float64Array; scores: Float32Array }): Neighbours => ({
  mediaIds: keys,
  similarities: scores,
});

/** cosines [rows, queries] of vectors [rows, dimensions] and queries [queries, dimensions]. */
async function openProduct(dimensions: number, threads: number): Promise<Session> {
  const graph = new GraphBuilder('cosines');
  const vectors = graph.input('vectors', 'float32', [1, dimensions]);
  const queries = graph.input('queries', 'float32', [1, dimensions]);
  graph.output(graph.node('Gemm', [vectors, queries], { transB: 1 }), 'cosines', ['rows', 'asked']);
  const inputs = [
    { name: 'vectors', dtype: 'float32' as const, shape: ['rows', dimensions] },
    { name: 'queries', dtype: 'float32' as const, shape: ['asked', dimensions] },
  ];
  return createSession(encodeModel(modelOf({ ...graph.build(), inputs })), { threads });
}
