import { numbersOf, type Tensor } from '@fovea/onnx';
import { castTo, scaled, sumTo } from '../broadcast.js';
import type { GradientContext, GradientRule } from '../rule.js';

/** The one number an exponent is, if it is a constant of one number. */
const numberOf = (tensor: Tensor | undefined) => (tensor?.data.length === 1 ? numbersOf(tensor)[0] : undefined);

/** b a^(b - 1), 0 where b is. */
function slope({ graph, inputs: [a, given], outputs: [y] }: GradientContext) {
  const exponent = numberOf(graph.tensorOf(given));
  if (exponent === 2) return scaled(graph, a!, 2);
  if (exponent === 0.5) return graph.node('Div', [graph.scalar(0.5, a!.dtype), y!]);
  if (exponent !== undefined && exponent !== 0) {
    const power = graph.node('Pow', [a!, graph.scalar(exponent - 1, a!.dtype)]);
    return scaled(graph, power, exponent);
  }
  const b = castTo(graph, given!, a!.dtype);
  const power = graph.node('Pow', [a!, graph.node('Sub', [b, graph.scalar(1, b.dtype)])]);
  const zero = graph.scalar(0, b.dtype);
  return graph.node('Where', [graph.node('Equal', [b, zero]), zero, graph.node('Mul', [b, power])]);
}

/** d(a^b): g b a^(b-1) for the base; g a^b ln a for the exponent, 0 where a is not positive. */
export const pow: GradientRule = (context) => {
  const {
    graph,
    inputs: [a, b],
    outputs: [y],
    gradients: [g],
    needs,
  } = context;
  const one = numberOf(graph.tensorOf(b)) === 1;
  const base = () => (one ? g! : graph.node('Mul', [g!, slope(context)]));
  const logarithm = () => {
    const above = graph.node('Greater', [a!, graph.scalar(0, a!.dtype)]);
    return graph.node('Where', [above, graph.node('Log', [a!]), graph.scalar(0, a!.dtype)]);
  };
  const exponent = () => graph.node('Mul', [g!, graph.node('Mul', [y!, logarithm()])]);
  return [
    needs[0] ? sumTo(graph, base(), a!.shape) : null,
    needs[1] && b!.dtype.startsWith('float') ? castTo(graph, sumTo(graph, exponent(), b!.shape), b!.dtype) : null,
  ];
};
