import { dtypeNumbers } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d Cast: the gradient, cast back; none to or from what is not a floating-point type. */
export const cast: GradientRule = ({ graph, inputs: [x], outputs: [y], gradients: [g] }) =>
  x!.dtype.startsWith('float') && y!.dtype.startsWith('float')
    ? [graph.node('Cast', [g!], { to: dtypeNumbers[x!.dtype] })]
    : [null];
