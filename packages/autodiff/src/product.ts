import { float, type GraphBuilder, type Value } from '@fovea/onnx';
import { scaled } from './broadcast.js';

/** The last two axes swapped. */
export function swapped(graph: GraphBuilder, value: Value): Value {
  const rank = value.shape.length;
  const perm = value.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return graph.node('Transpose', [value], { perm });
}

/** `alpha` A B of matrices or batches of them, either transposed: in float32 without copying the transposed one. */
export function product(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  { transA = false, transB = false, alpha = 1 } = {},
): Value {
  if (!transA && !transB && alpha === 1) return graph.node('MatMul', [a, b]);
  // ONNX Runtime's FusedMatMul has a float32 kernel only.
  if (a.dtype === 'float32') {
    const attributes = { transA: Number(transA), transB: Number(transB), alpha: float(alpha) };
    return graph.node('FusedMatMul', [a, b], attributes, 'com.microsoft');
  }
  const left = transA ? swapped(graph, a) : a;
  const right = transB ? swapped(graph, b) : b;
  return scaled(graph, graph.node('MatMul', [left, right]), alpha);
}

/** `value` multiplied along one axis by a matrix [out, in]: y[…, i, …] = sum_j matrix[i, j] value[…, j, …]. */
export function alongAxis(graph: GraphBuilder, value: Value, axis: number, matrix: Value): Value {
  const rank = value.shape.length;
  if (axis === rank - 1) return product(graph, value, matrix, { transB: true });
  if (axis === rank - 2) return graph.node('MatMul', [matrix, value]);
  const before = value.shape.slice(0, axis);
  const after = value.shape.slice(axis + 1);
  const size = (shape: readonly number[]) => shape.reduce((total, length) => total * length, 1);
  const flat = graph.node('Reshape', [value, graph.ints([size(before), value.shape[axis]!, size(after)])]);
  const result = graph.node('MatMul', [matrix, flat]);
  return graph.node('Reshape', [result, graph.ints([...before, matrix.shape[0]!, ...after])]);
}
