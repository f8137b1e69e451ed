import { sizeOf } from '@fovea/onnx';
import { scaled } from '../broadcast.js';
import { repeated, restored } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d ReduceMean: the gradient over the count, repeated. */
export const reduceMean: GradientRule = (context) => {
  const {
    graph,
    inputs: [x],
    outputs: [y],
    gradients: [g],
  } = context;
  const share = sizeOf(y!.shape) / sizeOf(x!.shape);
  return [repeated(graph, restored(context, scaled(graph, g!, share)), x!.shape), null];
};
