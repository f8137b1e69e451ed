import { floatAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d LeakyRelu: g where x is positive, alpha g elsewhere. */
export const leakyRelu: GradientRule = ({ graph, node, inputs: [x], gradients: [g] }) => {
  const alpha = graph.scalar(floatAttribute(node.attributes, 'alpha', 0.01), g!.dtype);
  const positive = graph.node('Greater', [x!, graph.scalar(0, x!.dtype)]);
  return [graph.node('Where', [positive, g!, graph.node('Mul', [g!, alpha])])];
};
