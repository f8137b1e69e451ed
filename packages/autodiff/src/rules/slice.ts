import { normalizeAxis, numbersOf, OnnxError } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d Slice: the gradient padded with zeros to where it was cut from (steps of 1). */
export const slice: GradientRule = ({ graph, node, inputs: [x, starts, , axes, steps], gradients: [g] }) => {
  if (steps && numbersOf(graph.tensorOf(steps)!).some((step) => step !== 1))
    throw new OnnxError(
      'unsupported_gradient',
      `Slice "${node.name}" has steps other than 1, which has no gradient yet.`,
    );
  const rank = x!.shape.length;
  const first = numbersOf(graph.tensorOf(starts)!);
  const along = axes ? numbersOf(graph.tensorOf(axes)!) : first.map((_, i) => i);
  const pads = new Array<number>(2 * rank).fill(0);
  along.forEach((given, i) => {
    const axis = normalizeAxis(given, rank);
    const length = x!.shape[axis]!;
    const start = Math.min(Math.max(first[i]! < 0 ? first[i]! + length : first[i]!, 0), length);
    pads[axis] = start;
    pads[axis + rank] = length - start - g!.shape[axis]!;
  });
  return [graph.node('Pad', [g!, graph.ints(pads)])];
};
