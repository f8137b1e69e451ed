import type { GraphBuilder, Value } from '@fovea/onnx';
import { tensorOf } from '@fovea/onnx';
import { NnError } from '../error.js';
import { type LabelOptions, sharesOf } from './labels.js';
import { shiftedLogits } from './softmax.js';

/** Settings of the cross-entropy. */
export interface CrossEntropyOptions {
  /** Part e of a label that is spread evenly over all classes (Szegedy et al. 2016, arXiv:1512.00567), in [0, 1). */
  readonly labelSmoothing?: number;
  /** A weight per class; all 1 where left out. */
  readonly classWeights?: ArrayLike<number>;
}

/** A constant [1, C, 1, …] to multiply classes with. */
function perClass(graph: GraphBuilder, weights: ArrayLike<number>, logits: Value): Value {
  if (weights.length !== logits.shape[1])
    throw new NnError(
      'shape_mismatch',
      `There are ${weights.length} class weights for ${logits.shape[1]} classes; there must be one for each.`,
    );
  const shape = logits.shape.map((_, axis) => (axis === 1 ? weights.length : 1));
  return graph.constant(tensorOf('float32', weights, shape), 'classWeights');
}

/**
 * Cross-entropy of softmax with shares of the classes, per position: - sum_c w_c q_c log softmax(z)_c with q = (1 - e) y +
 * e / C sum(y).
 *
 * Softmax is taken in a form that does not overflow. The sum over positions over that of `countOf` is what PyTorch's
 * `cross_entropy` gives for labels.
 *
 * @param logits float32 [N, C, ...]; the classes are axis 1.
 * @param targets float32 [N, C, ...], of which each position's sum to 1: one-hot, or mixed, or a teacher's probabilities.
 *   A position where all are 0 does not count: its loss is 0.
 * @returns [N, ...].
 * @throws NnError `invalid_option`, `shape_mismatch`.
 */
export function crossEntropyLoss(
  graph: GraphBuilder,
  logits: Value,
  targets: Value,
  { labelSmoothing = 0, classWeights }: CrossEntropyOptions = {},
): Value {
  const classes = logits.shape[1]!;
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw new NnError('invalid_option', `labelSmoothing is ${labelSmoothing}; it must be at least 0 and below 1.`);
  let shares = targets;
  if (labelSmoothing > 0) {
    const whole = graph.node('ReduceSum', [targets, graph.ints([1])], { keepdims: 1 });
    shares = graph.node('Add', [
      graph.node('Mul', [targets, graph.scalar(1 - labelSmoothing)]),
      graph.node('Mul', [whole, graph.scalar(labelSmoothing / classes)]),
    ]);
  }
  if (classWeights) shares = graph.node('Mul', [shares, perClass(graph, classWeights, logits)]);
  // sum(q) log sum exp(z) - sum(q z): fewer operators over all classes than - sum(q log softmax(z)).
  const total = (value: Value) => graph.node('ReduceSum', [value, graph.ints([1])], { keepdims: 1 });
  const { shifted, sum } = shiftedLogits(graph, logits);
  const whole = graph.node('Mul', [total(shares), graph.node('Log', [sum])]);
  const loss = graph.node('Sub', [whole, total(graph.node('Mul', [shares, shifted]))]);
  return graph.node('Squeeze', [loss, graph.ints([1])]);
}

/**
 * Cross-entropy of softmax with labels, see {@link crossEntropyLoss}: of pictures, or of every pixel.
 *
 * @param logits float32 [N, C, ...].
 * @param labels class indices [N, ...], any integer type; 255 (`ignoreIndex`) and what is no class does not count.
 * @returns [N, ...], 0 where a label does not count.
 */
export function denseCrossEntropy(
  graph: GraphBuilder,
  logits: Value,
  labels: Value,
  options: CrossEntropyOptions & LabelOptions = {},
): Value {
  return crossEntropyLoss(graph, logits, sharesOf(graph, labels, logits.shape[1]!, options), options);
}

/**
 * What each position counts in a mean of the cross-entropy: the weight of its class, 0 where the label does not count.
 *
 * @param targets shares [N, C, ...], as `sharesOf` makes them of labels.
 * @returns [N, ...].
 */
export function countOf(graph: GraphBuilder, targets: Value, classWeights?: ArrayLike<number>): Value {
  const weighted = classWeights ? graph.node('Mul', [targets, perClass(graph, classWeights, targets)]) : targets;
  return graph.node('ReduceSum', [weighted, graph.ints([1])], { keepdims: 0 });
}
