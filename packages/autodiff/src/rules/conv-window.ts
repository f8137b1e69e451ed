import type { GraphBuilder, Shape, Value } from '@fovea/onnx';
import { reshape } from '../broadcast.js';

/** What a convolution slides over its spatial axes; pads are all begins, then all ends. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly group: number;
}

/** A convolution computed another way than by Conv, with intermediate tensors that its gradients use again: nothing is added to the graph until it is asked for. */
export interface RestatedConv {
  output(): Value;
  inputGradient(g: Value): Value;
  weightGradient(g: Value): Value;
}

/** `value` from `start` to `end` of one axis; itself where that is all of it. */
export function cut(graph: GraphBuilder, value: Value, axis: number, start: number, end: number): Value {
  if (start === 0 && end === value.shape[axis]) return value;
  return graph.node('Slice', [value, graph.ints([start]), graph.ints([end]), graph.ints([axis])]);
}

/** Whether each channel is convolved by itself, into one. */
export function isDepthwise(x: Value, w: Value, { group }: Window): boolean {
  return group > 1 && group === w.shape[0] && group === x.shape[1];
}

/** Stacks taps [K, C], one per place of the window in row-major order, into weights [K, C, kh, kw]. */
export function stackTaps(graph: GraphBuilder, taps: readonly Value[], shape: Shape): Value {
  const [k, c] = shape as [number, number];
  const rows = taps.map((tap) => reshape(graph, tap, [1, k, c]));
  const joined = graph.node('Concat', rows, { axis: 0 });
  return reshape(graph, graph.node('Transpose', [joined], { perm: [1, 2, 0] }), shape);
}

/** `make` at its first call; what it made at all others. */
export function once<A extends unknown[], R>(make: (...args: A) => R): (...args: A) => R {
  let made: { readonly value: R } | undefined;
  return (...args) => {
    made ??= { value: make(...args) };
    return made.value;
  };
}
