import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d(a + b + …): the gradient itself, summed where an input was broadcast. */
export const sum: GradientRule = ({ graph, inputs, gradients: [g], needs }) =>
  inputs.map((input, i) => (needs[i] ? sumTo(graph, g!, input!.shape) : null));
