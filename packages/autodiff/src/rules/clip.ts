import { numbersOf } from '@fovea/onnx';
import { castTo, reshape, sumOver } from '../broadcast.js';
import type { GradientRule } from '../rule.js';
import { between, positive } from '../step.js';

/**
 * d Clip: g where the output lies between the bounds, 0 elsewhere; to a bound that is trained, what was clipped to it.
 * Looks at the output only, so that the input need not be kept, and can be computed in place or inside a Conv.
 */
export const clip: GradientRule = ({ graph, inputs: [x, low, high], outputs: [y], gradients: [g], needs }) => {
  const known = graph.tensorOf(low);
  const atZero = !high && known && numbersOf(known)[0] === 0;
  const inside = () => (atZero ? positive(graph, y!) : between(graph, y!, low ?? null, high ?? null));
  const all = [...y!.shape.keys()];
  const clipped = (test: string, bound: typeof low) => {
    const mask = castTo(graph, graph.node(test, [x!, bound!]), g!.dtype);
    return reshape(graph, sumOver(graph, graph.node('Mul', [g!, mask]), all), bound!.shape);
  };
  return [
    needs[0] ? (low || high ? graph.node('Mul', [g!, inside()]) : g!) : null,
    low && needs[1] ? clipped('Less', low) : null,
    high && needs[2] ? clipped('Greater', high) : null,
  ];
};
