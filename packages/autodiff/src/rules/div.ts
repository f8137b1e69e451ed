import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d(a / b): g / b and -g y / b, with y the quotient. */
export const div: GradientRule = ({ graph, inputs: [a, b], outputs: [y], gradients: [g], needs }) => {
  const scaled = graph.node('Div', [g!, b!]);
  return [
    needs[0] ? sumTo(graph, scaled, a!.shape) : null,
    needs[1] ? graph.node('Neg', [sumTo(graph, graph.node('Mul', [scaled, y!]), b!.shape)]) : null,
  ];
};
