import type { GraphBuilder, Value } from '@fovea/onnx';
import { scaled, sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** Whether `gate` is the sigmoid of `x`. */
const isSigmoidOf = (graph: GraphBuilder, gate: Value, x: Value): boolean =>
  graph.nodes.some(
    ({ opType, inputs, outputs }) => opType === 'Sigmoid' && inputs[0] === x.name && outputs[0] === gate.name,
  );

/**
 * d(a b): g b and g a. Two products that networks are full of have shorter gradients: a square, 2 g a, and the SiLU
 * y = x s with s = sigmoid(x), g (s + y (1 - s)) = g (y + s (1 - y)), all of it to x.
 */
export const mul: GradientRule = ({ graph, inputs: [a, b], outputs: [y], gradients: [g], needs }) => {
  if (a!.name === b!.name) return [graph.node('Mul', [g!, scaled(graph, a!, 2)]), null];
  if (needs[0] && needs[1])
    for (const [x, gate, isFirst] of [
      [a!, b!, true],
      [b!, a!, false],
    ] as const) {
      if (!isSigmoidOf(graph, gate, x)) continue;
      const rest = graph.node('Mul', [gate, graph.node('Sub', [graph.scalar(1, y!.dtype), y!])]);
      const gradient = graph.node('Mul', [g!, graph.node('Add', [y!, rest])]);
      return isFirst ? [gradient, null] : [null, gradient];
    }
  return [
    needs[0] ? sumTo(graph, graph.node('Mul', [g!, b!]), a!.shape) : null,
    needs[1] ? sumTo(graph, graph.node('Mul', [g!, a!]), b!.shape) : null,
  ];
};
