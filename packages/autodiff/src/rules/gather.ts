import { intAttribute, normalizeAxis, sizeOf } from '@fovea/onnx';
import { reshape } from '../broadcast.js';
import type { GradientRule } from '../rule.js';
import { scatterRows } from '../scatter.js';

/** d Gather: each slice of the gradient added where it was taken from. */
export const gather: GradientRule = ({ graph, node, inputs: [x, indices], gradients: [g] }) => {
  const rank = x!.shape.length;
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 0), rank);
  const count = sizeOf(indices!.shape);
  const rest = x!.shape.toSpliced(axis, 1);
  // The axis goes to the front and back again.
  const apart = reshape(graph, g!, x!.shape.toSpliced(axis, 1, count));
  const front = [axis, ...[...x!.shape.keys()].filter((i) => i !== axis)];
  const rows = axis === 0 ? apart : graph.node('Transpose', [apart], { perm: front });
  const flatIndices = graph.tensorOf(indices)
    ? graph.constant({ ...graph.tensorOf(indices)!, shape: [count] })
    : reshape(graph, indices!, [count]);
  const sums = scatterRows(graph, reshape(graph, rows, [count, ...rest]), flatIndices, x!.shape[axis]!);
  const back = front.map((_, i) => front.indexOf(i));
  return [axis === 0 ? sums : graph.node('Transpose', [sums], { perm: back }), null];
};
