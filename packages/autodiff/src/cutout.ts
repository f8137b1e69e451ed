import { type GraphBuilder, type Shape, sizeOf, type Value } from '@fovea/onnx';
import { filled, reshape } from './broadcast.js';

/** `value` with zeros around it: `before[axis]` in front along each axis, and behind up to `shape`. */
export function embedded(graph: GraphBuilder, value: Value, before: readonly number[], shape: Shape): Value {
  const after = shape.map((length, axis) => length - before[axis]! - value.shape[axis]!);
  if ([...before, ...after].every((pad) => pad === 0)) return value;
  // ONNX Runtime does not pad what is empty.
  if (sizeOf(value.shape) === 0) return filled(graph, value.dtype, shape, 0);
  return graph.node('Pad', [value, graph.ints([...before, ...after])]);
}

/** Elements `start` up to `end` along one axis. */
export function cut(graph: GraphBuilder, value: Value, axis: number, start: number, end: number): Value {
  if (start === 0 && end === value.shape[axis]) return value;
  return graph.node('Slice', [value, graph.ints([start]), graph.ints([end]), graph.ints([axis])]);
}

/** The elements along `axes` in reverse order. */
export function reversed(graph: GraphBuilder, value: Value, axes: readonly number[]): Value {
  const turned = axes.filter((axis) => value.shape[axis]! > 1);
  if (turned.length === 0) return value;
  const same = (number: number) => graph.ints(turned.map(() => number));
  return graph.node('Slice', [value, same(-1), same(-(2 ** 31)), graph.ints(turned), same(-1)]);
}

/** Each element followed by `factors[axis] - 1` zeros along each axis. */
export function spread(graph: GraphBuilder, value: Value, factors: readonly number[]): Value {
  if (factors.every((factor) => factor === 1)) return value;
  const split = value.shape.flatMap((length, axis) => (factors[axis] === 1 ? [length] : [length, 1]));
  const padded = value.shape.flatMap((length, axis) => (factors[axis] === 1 ? [length] : [length, factors[axis]!]));
  const result = embedded(
    graph,
    reshape(graph, value, split),
    split.map(() => 0),
    padded,
  );
  return reshape(
    graph,
    result,
    value.shape.map((length, axis) => length * factors[axis]!),
  );
}
