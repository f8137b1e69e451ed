import type { GradientRule } from '../rule.js';

/** d sin x = g cos x. */
export const sin: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => [
  graph.node('Mul', [g!, graph.node('Cos', [x!])]),
];
