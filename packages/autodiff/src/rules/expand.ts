import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d Expand: the gradient summed over what was repeated. */
export const expand: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => [sumTo(graph, g!, x!.shape), null];
