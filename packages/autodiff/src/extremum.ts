import type { Value } from '@fovea/onnx';
import { castTo, sumTo } from './broadcast.js';
import type { GradientContext } from './rule.js';

/**
 * d Min and d Max: the gradient goes to the input that was chosen. Of two equal ones the first gets it, or the one it
 * is wanted for; of more than two, each equal one gets an equal share. All are subgradients.
 */
export function extremum(
  { graph, inputs, outputs: [y], gradients: [g], needs }: GradientContext,
  chosen: 'GreaterOrEqual' | 'LessOrEqual',
): (Value | null)[] {
  const summed = (gradient: Value, i: number) => sumTo(graph, gradient, inputs[i]!.shape);
  if (inputs.length === 1) return [g!];
  if (inputs.length === 2) {
    const first = needs[0] ? 0 : 1;
    const mask = castTo(graph, graph.node(chosen, [inputs[first]!, inputs[1 - first]!]), g!.dtype);
    const share = graph.node('Mul', [g!, mask]);
    if (!needs[0]) return [null, summed(share, 1)];
    return [summed(share, 0), needs[1] ? summed(graph.node('Sub', [g!, share]), 1) : null];
  }
  const masks = inputs.map((input) => castTo(graph, graph.node('Equal', [input!, y!]), g!.dtype));
  const share = graph.node('Div', [g!, graph.node('Sum', masks)]);
  return inputs.map((_, i) => (needs[i] ? summed(graph.node('Mul', [share, masks[i]!]), i) : null));
}
