import { FoveaError } from '@fovea/annotations';
import { measureRetrieval, type RetrievalMetrics } from './retrieval.js';
import {
  countImpostor,
  createPairTally,
  DEFAULT_FARS,
  measureTally,
  type VerificationMetrics,
} from './verification.js';

/** What {@link evaluateEmbeddings} takes. N embeddings of D numbers. */
export interface EmbeddingEvaluation {
  /** [N, D] row by row, of any length above 0: they are compared by cosine. */
  readonly embeddings: Float32Array;
  /** [N]: who or what it is. */
  readonly identities: ArrayLike<number | string>;
  /** [N]: where it was seen. What is of a query's identity and place is left out of its search, as in Market-1501. */
  readonly cameras?: ArrayLike<number | string>;
  /** [N], anything but 0 and false is a query, the others the gallery. Default: each is searched among all others. */
  readonly isQuery?: ArrayLike<number | boolean>;
  /** False accept rates; default .1, .01, .001, .0001. */
  readonly fars?: readonly number[];
  /** Ranks to tell; default 1, 5, 10. */
  readonly ranks?: readonly number[];
}

/** How well embeddings tell identities apart, by pairs and by search. Everything in [0, 1]; null where undefined. */
export interface EmbeddingMetrics extends VerificationMetrics, RetrievalMetrics {
  readonly embeddings: number;
  readonly identities: number;
}

/** The most pairs of the same that are held at once. */
const MAX_GENUINE_PAIRS = 2 ** 26;

/**
 * Evaluates embeddings by cosine similarity: verification over all pairs (of a query with the gallery where queries are
 * given), and re-identification (rank-k and mAP; Zheng et al. 2015, "Scalable Person Re-identification: A Benchmark").
 *
 * @throws FoveaError `bad_evaluation_input` for lengths that do not match, numbers that are not finite, embeddings of
 *   length 0 and ranks that are none; `too_many_pairs`; `bad_far`
 */
export function evaluateEmbeddings(evaluation: EmbeddingEvaluation): EmbeddingMetrics {
  const { identities, cameras, isQuery, fars = DEFAULT_FARS, ranks = [1, 5, 10] } = evaluation;
  const count = identities.length;
  const rows = normalizeRows(evaluation);
  const identity = indexValues(identities);
  const camera = cameras && indexValues(cameras);
  const isInGallery = (at: number) => !isQuery?.[at];

  /** Calls with each pair once, whichever of both comes first. */
  const forPairs = (isGenuine: boolean, use: (similarity: number) => void) => {
    for (let a = 0; a < count; a++) {
      if (isQuery && isInGallery(a)) continue;
      for (let b = isQuery ? 0 : a + 1; b < count; b++) {
        if ((identity[a] === identity[b]) === isGenuine && isInGallery(b)) use(dot(rows[a]!, rows[b]!));
      }
    }
  };
  const genuine = new Float64Array(countGenuine(identity, isQuery));
  let filled = 0;
  forPairs(true, (similarity) => {
    genuine[filled++] = similarity;
  });
  const tally = createPairTally(genuine);
  forPairs(false, (similarity) => countImpostor(tally, similarity));

  const search = { rows, identity, camera, isQuery, ranks, compare: dot };
  return {
    ...measureTally(tally, fars),
    ...measureRetrieval(search),
    embeddings: count,
    identities: new Set(identity).size,
  };
}

/** Pairs of the same identity. @throws FoveaError `too_many_pairs` */
function countGenuine(identity: Int32Array, isQuery: ArrayLike<number | boolean> | undefined): number {
  const members = new Map<number, { queries: number; others: number }>();
  identity.forEach((index, at) => {
    const known = members.get(index) ?? { queries: 0, others: 0 };
    members.set(index, known);
    if (isQuery?.[at]) known.queries++;
    else known.others++;
  });
  let pairs = 0;
  for (const { queries, others } of members.values()) {
    pairs += isQuery ? queries * others : (others * (others - 1)) / 2;
  }
  if (pairs <= MAX_GENUINE_PAIRS) return pairs;
  throw new FoveaError(
    'too_many_pairs',
    `There are ${pairs} pairs of the same identity; at most ${MAX_GENUINE_PAIRS} are compared. Take fewer of each.`,
    { pairs },
  );
}

function normalizeRows({ embeddings, identities, cameras, isQuery, ranks = [] }: EmbeddingEvaluation): Float32Array[] {
  const fail = (message: string, details: Record<string, unknown> = {}) => {
    throw new FoveaError('bad_evaluation_input', message, details);
  };
  const count = identities.length;
  const dimension = count === 0 ? 0 : embeddings.length / count;
  if (!Number.isInteger(dimension) || (count === 0 && embeddings.length > 0)) {
    fail(`${embeddings.length} numbers are not the embeddings of ${count} identities.`);
  }
  for (const [name, list] of [['cameras', cameras] as const, ['query marks', isQuery] as const]) {
    if (list && list.length !== count) fail(`There are ${list.length} ${name} for ${count} embeddings.`);
  }
  for (const rank of ranks) {
    if (!Number.isInteger(rank) || rank < 1) fail(`A rank is a whole number of at least 1, not ${rank}.`, { rank });
  }
  return Array.from({ length: count }, (_, row) => {
    const values = embeddings.slice(row * dimension, (row + 1) * dimension);
    let squares = 0;
    for (const value of values) squares += value * value;
    if (!(squares > 0 && squares < Infinity)) {
      fail(`Embedding ${row} has the length ${Math.sqrt(squares)}: it must be finite and above 0.`, { row });
    }
    const length = Math.sqrt(squares);
    return values.map((value) => value / length);
  });
}

/** Four sums side by side, so that additions need not wait for each other. */
function dot(a: Float32Array, b: Float32Array): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = a.length - (a.length % 4);
  for (let at = 0; at < whole; at += 4) {
    s0 += a[at]! * b[at]!;
    s1 += a[at + 1]! * b[at + 1]!;
    s2 += a[at + 2]! * b[at + 2]!;
    s3 += a[at + 3]! * b[at + 3]!;
  }
  for (let at = whole; at < a.length; at++) s0 += a[at]! * b[at]!;
  return s0 + s1 + (s2 + s3);
}

/** Equal values as equal indices. */
function indexValues(values: ArrayLike<number | string>): Int32Array {
  const index = new Map<number | string, number>();
  return Int32Array.from(values, (value) => {
    const known = index.get(value) ?? index.size;
    index.set(value, known);
    return known;
  });
}
