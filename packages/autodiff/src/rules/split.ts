import { intAttribute, normalizeAxis } from '@fovea/onnx';
import { filled } from '../broadcast.js';
import { embedded } from '../cutout.js';
import type { GradientRule } from '../rule.js';

/** d Split: the gradients of the parts, joined; zeros for a part that does not reach the loss. */
export const split: GradientRule = ({ graph, node, inputs: [x], outputs, gradients }) => {
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 0), x!.shape.length);
  const sizes = outputs.map((output) => output.shape[axis]!);
  const used = gradients.flatMap((g, i) => (g ? [i] : []));
  const only = used.length === 1 ? used[0]! : undefined;
  if (only !== undefined) {
    const start = sizes.slice(0, only).reduce((total, size) => total + size, 0);
    const before = x!.shape.map((_, i) => (i === axis ? start : 0));
    return [embedded(graph, gradients[only]!, before, x!.shape), null];
  }
  const parts = gradients.map((g, i) => g ?? filled(graph, x!.dtype, outputs[i]!.shape, 0));
  return [graph.node('Concat', parts, { axis }), null];
};
