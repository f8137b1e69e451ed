import { createExactSet } from '@fovea/lake/exact';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FoundBox, findBoxMistakes, type TruthBox } from './box-mistakes.js';
import { computeNeighbourProbabilities, findClassMistakes } from './class-mistakes.js';
import { computeMap } from './map.js';
import { groupNeighbours } from './near-duplicates.js';
import type { NeighbourGraph } from './neighbour-graph.js';
import { computeLocalOutlierFactors, computeNeighbourDistances } from './outliers.js';

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

const unit = (vector: number[]) => vector.map((value) => value / Math.hypot(...vector));

/** Blobs around some directions; label by blob. */
function blobs(
  perBlob: number,
  dimensions: number,
  count: number,
  spread: number,
): { vectors: number[][]; labels: number[] } {
  const random = seeded(3);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const centres = Array.from({ length: count }, () => unit(Array.from({ length: dimensions }, normal)));
  const labels = Array.from({ length: perBlob * count }, (_, at) => at % count);
  return { labels, vectors: labels.map((label) => unit(centres[label]!.map((value) => value + spread * normal()))) };
}

async function graphOf(vectors: readonly number[][], count: number): Promise<NeighbourGraph> {
  const set = await createExactSet(vectors[0]!.length, 1);
  set.put(Float64Array.from(vectors.keys()), Float32Array.from(vectors.flat()));
  const neighbours = new Int32Array(vectors.length * count);
  const distances = new Float32Array(vectors.length * count);
  for (const [at, vector] of vectors.entries()) {
    const [found] = await set.search(Float32Array.from(vector), [{ count: count + 1 }]);
    const others = Array.from(found!.mediaIds, (id, i) => ({ id, apart: 1 - found!.similarities[i]! }))
      .filter(({ id }) => id !== at)
      .slice(0, count);
    others.forEach(({ id, apart }, i) => {
      neighbours[at * count + i] = id;
      distances[at * count + i] = Math.max(0, apart);
    });
  }
  await set.close();
  return { mediaIds: Float64Array.from(vectors.keys()), count, neighbours, distances };
}

describe('outliers', () => {
  it('have the local outlier factors that scikit-learn gives', async () => {
    // LocalOutlierFactor(n_neighbors=3, metric='cosine').fit([[cos(t), sin(t)]...]) of scikit-learn, t = i*i/10 + (i % 3)/100:
    // -negative_outlier_factor_
    const recorded = [
      0.867916, 1.138217, 0.867916, 2.869243, 1.08225, 1.075461, 1.077224, 2.028057, 1.192194, 1.210954, 1.234484,
      2.060667,
    ];
    const angles = recorded.map((_, i) => 0.1 * i * i + 0.01 * (i % 3));
    const graph = await graphOf(
      angles.map((t) => [Math.cos(t), Math.sin(t)]),
      3,
    );
    const factors = computeLocalOutlierFactors(graph);
    // The graph's distances are in single precision.
    factors.forEach((factor, i) => {
      expect(factor).toBeCloseTo(recorded[i]!, 3);
    });
  });

  it('are those that lie apart, by either measure', async () => {
    const { vectors } = blobs(60, 16, 2, 0.1);
    const strange = unit(vectors[0]!.map((value, i) => -value + (i % 2)));
    const graph = await graphOf([...vectors, strange], 8);
    for (const scores of [computeLocalOutlierFactors(graph), computeNeighbourDistances(graph)])
      expect(scores.indexOf(Math.max(...scores))).toBe(vectors.length);
  });
});

describe('groupNeighbours', () => {
  it('joins copies and near copies, and ends chains', async () => {
    const at = (degrees: number) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    // 1 - cos 2 degrees is 0.0006.
    const graph = await graphOf([at(0), at(0), at(1), at(90), at(180), at(182), at(184), at(186), at(188), at(190)], 6);
    const groups = groupNeighbours(graph, 0.00062);
    expect(groups[0]).toEqual([0, 1, 2]);
    expect(
      groups
        .slice(1)
        .flat()
        .every((own) => own >= 4),
    ).toBe(true);
    expect(groups.length).toBeGreaterThan(2);
    expect(groupNeighbours(graph, 0)).toEqual([[0, 1]]);
  });
});

