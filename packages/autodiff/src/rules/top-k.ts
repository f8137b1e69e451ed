import { intAttribute } from '@fovea/onnx';
import { filled } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d TopK: each gradient to the position its value came from. */
export const topK: GradientRule = ({ graph, node, inputs: [x], outputs: [, indices], gradients: [g] }) => {
  const zeros = filled(graph, x!.dtype, x!.shape, 0);
  const axis = intAttribute(node.attributes, 'axis', -1);
  return [g ? graph.node('ScatterElements', [zeros, indices!, g], { axis }) : null, null];
};
