import { reshape as reshaped } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d Flatten: the gradient in the input's shape. */
export const flatten: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => [reshaped(graph, g!, x!.shape), null];
