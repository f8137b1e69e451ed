import { floatAttribute } from '@fovea/onnx';
import { scaled } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d x s with s = sigmoid(alpha x) (com.microsoft): g (s + alpha x s (1 - s)). */
export const quickGelu: GradientRule = ({ graph, node, inputs: [x], gradients: [g] }) => {
  const scaledInput = scaled(graph, x!, floatAttribute(node.attributes, 'alpha', 1.702));
  const s = graph.node('Sigmoid', [scaledInput]);
  const rest = graph.node('Sub', [graph.scalar(1, x!.dtype), s]);
  const bent = graph.node('Mul', [graph.node('Mul', [scaledInput, s]), rest]);
  return [graph.node('Mul', [g!, graph.node('Add', [s, bent])])];
};
