import { intAttribute, intsAttribute, type Node, stringAttribute } from '../graph.js';
import { normalizeAxis } from '../infer/rule.js';
import type { Layout } from './layout.js';
import { type Order, unmoved, withNew, without } from './permutation.js';

/** A node as it works on the sources of its transposed inputs, and the order of each output's axes. */
export interface Sunk {
  readonly node: Node;
  readonly orders: readonly Order[];
}

/** Moves a node before the Transpose of its first transposed input; `undefined` where it cannot be. */
export type Sink = (node: Node, order: Order, layout: Layout) => Sunk | undefined;

/** The axis counted from the front; throws where it lies outside, and the node then stays where it is. */
const place = normalizeAxis;

/** Every input is transposed alike, or a constant that broadcasts. */
const elementwise: Sink = (node, order, layout) => {
  const inputs = node.inputs.map((input) => (input ? layout.broadcastSource(input, order) : ''));
  if (inputs.includes(undefined)) return undefined;
  return { node: { ...node, inputs: inputs as string[] }, orders: node.outputs.map(() => order) };
};

/** Only the first input is data; the others are scalars whatever the layout. */
const first: Sink = (node, order, layout) => {
  const source = layout.source(node.inputs[0]!, order);
  if (!source || node.inputs.slice(1).some((input) => input && !layout.isScalar(input))) return undefined;
  return { node: { ...node, inputs: [source, ...node.inputs.slice(1)] }, orders: node.outputs.map(() => order) };
};

/** An `axis` attribute that is told in the source's axes; the inputs after the first stay. */
const byAxis =
  (fallback: number): Sink =>
  (node, order, layout) => {
    const source = layout.source(node.inputs[0]!, order);
    const axis = order[place(intAttribute(node.attributes, 'axis', fallback), order.length)];
    if (!source || axis === undefined || node.inputs.slice(1).some((input) => layout.isMoved(input))) return undefined;
    return {
      node: { ...node, inputs: [source, ...node.inputs.slice(1)], attributes: { ...node.attributes, axis } },
      orders: node.outputs.map(() => order),
    };
  };

/** Scale and zero point per tensor, or per position along `axis`. */
const quantize: Sink = (node, order, layout) =>
  node.inputs.slice(1).every((input) => !input || layout.isScalar(input))
    ? first(node, order, layout)
    : byAxis(1)(node, order, layout);

const concat: Sink = (node, order, layout) => {
  const inputs = node.inputs.map((input) => layout.sameRankSource(input, order));
  const axis = order[place(intAttribute(node.attributes, 'axis', 0), order.length)];
  if (axis === undefined || inputs.includes(undefined)) return undefined;
  return {
    node: { ...node, inputs: inputs as string[], attributes: { ...node.attributes, axis } },
    orders: [order],
  };
};

/** A constant input with one number for each axis, which is told in the source's axes. */
const perAxis =
  (...places: readonly number[]): Sink =>
  (node, order, layout) => {
    const source = layout.source(node.inputs[0]!, order);
    const inputs = node.inputs.map((input, i) => {
      if (i === 0) return source;
      return input && places.includes(i) ? layout.reorderedConstant(input, order) : input;
    });
    if (inputs.includes(undefined)) return undefined;
    return { node: { ...node, inputs: inputs as string[] }, orders: [order] };
  };

