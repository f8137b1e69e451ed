import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d(a + b): the gradient itself, summed where an input was broadcast. Also Sum's rule, over any number of inputs. */
export const add: GradientRule = ({ graph, inputs, gradients: [g] }) =>
  inputs.map((input) => input && sumTo(graph, g!, input.shape));