describe('class mistakes', () => {
  it('are the labels that were exchanged, and none where all agree', async () => {
    const { vectors, labels } = blobs(80, 16, 3, 0.15);
    const graph = await graphOf(vectors, 10);
    const find = (given: readonly number[]) =>
      findClassMistakes(given, computeNeighbourProbabilities(graph, given, 3), 3);
    expect(find(labels)).toEqual([]);
    const planted = [5, 17, 60, 101, 150, 200];
    const wrong = labels.map((label, at) => (planted.includes(at) ? (label + 1) % 3 : label));
    const found = find(wrong);
    expect(
      found
        .slice(0, planted.length)
        .map(({ at }) => at)
        .sort((a, b) => a - b),
    ).toEqual(planted);
    for (const { at, given, likely } of found.slice(0, planted.length)) {
      expect(given).toBe(wrong[at]);
      expect(likely).toBe(labels[at]);
    }
    // Pictures without a class neither vote nor are told.
    const some = wrong.map((label, at) => (at < 100 ? label : -1));
    expect(find(some).every(({ at }) => at < 100)).toBe(true);
  });

  it('have probabilities of sum 1, whoever votes', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -1, max: 2 }), fc.float({ min: 0, max: 2, noNaN: true })), {
          minLength: 2,
          maxLength: 20,
        }),
        (rows) => {
          const count = Math.min(3, rows.length - 1);
          const size = rows.length;
          const neighbours = Int32Array.from(
            { length: size * count },
            (_, i) => (Math.floor(i / count) + 1 + (i % count)) % size,
          );
          const distances = Float32Array.from(
            { length: size * count },
            (_, i) => rows[Math.floor(i / count)]![1] * (1 + (i % count)),
          );
          const labels = rows.map(([label]) => label);
          const graph = { mediaIds: new Float64Array(size), count, neighbours, distances };
          const probabilities = computeNeighbourProbabilities(graph, labels, 3);
          for (let at = 0; at < size; at++) {
            const own = [...probabilities.subarray(at * 3, at * 3 + 3)];
            expect(own.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
            expect(own.every((value) => value > 0)).toBe(true);
          }
          for (const { given, likely, at } of findClassMistakes(labels, probabilities, 3)) {
            expect(given).toBe(labels[at]);
            expect(likely).not.toBe(given);
          }
        },
      ),
    ));
});

