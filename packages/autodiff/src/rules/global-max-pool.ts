import { sharedAmongEqual } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d GlobalMaxPool: to the largest pixels, in equal shares where several are. */
export const globalMaxPool: GradientRule = ({ graph, inputs: [x], outputs: [y], gradients: [g] }) => {
  const axes = [...x!.shape.keys()].slice(2);
  return [sharedAmongEqual(graph, x!, y!, g!, axes)];
};
