// The thread of one map: UMAP of a sample, and the rest placed by their neighbours in it.
import { parentPort, workerData } from 'node:worker_threads';
import { createExactSet } from '@fovea/lake/exact';
import { UMAP } from 'umap-js';
import type { MapReply, MapRequest } from './map.js';

const { vectors, dimensions, settings } = workerData as MapRequest;
const { neighbours, minDistance, sample, seed, threads } = settings;
const size = vectors.length / dimensions;
const say = (reply: MapReply, moved: ArrayBuffer[] = []) => parentPort!.postMessage(reply, moved);

/** Mulberry32 (Ettinger 2017). */
function seededRandom(from: number): () => number {
  let state = from | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seededRandom(seed);
const row = (at: number) => vectors.subarray(at * dimensions, (at + 1) * dimensions);

/** Positions of the sample, ascending (Knuth's algorithm S). */
function drawSample(): number[] {
  const chosen: number[] = [];
  for (let at = 0; at < size && chosen.length < sample; at++)
    if (random() * (size - at) < sample - chosen.length) chosen.push(at);
  return chosen;
}

const chosen = drawSample();
const set = await createExactSet(dimensions, threads);
for (let at = 0; at < chosen.length; at += 4096) {
  const part = chosen.slice(at, at + 4096);
  const packed = new Float32Array(part.length * dimensions);
  part.forEach((own, i) => {
    packed.set(row(own), i * dimensions);
  });
  set.put(
    Float64Array.from(part, (_, i) => at + i),
    packed,
  );
}

/** Nearest of the sample, for each of some positions. */
async function* nearest(positions: readonly number[], count: number) {
  for (let at = 0; at < positions.length; at += 32) {
    const part = positions.slice(at, at + 32);
    const queries = new Float32Array(part.length * dimensions);
    part.forEach((own, i) => {
      queries.set(row(own), i * dimensions);
    });
    const found = await set.search(
      queries,
      part.map(() => ({ count })),
    );
    for (const [i, own] of part.entries()) yield { own, ...found[i]! };
  }
}

const count = Math.min(neighbours, chosen.length - 1);
const indices: number[][] = [];
const distances: number[][] = [];
let at = 0;
for await (const { mediaIds, similarities } of nearest(chosen, count + 1)) {
  // Itself first, as UMAP has it, even where a copy of it has a smaller number.
  const own = at++;
  const others = Array.from(mediaIds, (id, i) => ({ id, apart: Math.max(0, 1 - similarities[i]!) })).filter(
    ({ id }) => id !== own,
  );
  indices.push([own, ...others.slice(0, count - 1).map(({ id }) => id)]);
  distances.push([0, ...others.slice(0, count - 1).map(({ apart }) => apart)]);
  if (own % 256 === 0) say({ done: (0.3 * own) / chosen.length });
}

const umap = new UMAP({ nComponents: 2, nNeighbors: count, minDist: minDistance, random });
umap.setPrecomputedKNN(indices, distances);
// Only how many there are is asked of the vectors, now that their neighbours are known.
const epochs = umap.initializeFit(chosen.map(() => [0]));
for (let epoch = 0; epoch < epochs; epoch++) {
  umap.step();
  if (epoch % 10 === 0) say({ done: 0.3 + (0.6 * epoch) / epochs });
}
const placed = umap.getEmbedding();
const points = new Float32Array(size * 2);
const isChosen = new Uint8Array(size);
chosen.forEach((own, i) => {
  points.set(placed[i]!, own * 2);
  isChosen[own] = 1;
});

/** Neighbours the others are placed by. */
const FEW = Math.min(5, chosen.length);
const rest = Array.from({ length: size }, (_, own) => own).filter((own) => isChosen[own] === 0);
let done = 0;
for await (const { own, mediaIds, similarities } of nearest(rest, FEW)) {
  // Nearer ones count for more; a copy of one of the sample lies where that lies.
  const scale = Math.max(1e-6, 1 - similarities.at(-1)!);
  const weights = Array.from(similarities, (similarity) => Math.exp((-4 * Math.max(0, 1 - similarity)) / scale));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  mediaIds.forEach((id, i) => {
    points[own * 2]! += (weights[i]! / sum) * placed[id]![0]!;
    points[own * 2 + 1]! += (weights[i]! / sum) * placed[id]![1]!;
  });
  if (done++ % 1024 === 0) say({ done: 0.9 + (0.1 * done) / rest.length });
}
await set.close();
say({ points }, [points.buffer]);
