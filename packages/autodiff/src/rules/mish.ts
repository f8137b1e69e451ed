import type { GradientRule } from '../rule.js';

/**
 * d x t with t = tanh(softplus(x)) (Misra 2019, arXiv:1908.08681): g (t + x sigmoid(x) (1 - t^2)). Works from the input
 * alone.
 */
export const mish: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => {
  const t = graph.node('Tanh', [graph.node('Softplus', [x!])]);
  const rest = graph.node('Sub', [graph.scalar(1, x!.dtype), graph.node('Mul', [t, t])]);
  const bent = graph.node('Mul', [graph.node('Mul', [x!, graph.node('Sigmoid', [x!])]), rest]);
  return [graph.node('Mul', [g!, graph.node('Add', [t, bent])])];
};
