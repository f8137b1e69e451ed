import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d(a b): g b and g a. */
export const mul: GradientRule = ({ graph, inputs: [a, b], gradients: [g], needs }) => [
  needs[0] ? sumTo(graph, graph.node('Mul', [g!, b!]), a!.shape) : null,
  needs[1] ? sumTo(graph, graph.node('Mul', [g!, a!]), b!.shape) : null,
];
