import { castTo, reshape, sumTo } from '../broadcast.js';
import { centred, scaleAndZero, scaleShape } from '../quantization.js';
import type { GradientRule } from '../rule.js';

/** d DequantizeLinear, (q - zero) scale: g scale, as if q were a real number; of the scale sum(g (q - zero)). */
export const dequantizeLinear: GradientRule = (context) => {
  const {
    graph,
    inputs: [q, given],
    gradients: [g],
    needs,
  } = context;
  const { scale, zero } = scaleAndZero(context);
  const ofScale = () => {
    const number = centred(graph, castTo(graph, q!, g!.dtype), zero);
    return reshape(graph, sumTo(graph, graph.node('Mul', [g!, number]), scaleShape(context)), given!.shape);
  };
  return [needs[0] ? graph.node('Mul', [g!, scale]) : null, needs[1] ? ofScale() : null, null];
};
