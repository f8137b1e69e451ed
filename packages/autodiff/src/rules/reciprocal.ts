import type { GradientRule } from '../rule.js';

/** d(1/x) = -g / x^2. */
export const reciprocal: GradientRule = ({ graph, outputs: [y], gradients: [g] }) => [
  graph.node('Neg', [graph.node('Mul', [g!, graph.node('Mul', [y!, y!])])]),
];
