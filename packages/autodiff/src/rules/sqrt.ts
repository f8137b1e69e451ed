import type { GradientRule } from '../rule.js';

/** d sqrt(x) = g / (2 sqrt(x)); infinite at 0. */
export const sqrt: GradientRule = ({ graph, outputs: [y], gradients: [g] }) => [
  graph.node('Div', [graph.node('Mul', [g!, graph.scalar(0.5, g!.dtype)]), y!]),
];
