import { OnnxError, stringAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d Resize (nearest, asymmetric, whole factors up): each input pixel gets the sum of the block it was repeated into. */
export const resize: GradientRule = ({ graph, node, inputs: [x], outputs: [y], gradients: [g] }) => {
  const factors = y!.shape.map((length, axis) => length / x!.shape[axis]!);
  const supported =
    stringAttribute(node.attributes, 'mode', 'nearest') === 'nearest' &&
    stringAttribute(node.attributes, 'coordinate_transformation_mode', 'half_pixel') === 'asymmetric' &&
    factors.length === 4 &&
    factors[0] === 1 &&
    factors[1] === 1 &&
    factors.every(Number.isInteger);
  if (!supported)
    throw new OnnxError(
      'unsupported_gradient',
      `Resize "${node.name}" has no gradient yet: it must be nearest, asymmetric, and enlarge height and width by whole factors.`,
    );
  const kernel = factors.slice(2);
  const mean = graph.node('AveragePool', [g!], { kernel_shape: kernel, strides: kernel });
  return [graph.node('Mul', [mean, graph.scalar(kernel[0]! * kernel[1]!, g!.dtype)])];
};
