import type { GraphBuilder, Value } from '@fovea/onnx';
import { type LabelOptions, sharesOf } from './labels.js';
import { softmax } from './softmax.js';

/** Settings of the Tversky loss. */
export interface TverskyOptions extends LabelOptions {
  /** Weight of false positives, 0.3 by default. */
  readonly alpha?: number;
  /** Weight of false negatives, 0.7 by default. */
  readonly beta?: number;
}

/**
 * Tversky loss (Salehi, Erdogmus & Gholipour 2017, arXiv:1706.05721), soft, for several classes.
 *
 * One minus the mean, over the classes that occur in the labels, of (tp + 1) / (tp + alpha fp + beta fn + 1) with tp = sum
 * p y, fp = sum p (1 - y), fn = sum (1 - p) y over all pictures and pixels that count, and p = softmax of the logits.
 *
 * A score of sets, not a sum over positions: the mean of the workers' shares of a batch, not their sum, is to be taken.
 *
 * @param logits float32 [N, C, H, W] (or any [N, C, ...]).
 * @param labels class indices [N, H, W], any integer type; 255 (`ignoreIndex`) and what is no class does not count.
 * @returns [], in [0, 1); 1 where no label counts, with no gradient.
 */
export function tverskyLoss(
  graph: GraphBuilder,
  logits: Value,
  labels: Value,
  { alpha = 0.3, beta = 0.7, ...options }: TverskyOptions = {},
): Value {
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const axes = logits.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const perClass = (value: Value) => graph.node('ReduceSum', [value, graph.ints(axes)], { keepdims: 0 });
  const shares = sharesOf(graph, labels, logits.shape[1]!, options);
  const counted = graph.node('ReduceSum', [shares, graph.ints([1])], { keepdims: 1 });
  const probabilities = op('Mul', softmax(graph, logits), counted);
  const hit = perClass(op('Mul', probabilities, shares));
  const said = perClass(probabilities);
  const there = perClass(shares);
  const one = graph.scalar(1);
  // tp + alpha (said - tp) + beta (there - tp)
  const whole = op(
    'Add',
    op('Mul', hit, graph.scalar(1 - alpha - beta)),
    op('Add', op('Mul', said, graph.scalar(alpha)), op('Mul', there, graph.scalar(beta))),
  );
  const score = op('Div', op('Add', hit, one), op('Add', whole, one));
  const occurs = graph.node('Cast', [op('Greater', there, graph.scalar(0))], { to: 1 });
  const sum = (value: Value) => graph.node('ReduceSum', [value], { keepdims: 0 });
  return op('Sub', one, op('Div', sum(op('Mul', score, occurs)), op('Max', sum(occurs), one)));
}

/**
 * Soft Dice loss for several classes (Milletari, Navab & Ahmadi 2016, arXiv:1606.04797, with sums in place of sums of
 * squares, as Drozdzal et al. 2016): {@link tverskyLoss} with both weights a half, 1 - mean of (2 tp + 2) / (2 tp + fp + fn + 2).
 *
 * @returns [], in [0, 1); 1 where no label counts.
 */
export function diceLoss(graph: GraphBuilder, logits: Value, labels: Value, options: LabelOptions = {}): Value {
  return tverskyLoss(graph, logits, labels, { ...options, alpha: 0.5, beta: 0.5 });
}
