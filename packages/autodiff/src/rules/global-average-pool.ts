import { sizeOf } from '@fovea/onnx';
import { scaled } from '../broadcast.js';
import { repeated } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d GlobalAveragePool: the gradient over the number of pixels, repeated. */
export const globalAveragePool: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => [
  repeated(graph, scaled(graph, g!, 1 / sizeOf(x!.shape.slice(2))), x!.shape),
];
