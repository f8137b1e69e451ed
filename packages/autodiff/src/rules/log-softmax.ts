import { intAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d log softmax: g - e^y sum(g). */
export const logSoftmax: GradientRule = ({ graph, node, outputs: [y], gradients: [g] }) => {
  const axis = intAttribute(node.attributes, 'axis', -1);
  const total = graph.node('ReduceSum', [g!, graph.ints([axis])], { keepdims: 1 });
  return [graph.node('Sub', [g!, graph.node('Mul', [graph.node('Exp', [y!]), total])])];
};
