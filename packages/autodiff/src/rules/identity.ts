import type { GradientRule } from '../rule.js';

/** d x = g. */
export const identity: GradientRule = ({ gradients: [g] }) => [g!];
