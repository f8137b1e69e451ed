import { numbersOf, OnnxError, stringAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d Pad (constant mode): the gradient without the border. */
export const pad: GradientRule = ({ graph, node, inputs: [x, pads], gradients: [g] }) => {
  if (stringAttribute(node.attributes, 'mode', 'constant') !== 'constant')
    throw new OnnxError('unsupported_gradient', `Pad "${node.name}" repeats its border, which has no gradient yet.`);
  const rank = x!.shape.length;
  const begins = numbersOf(graph.tensorOf(pads)!).slice(0, rank);
  const ends = begins.map((begin, axis) => begin + x!.shape[axis]!);
  return [graph.node('Slice', [g!, graph.ints(begins), graph.ints(ends), graph.ints(begins.map((_, i) => i))])];
};
