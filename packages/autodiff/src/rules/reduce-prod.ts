import { castTo } from '../broadcast.js';
import { reducedAxes, restored } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/**
 * d prod x: g times the product of the other elements. Where one element is 0 only that one has a gradient, where two
 * are, none has: so the product p of the elements other than zero, and the number of zeros, decide.
 */
export const reduceProd: GradientRule = (context) => {
  const {
    graph,
    inputs: [x],
    gradients: [g],
  } = context;
  const axes = reducedAxes(context);
  const number = (value: number) => graph.scalar(value, x!.dtype);
  const zero = castTo(graph, graph.node('Equal', [x!, number(0)]), x!.dtype);
  const safe = graph.node('Add', [x!, zero]);
  const product = graph.node('ReduceProd', [safe], { axes, keepdims: 1 });
  const zeros = graph.node('ReduceSum', [zero, graph.ints(axes)], { keepdims: 1 });
  // Zeros among the other elements.
  const others = graph.node('Sub', [zeros, zero]);
  const alone = castTo(graph, graph.node('Less', [others, number(0.5)]), x!.dtype);
  const share = graph.node('Div', [graph.node('Mul', [product, restored(context, g!)]), safe]);
  return [axes.length === 0 ? g! : graph.node('Mul', [share, alone]), null];
};
