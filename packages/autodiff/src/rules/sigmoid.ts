import type { GradientRule } from '../rule.js';

/** d sigmoid: g y (1 - y). */
export const sigmoid: GradientRule = ({ graph, outputs: [y], gradients: [g] }) => {
  const slope = graph.node('Sub', [y!, graph.node('Mul', [y!, y!])]);
  return [graph.node('Mul', [g!, slope])];
};
