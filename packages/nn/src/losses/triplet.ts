import type { GraphBuilder, Value } from '@fovea/onnx';
import { NnError } from '../error.js';
import { diagonal, sameClass } from './labels.js';
import { innerProducts, unitLength } from './unit-length.js';

/** Settings of the triplet loss. */
export interface TripletOptions {
  /**
   * Which triplets count. `hard` (the default): each anchor with its farthest positive and its nearest negative (Hermans,
   * Beyer & Leibe 2017, arXiv:1703.07737, equation 5). `semi-hard`: each pair with the nearest negative that is farther
   * than the positive, or the farthest of all where there is none (Schroff, Kalenichenko & Philbin 2015,
   * arXiv:1503.03832, section 3.2).
   */
  readonly mining?: 'hard' | 'semi-hard';
  /** By how much negatives are to be farther, 0.3 by default; `soft` takes softplus in place of the hinge (Hermans). */
  readonly margin?: number | 'soft';
  /** Whether embeddings are scaled to length 1 first, as an exported model does; true by default. */
  readonly normalized?: boolean;
}

/** Beyond any distance. */
const far = 1e9;

/** Euclidean distances between all rows [N, D]: [N, N], 0 (and without a gradient) where rows are alike. */
function distances(graph: GraphBuilder, x: Value): Value {
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const squares = graph.node('ReduceSum', [op('Mul', x, x), graph.ints([1])], { keepdims: 1 });
  const sums = op('Add', squares, graph.node('Transpose', [squares], { perm: [1, 0] }));
  const square = op('Sub', sums, op('Mul', innerProducts(graph, x, x), graph.scalar(2)));
  return op('Sqrt', op('Max', square, graph.scalar(1e-12)));
}

/**
 * Triplet loss with triplets mined from the batch, per anchor: max(0, margin + d(anchor, positive) - d(anchor, negative)),
 * with `semi-hard` the mean of it over the anchor's positives.
 *
 * @param embeddings float32 [N, D]. Triplets are mined within these N only, of which every class should have several.
 * @param labels class indices [N], or one-hot rows [N, C].
 * @returns [N], 0 for an anchor without a positive or without a negative.
 * @throws NnError `invalid_option`.
 */
export function tripletLoss(
  graph: GraphBuilder,
  embeddings: Value,
  labels: Value,
  { mining = 'hard', margin = 0.3, normalized = true }: TripletOptions = {},
): Value {
  if (mining !== 'hard' && mining !== 'semi-hard')
    throw new NnError('invalid_option', `mining is "${mining}"; it must be "hard" or "semi-hard".`);
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const extreme = (name: 'ReduceMax' | 'ReduceMin', value: Value, axis: number) =>
    graph.node(name, [value], { axes: [axis], keepdims: 0 });
  const number = (condition: Value) => graph.node('Cast', [condition], { to: 1 });
  const penalty = (excess: Value) =>
    margin === 'soft' ? op('Softplus', excess) : op('Relu', op('Add', excess, graph.scalar(margin)));

  const count = embeddings.shape[0]!;
  const one = graph.scalar(1);
  const distance = distances(graph, normalized ? unitLength(graph, embeddings) : embeddings);
  const same = number(sameClass(graph, labels));
  const positive = op('Sub', same, op('Mul', same, diagonal(graph, count)));
  const negative = op('Sub', one, same);
  const isPositive = op('Greater', positive, graph.scalar(0));
  const isNegative = op('Greater', negative, graph.scalar(0));
  const hasNegative = extreme('ReduceMax', negative, 1);

  if (mining === 'hard') {
    const farthest = extreme('ReduceMax', op('Where', isPositive, distance, graph.scalar(-far)), 1);
    const nearest = extreme('ReduceMin', op('Where', isNegative, distance, graph.scalar(far)), 1);
    const counts = op('Mul', extreme('ReduceMax', positive, 1), hasNegative);
    // What does not count is set to 0 before the penalty, whose slope would multiply its 1e9.
    const excess = op('Where', op('Greater', counts, graph.scalar(0)), op('Sub', farthest, nearest), graph.scalar(0));
    return op('Mul', penalty(excess), counts);
  }

  // Axes: anchor, positive, negative.
  const toPositive = graph.node('Unsqueeze', [distance, graph.ints([2])]);
  const toNegative = graph.node('Unsqueeze', [distance, graph.ints([1])]);
  const negatives = graph.node('Unsqueeze', [isNegative, graph.ints([1])]);
  const farther = op('And', op('Greater', toNegative, toPositive), negatives);
  const nearest = extreme('ReduceMin', op('Where', farther, toNegative, graph.scalar(far)), 2);
  const farthest = graph.node('ReduceMax', [op('Where', isNegative, distance, graph.scalar(-far))], {
    axes: [1],
    keepdims: 1,
  });
  const chosen = op('Where', op('Less', nearest, graph.scalar(far)), nearest, farthest);
  const counts = op('Mul', positive, graph.node('Unsqueeze', [hasNegative, graph.ints([1])]));
  const excess = op('Where', op('Greater', counts, graph.scalar(0)), op('Sub', distance, chosen), graph.scalar(0));
  const sum = (value: Value) => graph.node('ReduceSum', [value, graph.ints([1])], { keepdims: 0 });
  return op('Div', sum(op('Mul', penalty(excess), counts)), op('Max', sum(counts), one));
}
