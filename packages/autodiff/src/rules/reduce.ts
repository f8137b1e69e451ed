import { intAttribute, intsAttribute, normalizeAxis, numbersOf, sizeOf, type Value } from '@fovea/onnx';
import { reshape } from '../broadcast.js';
import type { GradientContext, GradientRule } from '../rule.js';

/** The output (or its gradient) with the reduced axes put back as size 1, so that it broadcasts over the input. */
function restored({ graph, node, inputs: [x, axesInput] }: GradientContext, value: Value): Value {
  if (intAttribute(node.attributes, 'keepdims', 1) === 1) return value;
  const given =
    intsAttribute(node.attributes, 'axes') ??
    (axesInput ? numbersOf(graph.tensorOf(axesInput)!) : x!.shape.map((_, i) => i));
  const axes = new Set(given.map((axis) => normalizeAxis(axis, x!.shape.length)));
  return reshape(
    graph,
    value,
    x!.shape.map((length, axis) => (axes.has(axis) ? 1 : length)),
  );
}

/** d ReduceSum: the gradient, repeated. */
export const reduceSum: GradientRule = (context) => {
  const { graph, inputs, gradients } = context;
  return [graph.node('Expand', [restored(context, gradients[0]!), graph.ints(inputs[0]!.shape)]), null];
};

/** d ReduceMean: the gradient over the count, repeated. */
export const reduceMean: GradientRule = (context) => {
  const { graph, inputs, outputs, gradients } = context;
  const share = sizeOf(outputs[0]!.shape) / sizeOf(inputs[0]!.shape);
  const scaled = graph.node('Mul', [restored(context, gradients[0]!), graph.scalar(share, inputs[0]!.dtype)]);
  return [graph.node('Expand', [scaled, graph.ints(inputs[0]!.shape)])];
};

/** d ReduceMax and d ReduceMin: to the extreme elements; each of several equal ones gets the whole gradient. */
export const reduceExtremum: GradientRule = (context) => {
  const { graph, inputs, outputs, gradients } = context;
  const chosen = graph.node('Equal', [inputs[0]!, restored(context, outputs[0]!)]);
  return [graph.node('Where', [chosen, restored(context, gradients[0]!), graph.scalar(0, inputs[0]!.dtype)])];
};
