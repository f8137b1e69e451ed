import { intAttribute, normalizeAxis, OnnxError } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d Gather (one-axis indices): a product with the one-hot matrix of the indices puts each slice back, summing repeats. */
export const gather: GradientRule = ({ graph, node, inputs: [x, indices], gradients: [g] }) => {
  if (indices!.shape.length !== 1)
    throw new OnnxError(
      'unsupported_gradient',
      `Gather "${node.name}" takes indices of several axes; no gradient yet.`,
    );
  const rank = x!.shape.length;
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 0), rank);
  const length = x!.shape[axis]!;
  const zeroOne = graph.node('Cast', [graph.ints([0, 1])], { to: g!.dtype === 'float64' ? 11 : 1 });
  const oneHot = graph.node('OneHot', [indices!, graph.ints([length]), zeroOne], { axis: -1 });
  const last = [...g!.shape.keys()].filter((i) => i !== axis).concat(axis);
  const moved = graph.node('Transpose', [g!], { perm: last });
  const product = graph.node('MatMul', [moved, oneHot]);
  return [graph.node('Transpose', [product], { perm: last.map((_, i) => last.indexOf(i)) }), null];
};
