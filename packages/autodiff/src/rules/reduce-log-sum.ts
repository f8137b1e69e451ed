import { repeated, restored } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d ln(sum x): g / sum x = g e^-y, repeated. */
export const reduceLogSum: GradientRule = (context) => {
  const {
    graph,
    inputs: [x],
    outputs: [y],
    gradients: [g],
  } = context;
  const share = graph.node('Div', [g!, graph.node('Exp', [y!])]);
  return [repeated(graph, restored(context, share), x!.shape), null];
};
