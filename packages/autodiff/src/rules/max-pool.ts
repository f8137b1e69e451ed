import { type Attributes, allocate, sizeOf } from '@fovea/onnx';
import { reshape } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d MaxPool: each gradient goes back to the position its maximum came from (the operator's second output). */
export const maxPool: GradientRule = ({ graph, node, inputs: [x], gradients: [g] }) => {
  const attributes: Attributes = { ...node.attributes, storage_order: 0 };
  const [, indices] = graph.nodesOf('MaxPool', [x!], attributes, 2);
  const size = sizeOf(x!.shape);
  const zeros = graph.constant({ dtype: x!.dtype, shape: [size], data: allocate(x!.dtype, size) });
  const flat = (value: typeof g) => reshape(graph, value!, [sizeOf(value!.shape)]);
  const scattered = graph.node('ScatterElements', [zeros, flat(indices!), flat(g!)], { axis: 0, reduction: 'add' });
  return [reshape(graph, scattered, x!.shape)];
};
