import type { GraphBuilder, Value } from '@fovea/onnx';

/** `x` over its Euclidean length along the last axis; what is shorter than 1e-6 is only scaled up, never NaN. */
export function unitLength(graph: GraphBuilder, x: Value): Value {
  const last = x.shape.length - 1;
  const squares = graph.node('ReduceSum', [graph.node('Mul', [x, x]), graph.ints([last])], { keepdims: 1 });
  const length = graph.node('Sqrt', [graph.node('Max', [squares, graph.scalar(1e-12)])]);
  return graph.node('Div', [x, length]);
}

/** Inner products of the rows of a [N, D] with those of b [M, D]: [N, M]. */
export function innerProducts(graph: GraphBuilder, a: Value, b: Value): Value {
  return graph.node('MatMul', [a, graph.node('Transpose', [b], { perm: [1, 0] })]);
}
