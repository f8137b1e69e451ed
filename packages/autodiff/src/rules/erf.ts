import { scaled } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d erf x = g 2 / sqrt(pi) e^(-x^2). */
export const erf: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => {
  const bell = graph.node('Exp', [graph.node('Neg', [graph.node('Mul', [x!, x!])])]);
  return [graph.node('Mul', [g!, scaled(graph, bell, 2 / Math.sqrt(Math.PI))])];
};
