import type { GradientRule } from '../rule.js';

/** d|x| = g sign(x); 0 at 0. */
export const abs: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => [
  graph.node('Mul', [g!, graph.node('Sign', [x!])]),
];
