import type { GraphBuilder, Value } from '@fovea/onnx';

/** What a convolution slides over its spatial axes; pads are all begins, then all ends. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly group: number;
}

/** `value` from `start` to `end` of one axis; itself where that is all of it. */
export function cut(graph: GraphBuilder, value: Value, axis: number, start: number, end: number): Value {
  if (start === 0 && end === value.shape[axis]) return value;
  return graph.node('Slice', [value, graph.ints([start]), graph.ints([end]), graph.ints([axis])]);
}
