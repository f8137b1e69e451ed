import type { GradientRule } from '../rule.js';
import { positive } from '../step.js';

/** d max(x, 0): g where the output is positive. */
export const relu: GradientRule = ({ graph, outputs: [y], gradients: [g] }) => [
  graph.node('Mul', [g!, positive(graph, y!)]),
];
