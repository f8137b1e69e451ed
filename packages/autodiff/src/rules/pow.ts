import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d(a^b): g b a^(b-1) for the base; g a^b ln a for the exponent, where a is positive. */
export const pow: GradientRule = ({ graph, inputs: [a, b], outputs: [y], gradients: [g], needs }) => {
  const one = graph.scalar(1, b!.dtype);
  const slope = () => graph.node('Mul', [b!, graph.node('Pow', [a!, graph.node('Sub', [b!, one])])]);
  return [
    needs[0] ? sumTo(graph, graph.node('Mul', [g!, slope()]), a!.shape) : null,
    needs[1] ? sumTo(graph, graph.node('Mul', [g!, graph.node('Mul', [y!, graph.node('Log', [a!])])]), b!.shape) : null,
  ];
};
