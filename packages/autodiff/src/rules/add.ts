import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d(a + b): the gradient itself, summed where an input was broadcast. */
export const add: GradientRule = ({ graph, inputs: [a, b], gradients: [g], needs }) => [
  needs[0] ? sumTo(graph, g!, a!.shape) : null,
  needs[1] ? sumTo(graph, g!, b!.shape) : null,
];
