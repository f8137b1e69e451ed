import type { GradientRule } from '../rule.js';

/** d e^x = g e^x. */
export const exp: GradientRule = ({ graph, outputs: [y], gradients: [g] }) => [graph.node('Mul', [g!, y!])];
