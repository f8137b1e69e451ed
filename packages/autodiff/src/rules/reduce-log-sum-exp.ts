import { restored } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d ln(sum e^x): g e^(x - y), which cannot overflow. */
export const reduceLogSumExp: GradientRule = (context) => {
  const {
    graph,
    inputs: [x],
    outputs: [y],
    gradients: [g],
  } = context;
  const share = graph.node('Exp', [graph.node('Sub', [x!, restored(context, y!)])]);
  return [graph.node('Mul', [share, restored(context, g!)]), null];
};
