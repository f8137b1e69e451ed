import { allocate, intAttribute, sizeOf } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d Split: the gradients of the parts, joined; zeros for a part that does not reach the loss. */
export const split: GradientRule = ({ graph, node, outputs, gradients }) => {
  const parts = gradients.map(
    (g, i) =>
      g ??
      graph.constant({
        dtype: outputs[i]!.dtype,
        shape: outputs[i]!.shape,
        data: allocate(outputs[i]!.dtype, sizeOf(outputs[i]!.shape)),
      }),
  );
  return [graph.node('Concat', parts, { axis: intAttribute(node.attributes, 'axis', 0) }), null];
};
