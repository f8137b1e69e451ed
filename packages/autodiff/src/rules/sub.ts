import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d(a - b): g and -g. */
export const sub: GradientRule = ({ graph, inputs: [a, b], gradients: [g], needs }) => [
  needs[0] ? sumTo(graph, g!, a!.shape) : null,
  needs[1] ? graph.node('Neg', [sumTo(graph, g!, b!.shape)]) : null,
];