describe('findBoxMistakes', () => {
  const truth = (className: string, ...box: [number, number, number, number]): TruthBox => ({ className, box });
  const found = (className: string, confidence: number, ...box: [number, number, number, number]): FoundBox => ({
    className,
    confidence,
    box,
  });
  const kinds = (truths: TruthBox[], finds: FoundBox[]) =>
    findBoxMistakes([{ truth: truths, found: finds }]).map(({ kind }) => kind);

  it('says nothing where all agree', () => {
    expect(kinds([truth('car', 0, 0, 10, 10)], [found('car', 0.9, 1, 0, 11, 10)])).toEqual([]);
    expect(kinds([], [])).toEqual([]);
    expect(kinds([], [found('car', 0.4, 0, 0, 10, 10)])).toEqual([]);
  });

  it('tells the four kinds apart', () => {
    expect(kinds([], [found('car', 0.9, 0, 0, 10, 10)])).toEqual(['missing']);
    expect(kinds([truth('car', 0, 0, 10, 10)], [])).toEqual(['spurious']);
    expect(kinds([truth('bus', 0, 0, 10, 10)], [found('car', 0.9, 0, 0, 10, 10)])).toEqual(['confused']);
    expect(kinds([truth('car', 0, 0, 10, 10)], [found('car', 0.9, 5, 0, 15, 10)])).toEqual(['misplaced']);
  });

  it('lets a weak prediction speak for a label, but not against one', () => {
    expect(kinds([truth('car', 0, 0, 10, 10)], [found('car', 0.06, 0, 0, 10, 10)])).toEqual([]);
    expect(kinds([truth('bus', 0, 0, 10, 10)], [found('car', 0.06, 0, 0, 10, 10)])).toEqual([]);
  });

  it('tells each label once, and leaves crowds alone', () => {
    const twice = [found('car', 0.9, 0, 0, 10, 10), found('car', 0.8, 2, 0, 12, 10)];
    expect(kinds([truth('car', 0, 0, 10, 10)], twice)).toEqual([]);
    const crowd: TruthBox = { className: 'car', box: [0, 0, 50, 50], isCrowd: true };
    expect(kinds([crowd], [found('car', 0.9, 5, 5, 15, 15)])).toEqual([]);
    expect(kinds([crowd], [])).toEqual([]);
  });

  it('ranks what the model finds well elsewhere above what it always misses', () => {
    const pictures = Array.from({ length: 10 }, () => ({
      truth: [truth('car', 0, 0, 10, 10), truth('dot', 30, 30, 32, 32)],
      found: [found('car', 0.9, 0, 0, 10, 10)],
    }));
    pictures[3]!.found = [];
    const [first, ...others] = findBoxMistakes(pictures);
    expect(first).toMatchObject({ at: 3, kind: 'spurious', truth: { className: 'car' } });
    expect(others).toHaveLength(10);
    expect(first!.score).toBeGreaterThan(others[0]!.score);
  });
});

describe('computeMap', () => {
  const flat = (vectors: readonly number[][]) => Float32Array.from(vectors.flat());
  /** How many of each point's five nearest on the map are of its blob. */
  function purity(points: Float32Array, labels: readonly number[]): number {
    let same = 0;
    for (let a = 0; a < labels.length; a++) {
      const near = labels
        .map((label, b) => ({
          label,
          b,
          apart: Math.hypot(points[2 * a]! - points[2 * b]!, points[2 * a + 1]! - points[2 * b + 1]!),
        }))
        .filter(({ b }) => b !== a)
        .sort((x, y) => x.apart - y.apart)
        .slice(0, 5);
      same += near.filter(({ label }) => label === labels[a]).length;
    }
    return same / labels.length / 5;
  }

  it('keeps together what is alike, the same every time, also where most are placed among a sample', async () => {
    const { vectors, labels } = blobs(70, 24, 4, 0.15);
    const told: number[] = [];
    const points = await computeMap(flat(vectors), 24, { onProgress: (done) => told.push(done) });
    expect(purity(points, labels)).toBeGreaterThan(0.97);
    expect(points.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(told.length).toBeGreaterThan(3);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(await computeMap(flat(vectors), 24)).toEqual(points);
    expect(await computeMap(flat(vectors), 24, { seed: 2 })).not.toEqual(points);
    const sampled = await computeMap(flat(vectors), 24, { sample: 80 });
    expect(purity(sampled, labels)).toBeGreaterThan(0.95);
  });

  it('does with few, and with copies', async () => {
    expect(await computeMap(new Float32Array(0), 8)).toHaveLength(0);
    expect(await computeMap(flat([unit([1, 2]), unit([2, 1])]), 2)).toHaveLength(4);
    const copies = await computeMap(flat(Array.from({ length: 30 }, () => unit([1, 2, 3]))), 3);
    expect(copies.every((value) => Number.isFinite(value))).toBe(true);
    for (const size of [4, 5, 17]) {
      const points = await computeMap(flat(blobs(size, 6, 1, 0.5).vectors), 6);
      expect(points.every((value) => value >= 0 && value <= 1)).toBe(true);
    }
  });

  it('can be stopped', async () => {
    const { vectors } = blobs(400, 24, 2, 0.2);
    const controller = new AbortController();
    const stopped = computeMap(flat(vectors), 24, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  });
});
