import { castTo, sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d Where: g to the branch that was chosen. */
export const where: GradientRule = ({ graph, inputs: [condition, a, b], gradients: [g], needs }) => {
  // ONNX Runtime's Where takes three passes; a product with the condition, two.
  const chosen = castTo(graph, condition!, g!.dtype);
  const rest = () => graph.node('Sub', [graph.scalar(1, g!.dtype), chosen]);
  return [
    null,
    needs[1] ? sumTo(graph, graph.node('Mul', [g!, chosen]), a!.shape) : null,
    needs[2] ? sumTo(graph, graph.node('Mul', [g!, rest()]), b!.shape) : null,
  ];
};
