import { scaled } from '../broadcast.js';
import { restored } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d sum x^2: 2 g x. */
export const reduceSumSquare: GradientRule = (context) => {
  const {
    graph,
    inputs: [x],
    gradients: [g],
  } = context;
  return [graph.node('Mul', [x!, restored(context, scaled(graph, g!, 2))]), null];
};
