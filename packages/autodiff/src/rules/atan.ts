import type { GradientRule } from '../rule.js';

/** d arctan x = g / (1 + x^2). */
export const atan: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => {
  const square = graph.node('Mul', [x!, x!]);
  return [graph.node('Div', [g!, graph.node('Add', [square, graph.scalar(1, x!.dtype)])])];
};