const resize: Sink = (node, order, layout) =>
  node.inputs[1] && stringAttribute(node.attributes, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize'
    ? undefined
    : perAxis(2, 3)({ ...node, inputs: node.inputs.map((input, i) => (i === 1 ? '' : input)) }, order, layout);

/** A shape as long as the input has axes; a shorter one is filled up from the front. */
const expand: Sink = (node, order, layout) => {
  const source = layout.source(node.inputs[0]!, order);
  const shape = layout.numbers(node.inputs[1]!);
  if (!source || !shape || shape.length > order.length) return undefined;
  const full = [...new Array<number>(order.length - shape.length).fill(1), ...shape];
  return { node: { ...node, inputs: [source, layout.ints(unmoved(full, order))] }, orders: [order] };
};

const pad: Sink = (node, order, layout) => {
  const source = layout.source(node.inputs[0]!, order);
  const pads = layout.numbers(node.inputs[1]!);
  const rank = order.length;
  if (!source || pads?.length !== 2 * rank || node.inputs[3]) return undefined;
  const moved = [...unmoved(pads.slice(0, rank), order), ...unmoved(pads.slice(rank), order)];
  return { node: { ...node, inputs: [source, layout.ints(moved), ...node.inputs.slice(2)] }, orders: [order] };
};

const slice: Sink = (node, order, layout) => {
  const [x, starts, ends, given, steps] = node.inputs;
  const source = layout.source(x!, order);
  const count = layout.numbers(starts!)?.length;
  const axes = given ? layout.numbers(given) : Array.from({ length: count ?? 0 }, (_, i) => i);
  if (!source || count === undefined || !axes) return undefined;
  const moved = layout.ints(axes.map((axis) => order[place(axis, order.length)]!));
  return {
    node: { ...node, inputs: [source, starts!, ends!, moved, ...(steps ? [steps] : [])] },
    orders: [order],
  };
};

/** Axes that go, or stay as 1, told as an attribute or as input 1. */
const reduce: Sink = (node, order, layout) => {
  const source = layout.source(node.inputs[0]!, order);
  const listed = node.inputs[1] ? layout.numbers(node.inputs[1]) : intsAttribute(node.attributes, 'axes');
  if (!source || (node.inputs[1] && !listed)) return undefined;
  if (!listed?.length && intAttribute(node.attributes, 'noop_with_empty_axes', 0) === 1) return undefined;
  const gone = listed?.length ? listed.map((axis) => place(axis, order.length)) : order.map((_, axis) => axis);
  const axes = gone.map((axis) => order[axis]!);
  const keeps = intAttribute(node.attributes, 'keepdims', 1) === 1;
  const moved = { ...node, inputs: node.inputs[1] ? [source, layout.ints(axes)] : [source] };
  const attributes = listed?.length && !node.inputs[1] ? { ...node.attributes, axes } : node.attributes;
  return { node: { ...moved, attributes }, orders: [keeps ? order : without(order, gone)] };
};

const argument: Sink = (node, order, layout) => {
  const sunk = byAxis(0)(node, order, layout);
  const axis = place(intAttribute(node.attributes, 'axis', 0), order.length);
  const keeps = intAttribute(node.attributes, 'keepdims', 1) === 1;
  return sunk && { node: sunk.node, orders: [keeps ? order : without(order, [axis])] };
};

const squeeze: Sink = (node, order, layout) => {
  const source = layout.source(node.inputs[0]!, order);
  const axes = node.inputs[1] ? layout.numbers(node.inputs[1])?.map((axis) => place(axis, order.length)) : undefined;
  if (!source || !axes) return undefined;
  const moved = layout.ints(axes.map((axis) => order[axis]!));
  return { node: { ...node, inputs: [source, moved] }, orders: [without(order, axes)] };
};

const unsqueeze: Sink = (node, order, layout) => {
  const source = layout.source(node.inputs[0]!, order);
  const given = layout.numbers(node.inputs[1]!);
  if (!source || !given) return undefined;
  const places = given.map((axis) => place(axis, order.length + given.length));
  return { node: { ...node, inputs: [source, layout.ints(places)] }, orders: [withNew(order, places)] };
};

/** Where only axes of length 1 were moved, the elements lie as before. */
const reshape: Sink = (node, order, layout) => {
  const [x, wanted] = node.inputs as [string, string | undefined];
  const source = layout.source(x, order);
  const shape = layout.shapeOf(x);
  const result = layout.shapeOf(node.outputs[0]!);
  if (!source || !shape || !result) return undefined;
  const long = order.filter((_, axis) => shape[axis] !== 1);
  if (long.some((axis, i) => i > 0 && axis < long[i - 1]!)) return undefined;
  // A 0 in the shape means an axis of the input, which is another one now.
  const target = wanted ? layout.numbers(wanted) : undefined;
  const moved = target && !target.includes(0) ? wanted! : layout.ints(result);
  return {
    node: { ...node, opType: 'Reshape', inputs: [source, moved], attributes: {} },
    orders: [result.map((_, axis) => axis)],
  };
};

const gather: Sink = (node, order, layout) => {
  const source = layout.source(node.inputs[0]!, order);
  const indices = layout.constant(node.inputs[1]!);
  const axis = place(intAttribute(node.attributes, 'axis', 0), order.length);
  if (!source || !indices || indices.shape.length > 1) return undefined;
  return {
    node: { ...node, inputs: [source, node.inputs[1]!], attributes: { ...node.attributes, axis: order[axis]! } },
    orders: [indices.shape.length === 1 ? order : without(order, [axis])],
  };
};

const named = (names: string, sink: Sink): [string, Sink][] => names.split(/\s+/).map((name) => [name, sink]);

/** How each operator of the standard moves before a Transpose. */
export const sinks: Readonly<Record<string, Sink>> = Object.fromEntries([
  ...named(
    `Abs Acos Acosh Asin Asinh Atan Atanh Cast Ceil Celu Cos Cosh Elu Erf Exp Floor HardSigmoid HardSwish Identity IsInf
    IsNaN LeakyRelu Log Neg Not Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Tan Tanh
    ThresholdedRelu Clip`,
    first,
  ),
  ...named(
    `Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor`,
    elementwise,
  ),
  ...named('ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd', reduce),
  ...named('ReduceSum ReduceSumSquare', reduce),
  ...named('ArgMax ArgMin', argument),
  ...named('LogSoftmax Softmax TopK', byAxis(-1)),
  ...named('DequantizeLinear QuantizeLinear', quantize),
  ...named('Flatten Reshape', reshape),
  ['Concat', concat],
  ['Expand', expand],
  ['Gather', gather],
  ['Pad', pad],
  ['Resize', resize],
  ['Slice', slice],
  ['Split', byAxis(0)],
  ['Squeeze', squeeze],
  ['Tile', perAxis(1)],
  ['Unsqueeze', unsqueeze],
]);
