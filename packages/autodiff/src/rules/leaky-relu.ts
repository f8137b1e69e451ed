import { floatAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';
import { choose } from '../step.js';

/** d LeakyRelu: g where x is positive, alpha g elsewhere. */
export const leakyRelu: GradientRule = ({ graph, node, inputs: [x], outputs: [y], gradients: [g] }) => {
  const alpha = floatAttribute(node.attributes, 'alpha', 0.01);
  // The output has the input's sign, and is mostly kept for the next operator anyway.
  return [graph.node('Mul', [g!, choose(graph, alpha >= 0 ? y! : x!, 1, alpha)])];
};
