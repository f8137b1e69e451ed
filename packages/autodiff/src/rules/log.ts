import type { GradientRule } from '../rule.js';

/** d ln x = g / x. */
export const log: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => [graph.node('Div', [g!, x!])];
