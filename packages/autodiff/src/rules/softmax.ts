import { intAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d softmax: y (g - sum(g y)). */
export const softmax: GradientRule = ({ graph, node, outputs: [y], gradients: [g] }) => {
  const axis = intAttribute(node.attributes, 'axis', -1);
  const total = graph.node('ReduceSum', [graph.node('Mul', [g!, y!]), graph.ints([axis])], { keepdims: 1 });
  return [graph.node('Mul', [y!, graph.node('Sub', [g!, total])])];
};
