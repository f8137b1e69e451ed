import type { GradientRule } from '../rule.js';

/** d Clip: g where x lies within the bounds, 0 outside. */
export const clip: GradientRule = ({ graph, inputs: [x], outputs: [y], gradients: [g] }) => [
  graph.node('Where', [graph.node('Equal', [x!, y!]), g!, graph.scalar(0, g!.dtype)]),
];
