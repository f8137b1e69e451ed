import { dtypeNumbers, intAttribute, normalizeAxis, OnnxError } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d Gather (one-axis indices): a product with the one-hot matrix of the indices puts each slice back, summing repeats. */
export const gather: GradientRule = ({ graph, node, inputs: [x, indices], gradients: [g] }) => {
  if (indices!.shape.length !== 1 || indices!.dtype !== 'int64')
    throw new OnnxError(
      'unsupported_gradient',
      `Gather "${node.name}" must take one axis of int64 indices; others have no gradient yet.`,
    );
  const rank = x!.shape.length;
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 0), rank);
  const length = x!.shape[axis]!;
  const rows = graph.node('Reshape', [indices!, graph.ints([-1, 1])]);
  const wrapped = graph.node('Where', [
    graph.node('Less', [rows, graph.scalar(0, 'int64')]),
    graph.node('Add', [rows, graph.scalar(length, 'int64')]),
    rows,
  ]);
  const columns = graph.ints(Array.from({ length }, (_, i) => i));
  const oneHot = graph.node('Cast', [graph.node('Equal', [wrapped, columns])], { to: dtypeNumbers[g!.dtype] });
  const last = [...g!.shape.keys()].filter((i) => i !== axis).concat(axis);
  const moved = graph.node('Transpose', [g!], { perm: last });
  const product = graph.node('MatMul', [moved, oneHot]);
  return [graph.node('Transpose', [product], { perm: last.map((_, i) => last.indexOf(i)) }), null];
};
