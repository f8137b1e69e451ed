import type { GradientRule } from '../rule.js';

/** d x / (1 + |x|): g / (1 + |x|)^2 = g (1 - |y|)^2. */
export const softsign: GradientRule = ({ graph, outputs: [y], gradients: [g] }) => {
  const rest = graph.node('Sub', [graph.scalar(1, y!.dtype), graph.node('Abs', [y!])]);
  return [graph.node('Mul', [g!, graph.node('Mul', [rest, rest])])];
};
