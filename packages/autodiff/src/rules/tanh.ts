import type { GradientRule } from '../rule.js';

/** d tanh: g (1 - y^2). */
export const tanh: GradientRule = ({ graph, outputs: [y], gradients: [g] }) => {
  const slope = graph.node('Sub', [graph.scalar(1, y!.dtype), graph.node('Mul', [y!, y!])]);
  return [graph.node('Mul', [g!, slope])];
};
