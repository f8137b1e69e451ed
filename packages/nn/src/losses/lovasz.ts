import type { GraphBuilder, Value } from '@fovea/onnx';
import { type LabelOptions, sharesOf } from './labels.js';
import { softmax } from './softmax.js';

/**
 * Lovász-softmax loss (Berman, Rannen Triki & Blaschko 2018, arXiv:1705.08790, equation 11): the extension of 1 - IoU from
 * sets of wrong pixels to their errors, averaged over the classes that occur in the labels.
 *
 * Per class the errors m = |y - p| of all pixels are sorted, largest first, and weighted by how much 1 - IoU grows where
 * each pixel in turn becomes wrong (there, algorithm 1). Sorting makes it several times as dear as the cross-entropy,
 * beside which it is used to sharpen the IoU.
 *
 * A score of sets, not a sum over positions: the mean of the workers' shares of a batch, not their sum, is to be taken.
 *
 * @param logits float32 [N, C, H, W] (or any [N, C, ...]).
 * @param labels class indices [N, H, W], any integer type; 255 (`ignoreIndex`) and what is no class does not count.
 * @returns [], in [0, 1]; 0 where no label counts.
 */
export function lovaszLoss(graph: GraphBuilder, logits: Value, labels: Value, options: LabelOptions = {}): Value {
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const classes = logits.shape[1]!;
  const perm = [1, 0, ...logits.shape.map((_, axis) => axis).slice(2)];
  /** [N, C, ...] as one row of pixels per class. */
  const rows = (value: Value) => {
    const first = graph.node('Transpose', [value], { perm });
    return graph.node('Reshape', [first, graph.ints([classes, -1])]);
  };
  const shares = sharesOf(graph, labels, classes, options);
  const counted = graph.node('ReduceSum', [shares, graph.ints([1])], { keepdims: 1 });
  // What does not count has no error: sorted to the end, it weighs nothing.
  const errors = rows(op('Abs', op('Sub', shares, op('Mul', softmax(graph, logits), counted))));
  const truth = rows(shares);
  const pixels = truth.shape[1]!;
  const [sorted, order] = graph.nodesOf('TopK', [errors, graph.ints([pixels])], { axis: 1 }, 2);
  const hits = graph.node('GatherElements', [truth, order!], { axis: 1 });
  const sum = (value: Value) => graph.node('ReduceSum', [value, graph.ints([1])], { keepdims: 1 });
  const upTo = (value: Value) => op('CumSum', value, graph.scalar(1, 'int64'));
  const all = sum(truth);
  const one = graph.scalar(1);
  const left = op('Sub', all, upTo(hits));
  const union = op('Add', all, upTo(op('Sub', one, hits)));
  const lost = op('Sub', one, op('Div', left, op('Max', union, one)));
  const before = op('Slice', lost, graph.ints([0]), graph.ints([pixels - 1]), graph.ints([1]));
  const growth = op('Sub', lost, op('Pad', before, graph.ints([0, 1, 0, 0])));
  const occurs = graph.node('Cast', [op('Greater', all, graph.scalar(0))], { to: 1 });
  const total = graph.node('ReduceSum', [op('Mul', sum(op('Mul', sorted!, growth)), occurs)], { keepdims: 0 });
  const count = graph.node('ReduceSum', [occurs], { keepdims: 0 });
  return op('Div', total, op('Max', count, one));
}
