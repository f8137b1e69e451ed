import type { GradientRule } from '../rule.js';

/** d(-x) = -g. */
export const neg: GradientRule = ({ graph, gradients: [g] }) => [graph.node('Neg', [g!])];
