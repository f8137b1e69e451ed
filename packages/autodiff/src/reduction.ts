import {
  type GraphBuilder,
  intAttribute,
  intsAttribute,
  normalizeAxis,
  numbersOf,
  type Shape,
  type Value,
} from '@fovea/onnx';
import { castTo, reshape } from './broadcast.js';
import type { GradientContext, GradientRule } from './rule.js';

/** The axes a Reduce node reduces, from its attribute or its second input; none where it is told to do nothing. */
export function reducedAxes({ graph, node, inputs: [x, axes] }: GradientContext): number[] {
  const given = intsAttribute(node.attributes, 'axes') ?? (axes ? numbersOf(graph.tensorOf(axes)!) : []);
  if (given.length > 0) return given.map((axis) => normalizeAxis(axis, x!.shape.length));
  return intAttribute(node.attributes, 'noop_with_empty_axes', 0) === 1 ? [] : [...x!.shape.keys()];
}

/** The shape of a Reduce node's output with the reduced axes kept as size 1. */
export function keptShape(context: GradientContext): Shape {
  const axes = reducedAxes(context);
  return context.inputs[0]!.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}

/** The output (or its gradient) with the reduced axes put back as size 1, so that it broadcasts over the input. */
export function restored(context: GradientContext, value: Value): Value {
  return reshape(context.graph, value, keptShape(context));
}

/** `value` repeated to a shape it broadcasts to. */
export function repeated(graph: GraphBuilder, value: Value, shape: Shape): Value {
  const same = value.shape.every((length, axis) => length === shape[axis]);
  return same ? value : graph.node('Expand', [value, graph.ints(shape)]);
}

/** `g` to the elements of `x` equal to `y`, in equal shares where several along `axes` are. */
export function sharedAmongEqual(graph: GraphBuilder, x: Value, y: Value, g: Value, axes: readonly number[]): Value {
  const chosen = castTo(graph, graph.node('Equal', [x, y]), x.dtype);
  if (axes.length === 0) return graph.node('Mul', [chosen, g]);
  const count = graph.node('ReduceSum', [chosen, graph.ints(axes)], { keepdims: 1 });
  return graph.node('Mul', [chosen, graph.node('Div', [g, count])]);
}

/** d ReduceMax and d ReduceMin: to the extreme elements, in equal shares where several are. */
export const reduceExtremum: GradientRule = (context) => {
  const [x] = context.inputs;
  const y = restored(context, context.outputs[0]!);
  const g = restored(context, context.gradients[0]!);
  return [sharedAmongEqual(context.graph, x!, y, g, reducedAxes(context)), null];
};
