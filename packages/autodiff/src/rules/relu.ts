import type { GradientRule } from '../rule.js';

/** d max(x, 0): g where the output is positive. */
export const relu: GradientRule = ({ graph, outputs: [y], gradients: [g] }) => {
  const zero = graph.scalar(0, g!.dtype);
  return [graph.node('Where', [graph.node('Greater', [y!, zero]), g!, zero])];
};
