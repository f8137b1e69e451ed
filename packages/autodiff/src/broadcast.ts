import {
  allocate,
  type DType,
  dtypeNumbers,
  type GraphBuilder,
  type Shape,
  sizeOf,
  tensorOf,
  type Value,
} from '@fovea/onnx';

/** Sums over `axes`, kept as size 1. */
export function sumOver(graph: GraphBuilder, value: Value, axes: readonly number[]): Value {
  const kept = axes.filter((axis) => value.shape[axis] !== 1);
  return kept.length === 0 ? value : graph.node('ReduceSum', [value, graph.ints(kept)], { keepdims: 1 });
}

/** Undoes NumPy broadcasting: sums `gradient` down to `shape`. */
export function sumTo(graph: GraphBuilder, gradient: Value, shape: Shape): Value {
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((length, axis) =>
    axis < extra || (shape[axis - extra] === 1 && length !== 1) ? [axis] : [],
  );
  if (axes.length === 0) return gradient;
  return reshape(graph, sumOver(graph, gradient, axes), shape);
}

/** `value` reshaped, or itself where it has that shape. */
export function reshape(graph: GraphBuilder, value: Value, shape: Shape): Value {
  const same = value.shape.length === shape.length && value.shape.every((length, axis) => length === shape[axis]);
  if (same) return value;
  // A 0 in Reshape's input copies the axis of the data, unless `allowzero` says that it is meant.
  return graph.node('Reshape', [value, graph.ints(shape)], shape.includes(0) ? { allowzero: 1 } : {});
}

/** A tensor of one number; a large one is made by the runtime, so that it takes no room in the model. */
export function filled(graph: GraphBuilder, dtype: DType, shape: Shape, value: number): Value {
  const size = sizeOf(shape);
  if (size > 4096) return graph.node('ConstantOfShape', [graph.ints(shape)], { value: tensorOf(dtype, [value]) });
  return graph.constant({ dtype, shape, data: (allocate(dtype, size) as Float32Array).fill(value) });
}

/** `value` cast, or itself where it has that type. */
export function castTo(graph: GraphBuilder, value: Value, dtype: DType): Value {
  return value.dtype === dtype ? value : graph.node('Cast', [value], { to: dtypeNumbers[dtype] });
}

/** `value` times a number. */
export function scaled(graph: GraphBuilder, value: Value, factor: number): Value {
  return factor === 1 ? value : graph.node('Mul', [value, graph.scalar(factor, value.dtype)]);
}
