import type { GradientRule } from '../rule.js';

/** d cos x = -g sin x. */
export const cos: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => [
  graph.node('Neg', [graph.node('Mul', [g!, graph.node('Sin', [x!])])]),
];
