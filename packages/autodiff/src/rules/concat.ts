import { intAttribute, normalizeAxis } from '@fovea/onnx';
import { cut } from '../cutout.js';
import type { GradientRule } from '../rule.js';

/** d Concat: the gradient, cut where the inputs were joined. */
export const concat: GradientRule = ({ graph, node, inputs, gradients: [g], needs }) => {
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 0), g!.shape.length);
  const sizes = inputs.map((input) => input!.shape[axis]!);
  if (inputs.length === 1) return [g!];
  if (needs.every(Boolean)) return graph.nodesOf('Split', [g!, graph.ints(sizes)], { axis }, inputs.length);
  let start = 0;
  return sizes.map((size, i) => {
    start += size;
    return needs[i] ? cut(graph, g!, axis, start - size, start) : null;
  });
};
