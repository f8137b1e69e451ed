import { restored } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d sqrt(sum x^2): g x / y; 0 where all elements are. */
export const reduceL2: GradientRule = (context) => {
  const {
    graph,
    inputs: [x],
    outputs: [y],
    gradients: [g],
  } = context;
  const norm = graph.node('Max', [y!, graph.scalar(1e-30, y!.dtype)]);
  return [graph.node('Mul', [x!, restored(context, graph.node('Div', [g!, norm]))]), null];
};
