import type { GradientRule } from '../rule.js';

/** d ln(1 + e^x): g sigmoid(x). */
export const softplus: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => [
  graph.node('Mul', [g!, graph.node('Sigmoid', [x!])]),
];
