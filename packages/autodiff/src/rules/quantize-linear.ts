import { castTo, reshape, sumTo } from '../broadcast.js';
import { centred, limitsOf, scaleAndZero, scaleShape } from '../quantization.js';
import type { GradientRule } from '../rule.js';

/**
 * d QuantizeLinear, straight-through: rounding is taken for the identity, so g / scale where x / scale lies in the
 * type's range, 0 where it is clipped (Jacob et al. 2018, arXiv:1712.05877); of the scale -g x / scale^2 there. With
 * DequantizeLinear's, that is the learned step size of Esser et al. 2020 (arXiv:1902.08153). The gradient of the
 * quantized output is a real number, as DequantizeLinear's rule gives it.
 */
export const quantizeLinear: GradientRule = (context) => {
  const {
    graph,
    inputs: [x, given],
    outputs: [q],
    gradients: [g],
    needs,
  } = context;
  const { scale, zero } = scaleAndZero(context);
  const steps = graph.node('Div', [x!, scale]);
  const limits = limitsOf(q!.dtype);
  const share = graph.node('Div', [g!, scale]);
  let result = share;
  if (limits) {
    const bound = (limit: number) => centred(graph, graph.scalar(limit, x!.dtype), zero);
    const above = graph.node('GreaterOrEqual', [steps, bound(limits[0])]);
    const below = graph.node('LessOrEqual', [steps, bound(limits[1])]);
    result = graph.node('Mul', [share, castTo(graph, graph.node('And', [above, below]), x!.dtype)]);
  }
  const ofScale = () => {
    const summed = sumTo(graph, graph.node('Mul', [result, steps]), scaleShape(context));
    return graph.node('Neg', [reshape(graph, summed, given!.shape)]);
  };
  return [needs[0] ? result : null, needs[1] ? ofScale() : null, null];
};
