import { intAttribute } from '@fovea/onnx';
import { filled } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d GatherElements: each element of the gradient added where it was taken from. */
export const gatherElements: GradientRule = ({ graph, node, inputs: [x, indices], gradients: [g] }) => {
  const attributes = { axis: intAttribute(node.attributes, 'axis', 0), reduction: 'add' };
  return [graph.node('ScatterElements', [filled(graph, x!.dtype, x!.shape, 0), indices!, g!], attributes), null];
};
