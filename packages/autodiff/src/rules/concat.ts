import { normalizeAxis } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d Concat: the gradient, cut where the inputs were joined. */
export const concat: GradientRule = ({ graph, node, inputs, gradients: [g] }) => {
  const axis = normalizeAxis(node.attributes.axis as number, g!.shape.length);
  const sizes = inputs.map((input) => input!.shape[axis]!);
  return graph.nodesOf('Split', [g!, graph.ints(sizes)], { axis }, inputs.length);
};
