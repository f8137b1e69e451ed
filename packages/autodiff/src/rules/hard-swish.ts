import type { GradientRule } from '../rule.js';

/** d x max(0, min(1, x/6 + 1/2)): 0 below -3, g above 3, g (x/3 + 1/2) between. */
export const hardSwish: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => {
  const of = (value: number) => graph.scalar(value, x!.dtype);
  const between = graph.node('Add', [graph.node('Mul', [x!, of(1 / 3)]), of(0.5)]);
  const upper = graph.node('Where', [graph.node('Greater', [x!, of(3)]), of(1), between]);
  const slope = graph.node('Where', [graph.node('Less', [x!, of(-3)]), of(0), upper]);
  return [graph.node('Mul', [g!, slope])];
};
