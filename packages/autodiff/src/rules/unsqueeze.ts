import { reshape as reshaped } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d Unsqueeze: the gradient in the input's shape. */
export const unsqueeze: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => [
  reshaped(graph, g!, x!.shape),
  null,
];
