import type { GradientRule } from '../rule.js';

/** d Trilu: the triangle of the gradient that was kept of the data. */
export const trilu: GradientRule = ({ graph, node, inputs: [, k], gradients: [g] }) => [
  graph.node('Trilu', k ? [g!, k] : [g!], node.attributes),
  null,
];
