import { repeated, restored } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d ReduceSum: the gradient, repeated. */
export const reduceSum: GradientRule = (context) => [
  repeated(context.graph, restored(context, context.gradients[0]!), context.inputs[0]!.shape),
  null,
];
