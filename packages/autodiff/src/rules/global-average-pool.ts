import { sizeOf } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d GlobalAveragePool: the gradient over the number of pixels, repeated. */
export const globalAveragePool: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => {
  const share = graph.scalar(1 / sizeOf(x!.shape.slice(2)), g!.dtype);
  return [graph.node('Expand', [graph.node('Mul', [g!, share]), graph.ints(x!.shape)])];
};
