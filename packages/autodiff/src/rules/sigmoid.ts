import type { GradientRule } from '../rule.js';

/** d sigmoid: g y (1 - y). */
export const sigmoid: GradientRule = ({ graph, outputs: [y], gradients: [g] }) => {
  // A subtraction from a number is the cheaper one: half the reading.
  const rest = graph.node('Sub', [graph.scalar(1, y!.dtype), y!]);
  return [graph.node('Mul', [g!, graph.node('Mul', [y!, rest])])];
};
