import { scaled, sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d mean(a, b, …): the gradient over the number of inputs, summed where one was broadcast. */
export const mean: GradientRule = ({ graph, inputs, gradients: [g], needs }) =>
  inputs.map((input, i) => (needs[i] ? scaled(graph, sumTo(graph, g!, input!.shape), 1 / inputs.length) : null));
