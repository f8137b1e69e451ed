import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateEmbeddings } from './embedding.js';
import { rocAuc, sweep } from './ranking.js';
import { agrees, readRecorded } from './scores.fixture.js';
import { evaluateVerification } from './verification.js';

interface Curves {
  scores: number[];
  truth: number[];
  auc: number;
  eer: number;
  tar: number[];
}

interface Searches {
  embeddings: number[];
  identities: number[];
  cameras: number[];
  isQuery: number[];
  queries: number;
  mAP: number | null;
  ranks: (number | null)[];
  auc: number | null;
}

test("pairs: scikit-learn's area, the equal error of its curve, and its rates at false accept rates", () => {
  for (const { scores, truth, auc, eer, tar } of readRecorded<Curves>('curves')) {
    const metrics = evaluateVerification(scores, truth, [0.5, 0.2, 0.1]);
    expect([metrics.rocAuc, metrics.eer]).toEqual([expect.closeTo(auc, 12), expect.closeTo(eer, 12)]);
    const impostors = truth.filter((value) => value === 0).length;
    const defined = [0.5, 0.2, 0.1].map((far, at) => (far * impostors >= 1 ? tar[at]! : null));
    const own = metrics.tarAtFar.map((row) => row.tar);
    expect([own, defined, agrees(own, defined)]).toEqual([own, defined, true]);
    for (const { tar: rate, threshold } of metrics.tarAtFar) {
      if (threshold === null) continue;
      const accepted = scores.filter((score, at) => truth[at] === 1 && score >= threshold).length;
      expect(accepted / metrics.genuine).toBe(rate);
    }
  }
});

test("searches: rank-k and mAP by Market-1501's protocol, recorded", () => {
  for (const expected of readRecorded<Searches>('search')) {
    const { embeddings, identities, cameras, isQuery } = expected;
    const metrics = evaluateEmbeddings({
      embeddings: Float32Array.from(embeddings),
      identities,
      cameras,
      isQuery,
      ranks: [1, 3, 5],
    });
    expect(metrics.queries).toBe(expected.queries);
    const own = [metrics.mAP, ...metrics.rankAccuracy.map(({ accuracy }) => accuracy), metrics.rocAuc];
    const theirs = [expected.mAP, ...expected.ranks, expected.auc];
    expect([own, theirs, agrees(own, theirs)]).toEqual([own, theirs, true]);
  }
});

describe('by hand', () => {
  test('each searched among the others', () => {
    const metrics = evaluateEmbeddings({
      embeddings: Float32Array.of(1, 0, 2, 0.1, 0, 3, 0.1, 1, 1, 1),
      identities: ['ann', 'ann', 'bob', 'bob', 'cy'],
      ranks: [1],
      fars: [0.5],
    });
    expect(metrics).toMatchObject({
      genuine: 2,
      impostors: 8,
      rocAuc: 1,
      eer: 0,
      mAP: 1,
      queries: 4,
      skippedQueries: 1,
      embeddings: 5,
      identities: 3,
      rankAccuracy: [{ rank: 1, accuracy: 1 }],
      tarAtFar: [{ far: 0.5, tar: 1 }],
    });
    expect(metrics.cmc).toHaveLength(50);
  });

  test('without pairs of both kinds nothing is defined, and a rate needs pairs enough to tell', () => {
    const none = evaluateEmbeddings({ embeddings: new Float32Array(0), identities: [] });
    expect(none).toMatchObject({ eer: null, rocAuc: null, roc: null, mAP: null, cmc: null, queries: 0 });
    const same = evaluateEmbeddings({ embeddings: Float32Array.of(1, 2), identities: [7, 7] });
    expect(same).toMatchObject({ genuine: 1, impostors: 0, eer: null, mAP: 1 });
    const few = evaluateVerification([0.9, 0.1, 0.2], [1, 0, 0], [0.5, 0.1]);
    expect(few.tarAtFar).toEqual([
      { far: 0.5, tar: 1, threshold: 0.9 },
      { far: 0.1, tar: null, threshold: null },
    ]);
    expect(evaluateVerification([0.1, 0.9, 0.8], [1, 0, 0], [0.5]).tarAtFar[0]).toMatchObject({ tar: 0 });
    expect(JSON.stringify([none, same, few])).not.toMatch(/NaN|Infinity/);
  });

  test.each<[Partial<Parameters<typeof evaluateEmbeddings>[0]>, string, RegExp]>([
    [{ embeddings: Float32Array.of(1, 2, 3) }, 'bad_evaluation_input', /3 numbers are not the embeddings of 2/],
    [{ embeddings: Float32Array.of(1, 2, 0, 0) }, 'bad_evaluation_input', /Embedding 1 has the length 0/],
    [{ embeddings: Float32Array.of(1, Number.NaN, 0, 1) }, 'bad_evaluation_input', /Embedding 0 has the length NaN/],
    [{ cameras: [1] }, 'bad_evaluation_input', /1 cameras for 2/],
    [{ isQuery: [1, 0, 1] }, 'bad_evaluation_input', /3 query marks for 2/],
    [{ ranks: [0] }, 'bad_evaluation_input', /not 0/],
    [{ fars: [0] }, 'bad_far', /0 is not/],
    [
      { identities: new Int8Array(12_000), embeddings: new Float32Array(12_000).fill(1) },
      'too_many_pairs',
      /71994000 pairs of the same/,
    ],
  ])('refused, case %#', (wrong, code, sentence) => {
    const run = () => evaluateEmbeddings({ embeddings: Float32Array.of(1, 2, 3, 4), identities: [1, 2], ...wrong });
    expect(run).toThrow(expect.objectContaining({ code }));
    expect(run).toThrow(sentence);
  });
});

test('for any pairs, the counts between genuine pairs tell the same as all scores ranked', () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.boolean()), { maxLength: 40 });
  fc.assert(
    fc.property(pairs, (list) => {
      const scores = list.map(([score]) => score);
      const truth = list.map(([, isSame]) => isSame);
      const metrics = evaluateVerification(scores, truth);
      const area = rocAuc(sweep(scores, truth));
      if (area === null) expect(metrics.rocAuc).toBeNull();
      else expect(metrics.rocAuc!).toBeCloseTo(area, 12);
      expect(metrics.eer === null || (metrics.eer >= 0 && metrics.eer <= 1)).toBe(true);
      for (const tar of metrics.roc?.tar ?? []) expect(tar >= 0 && tar <= 1).toBe(true);
    }),
  );
});
