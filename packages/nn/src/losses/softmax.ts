import type { GraphBuilder, Value } from '@fovea/onnx';

/** Logits less about their maximum over axis 1, their exponentials, [N, C, ...] both, and the sum of these, [N, 1, ...]. */
export interface ShiftedLogits {
  readonly shifted: Value;
  readonly exponentials: Value;
  readonly sum: Value;
}

/**
 * What softmax over axis 1 of [N, C, ...] is made of, without overflow: exp(z - m) and its sum, m being the maximum,
 * rounded. Any shift gives the same softmax, and Round keeps the gradient from going through the maximum too.
 *
 * ONNX Runtime's own kernels transpose where the classes are not the last axis, and take two to four times as long.
 */
export function shiftedLogits(graph: GraphBuilder, logits: Value): ShiftedLogits {
  const top = graph.node('Round', [graph.node('ReduceMax', [logits], { axes: [1], keepdims: 1 })]);
  const shifted = graph.node('Sub', [logits, top]);
  const exponentials = graph.node('Exp', [shifted]);
  return { shifted, exponentials, sum: graph.node('ReduceSum', [exponentials, graph.ints([1])], { keepdims: 1 }) };
}

/** Softmax over axis 1 of [N, C, ...]. */
export function softmax(graph: GraphBuilder, logits: Value): Value {
  if (logits.shape.length === 2) return graph.node('Softmax', [logits], { axis: 1 });
  const { exponentials, sum } = shiftedLogits(graph, logits);
  return graph.node('Div', [exponentials, sum]);
}

/** The logarithm of softmax over axis 1 of [N, C, ...]. */
export function logSoftmax(graph: GraphBuilder, logits: Value): Value {
  if (logits.shape.length === 2) return graph.node('LogSoftmax', [logits], { axis: 1 });
  const { shifted, sum } = shiftedLogits(graph, logits);
  return graph.node('Sub', [shifted, graph.node('Log', [sum])]);
}
