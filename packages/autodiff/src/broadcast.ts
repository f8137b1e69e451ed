import type { GraphBuilder, Shape, Value } from '@fovea/onnx';

/** Sums over `axes`, kept as size 1. As a mean times the count: ONNX Runtime's ReduceMean is much the faster one. */
export function sumOver(graph: GraphBuilder, value: Value, axes: readonly number[]): Value {
  const kept = axes.filter((axis) => value.shape[axis] !== 1);
  if (kept.length === 0) return value;
  const count = kept.reduce((product, axis) => product * value.shape[axis]!, 1);
  if (count === 0) return graph.node('ReduceSum', [value, graph.ints(kept)], { keepdims: 1 });
  const mean = graph.node('ReduceMean', [value], { axes: kept, keepdims: 1 });
  return graph.node('Mul', [mean, graph.scalar(count, value.dtype)]);
}

/** Undoes NumPy broadcasting: sums `gradient` down to `shape`. */
export function sumTo(graph: GraphBuilder, gradient: Value, shape: Shape): Value {
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((length, axis) =>
    axis < extra || (shape[axis - extra] === 1 && length !== 1) ? [axis] : [],
  );
  if (axes.length === 0) return gradient;
  const summed = sumOver(graph, gradient, axes);
  return extra === 0 ? summed : graph.node('Reshape', [summed, graph.ints(shape)]);
}

/** `value` reshaped, or itself where it has that shape. */
export function reshape(graph: GraphBuilder, value: Value, shape: Shape): Value {
  const same = value.shape.length === shape.length && value.shape.every((length, axis) => length === shape[axis]);
  return same ? value : graph.node('Reshape', [value, graph.ints(shape)]);
}
