import { restored } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d sum |x|: g sign(x). */
export const reduceL1: GradientRule = (context) => {
  const {
    graph,
    inputs: [x],
    gradients: [g],
  } = context;
  return [graph.node('Mul', [graph.node('Sign', [x!]), restored(context, g!)]), null];
};
