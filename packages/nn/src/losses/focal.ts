import type { GraphBuilder, Value } from '@fovea/onnx';
import { NnError } from '../error.js';
import { binaryCrossEntropy } from './binary-cross-entropy.js';
import { type LabelOptions, sharesOf } from './labels.js';
import { logSoftmax } from './softmax.js';

/** Settings of the focal loss. */
export interface FocalOptions {
  /** How much easy examples are played down, at least 0; 2 by default. 0 gives the cross-entropy. */
  readonly gamma?: number;
  /** Weight of positives, negatives having 1 - alpha, in [0, 1]; 0.25 by default. `null`: all count 1. */
  readonly alpha?: number | null;
}

/** x^gamma for x >= 0, whose gradient stays finite at 0. */
export function focusOf(graph: GraphBuilder, x: Value, gamma: number): Value {
  if (!(gamma >= 0)) throw new NnError('invalid_option', `gamma is ${gamma}; it must be at least 0.`);
  if (gamma === 1) return x;
  if (gamma === 2) return graph.node('Mul', [x, x]);
  return graph.node('Pow', [graph.node('Max', [x, graph.scalar(1e-12)]), graph.scalar(gamma)]);
}

/**
 * Focal loss of sigmoid (Lin et al. 2017, arXiv:1708.02002, equation 5), element by element: alpha_t |y - p|^gamma times
 * the binary cross-entropy; for y in {0, 1} that is - alpha_t (1 - p_t)^gamma log p_t. For targets between them it is the
 * quality focal loss, weighted.
 *
 * @param logits float32, any shape.
 * @param targets in [0, 1], of that shape.
 * @throws NnError `invalid_option`.
 */
export function focalLoss(
  graph: GraphBuilder,
  logits: Value,
  targets: Value,
  { gamma = 2, alpha = 0.25 }: FocalOptions = {},
): Value {
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  let loss = binaryCrossEntropy(graph, logits, targets);
  if (gamma !== 0) {
    const miss = op('Sub', op('Sigmoid', logits), targets);
    loss = op('Mul', loss, focusOf(graph, gamma === 2 ? miss : op('Abs', miss), gamma));
  }
  if (alpha === null) return loss;
  if (!(alpha >= 0 && alpha <= 1))
    throw new NnError('invalid_option', `alpha is ${alpha}; it must lie in [0, 1], or be null.`);
  const weight = op('Add', op('Mul', targets, graph.scalar(2 * alpha - 1)), graph.scalar(1 - alpha));
  return op('Mul', loss, weight);
}

/**
 * Focal loss of softmax, per position: - sum_c y_c (1 - p_c)^gamma log p_c with p = softmax(z), the form for classes of
 * which one is right.
 *
 * @param logits float32 [N, C, ...].
 * @param targets shares of the classes [N, C, ...], as for `crossEntropyLoss`.
 * @returns [N, ...].
 * @throws NnError `invalid_option`.
 */
export function focalSoftmaxLoss(
  graph: GraphBuilder,
  logits: Value,
  targets: Value,
  { gamma = 2 }: { readonly gamma?: number } = {},
): Value {
  const log = logSoftmax(graph, logits);
  let terms = graph.node('Mul', [targets, log]);
  if (gamma !== 0) {
    const miss = graph.node('Sub', [graph.scalar(1), graph.node('Exp', [log])]);
    terms = graph.node('Mul', [terms, focusOf(graph, miss, gamma)]);
  }
  return graph.node('Neg', [graph.node('ReduceSum', [terms, graph.ints([1])], { keepdims: 0 })]);
}

/**
 * Focal loss of softmax with labels, see {@link focalSoftmaxLoss}.
 *
 * @param labels class indices [N, ...], any integer type; 255 (`ignoreIndex`) and what is no class does not count.
 * @returns [N, ...], 0 where a label does not count.
 */
export function denseFocal(
  graph: GraphBuilder,
  logits: Value,
  labels: Value,
  options: { readonly gamma?: number } & LabelOptions = {},
): Value {
  return focalSoftmaxLoss(graph, logits, sharesOf(graph, labels, logits.shape[1]!, options), options);
}
