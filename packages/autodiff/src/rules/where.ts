import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d Where: g to the branch that was chosen. */
export const where: GradientRule = ({ graph, inputs: [condition, a, b], gradients: [g], needs }) => {
  const zero = graph.scalar(0, g!.dtype);
  return [
    null,
    needs[1] ? sumTo(graph, graph.node('Where', [condition!, g!, zero]), a!.shape) : null,
    needs[2] ? sumTo(graph, graph.node('Where', [condition!, zero, g!]), b!.shape) : null,
  ];
};
