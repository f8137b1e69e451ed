import { OnnxError } from '../error.js';
import { intAttribute, intsAttribute } from '../graph.js';
import { numbersOf, type Shape, sizeOf } from '../tensor.js';
import {
  broadcastShapes,
  constantOf,
  type InferenceRule,
  inputOf,
  mismatch,
  type NodeContext,
  normalizeAxis,
} from './rule.js';

/** The constant of input `index` or, in older operator sets, of attribute `name`. */
function axesOf(context: NodeContext, index: number, name = 'axes'): readonly number[] | undefined {
  return intsAttribute(context.attributes, name) ?? constantOf(context, index);
}

const reduce: InferenceRule = (context) => {
  const x = inputOf(context, 0);
  const given = axesOf(context, 1);
  if (!given?.length && intAttribute(context.attributes, 'noop_with_empty_axes', 0) === 1)
    return [{ dtype: x.dtype, shape: x.shape }];
  const axes = new Set((given?.length ? given : x.shape.map((_, i) => i)).map((a) => normalizeAxis(a, x.shape.length)));
  const keep = intAttribute(context.attributes, 'keepdims', 1) === 1;
  const shape = x.shape.flatMap((length, axis) => (axes.has(axis) ? (keep ? [1] : []) : [length]));
  return [{ dtype: x.dtype, shape }];
};

const argument: InferenceRule = (context) => {
  const x = inputOf(context, 0);
  const axis = normalizeAxis(intAttribute(context.attributes, 'axis', 0), x.shape.length);
  const keep = intAttribute(context.attributes, 'keepdims', 1) === 1;
  return [{ dtype: 'int64', shape: x.shape.flatMap((n, i) => (i === axis ? (keep ? [1] : []) : [n])) }];
};

/** Operators that move, join, cut or reduce. */
export const arrange: Record<string, InferenceRule> = {
  ...Object.fromEntries(
    ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSumExp', 'SumSquare'].map((name) => [
      `Reduce${name}`,
      reduce,
    ]),
  ),
  ArgMax: argument,
  ArgMin: argument,
  Reshape: (context) => {
    const x = inputOf(context, 0);
    const wanted = constantOf(context, 1)!;
    const shape = wanted.map((length, axis) => (length === 0 ? (x.shape[axis] ?? 0) : length));
    const rest = shape.indexOf(-1);
    if (rest >= 0) shape[rest] = sizeOf(x.shape) / -sizeOf(shape);
    if (sizeOf(shape) !== sizeOf(x.shape) || !shape.every(Number.isInteger))
      throw mismatch(context, `they cannot be reshaped to [${wanted}]`);
    return [{ dtype: x.dtype, shape }];
  },
  Flatten: (context) => {
    const x = inputOf(context, 0);
    const axis = intAttribute(context.attributes, 'axis', 1);
    return [{ dtype: x.dtype, shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))] }];
  },
  Transpose: (context) => {
    const x = inputOf(context, 0);
    const order = intsAttribute(context.attributes, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
    return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]!) }];
  },
  Squeeze: (context) => {
    const x = inputOf(context, 0);
    const axes = axesOf(context, 1)?.map((axis) => normalizeAxis(axis, x.shape.length));
    return [{ dtype: x.dtype, shape: x.shape.filter((n, axis) => (axes ? !axes.includes(axis) : n !== 1)) }];
  },
  Unsqueeze: (context) => {
    const x = inputOf(context, 0);
    const given = axesOf(context, 1)!;
    const rank = x.shape.length + given.length;
    const axes = new Set(given.map((axis) => normalizeAxis(axis, rank)));
    const rest = [...x.shape];
    return [{ dtype: x.dtype, shape: Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!)) }];
  },
  Expand: (context) => {
    const x = inputOf(context, 0);
    const shape = broadcastShapes(x.shape, constantOf(context, 1)!);
    if (!shape) throw mismatch(context, 'it cannot be expanded so');
    return [{ dtype: x.dtype, shape }];
  },
  Tile: (context) => {
    const x = inputOf(context, 0);
    const repeats = constantOf(context, 1)!;
    return [{ dtype: x.dtype, shape: x.shape.map((length, axis) => length * repeats[axis]!) }];
  },
  Concat: (context) => {
    const first = inputOf(context, 0);
    const axis = normalizeAxis(intAttribute(context.attributes, 'axis', 0), first.shape.length);
    const shape = [...first.shape];
    for (const input of context.inputs.slice(1)) {
      if (input?.shape.length !== shape.length || input.shape.some((n, i) => i !== axis && n !== shape[i]))
        throw mismatch(context, `they differ off axis ${axis}`);
      shape[axis]! += input.shape[axis]!;
    }
    return [{ dtype: first.dtype, shape }];
  },
  Split: (context) => {
    const x = inputOf(context, 0);
    const axis = normalizeAxis(intAttribute(context.attributes, 'axis', 0), x.shape.length);
    const length = x.shape[axis]!;
    // Without sizes the parts are equal; the last may be smaller.
    const part = Math.ceil(length / context.outputs);
    const sizes =
      axesOf(context, 1, 'split') ??
      Array.from({ length: context.outputs }, (_, i) => Math.max(0, Math.min(part, length - i * part)));
    if (sizes.reduce((a, b) => a + b, 0) !== length) throw mismatch(context, `parts [${sizes}] do not add up`);
    return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((n, i) => (i === axis ? size : n)) }));
  },
  Slice: (context) => {
    const x = inputOf(context, 0);
    const starts = constantOf(context, 1)!;
    const ends = constantOf(context, 2)!;
    const axes = constantOf(context, 3) ?? starts.map((_, i) => i);
    const steps = constantOf(context, 4) ?? starts.map(() => 1);
    const shape = [...x.shape];
    axes.forEach((given, i) => {
      const axis = normalizeAxis(given, x.shape.length);
      const length = x.shape[axis]!;
      const step = steps[i]!;
      const high = step > 0 ? length : length - 1;
      const clamp = (at: number, low: number) => Math.min(Math.max(at < 0 ? at + length : at, low), high);
      const start = clamp(starts[i]!, 0);
      const end = clamp(ends[i]!, step > 0 ? 0 : -1);
      shape[axis] = Math.max(0, Math.ceil((end - start) / step));
    });
    return [{ dtype: x.dtype, shape }];
  },
  Pad: (context) => {
    const x = inputOf(context, 0);
    const pads = axesOf(context, 1, 'pads')!;
    const rank = x.shape.length;
    const axes = constantOf(context, 3)?.map((axis) => normalizeAxis(axis, rank)) ?? x.shape.map((_, i) => i);
    const shape = [...x.shape];
    axes.forEach((axis, i) => {
      shape[axis]! += pads[i]! + pads[i + axes.length]!;
    });
    return [{ dtype: x.dtype, shape }];
  },
  Gather: (context) => {
    const x = inputOf(context, 0);
    const indices = inputOf(context, 1);
    const axis = normalizeAxis(intAttribute(context.attributes, 'axis', 0), x.shape.length);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  GatherElements: (context) => [{ dtype: inputOf(context, 0).dtype, shape: inputOf(context, 1).shape }],
  ScatterElements: (context) => [{ dtype: inputOf(context, 0).dtype, shape: inputOf(context, 0).shape }],
  OneHot: (context) => {
    const indices = inputOf(context, 0);
    const depth = constantOf(context, 1)![0]!;
    const rank = indices.shape.length + 1;
    const axis = normalizeAxis(intAttribute(context.attributes, 'axis', -1), rank);
    return [{ dtype: inputOf(context, 2).dtype, shape: indices.shape.toSpliced(axis, 0, depth) }];
  },
  TopK: (context) => {
    const x = inputOf(context, 0);
    const k = constantOf(context, 1)![0]!;
    const axis = normalizeAxis(intAttribute(context.attributes, 'axis', -1), x.shape.length);
    const shape: Shape = x.shape.map((n, i) => (i === axis ? k : n));
    return [
      { dtype: x.dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
  Resize: (context) => {
    const x = inputOf(context, 0);
    const sizes = constantOf(context, 3);
    const scales = sizes?.length ? undefined : constantOf(context, 2);
    const shape = sizes?.length ? sizes : x.shape.map((length, axis) => Math.floor(length * scales![axis]!));
    return [{ dtype: x.dtype, shape }];
  },
  DepthToSpace: (context) => {
    const x = inputOf(context, 0);
    const block = intAttribute(context.attributes, 'blocksize', 1);
    const [n, c, h, w] = x.shape as [number, number, number, number];
    return [{ dtype: x.dtype, shape: [n, c / block ** 2, h * block, w * block] }];
  },
  SpaceToDepth: (context) => {
    const x = inputOf(context, 0);
    const block = intAttribute(context.attributes, 'blocksize', 1);
    const [n, c, h, w] = x.shape as [number, number, number, number];
    return [{ dtype: x.dtype, shape: [n, c * block ** 2, h / block, w / block] }];
  },
  Shape: (context) => {
    const { shape } = inputOf(context, 0);
    const start = intAttribute(context.attributes, 'start', 0);
    const end = intAttribute(context.attributes, 'end', shape.length);
    return [{ dtype: 'int64', shape: [shape.slice(start, end).length] }];
  },
  ConstantOfShape: (context) => {
    const value = context.attributes.value;
    const dtype = value && typeof value === 'object' && 'dtype' in value ? value.dtype : 'float32';
    return [{ dtype, shape: constantOf(context, 0)! }];
  },
  Constant: (context) => {
    const value = context.attributes.value;
    if (!(value && typeof value === 'object' && 'dtype' in value))
      throw new OnnxError('unsupported_constant', `Constant "${context.node}" holds no tensor.`);
    return [{ dtype: value.dtype, shape: value.shape }];
  },
  Range: (context) => {
    const [start, limit, delta] = [0, 1, 2].map((i) => numbersOf(context.tensorOf(inputOf(context, i))!)[0]!) as [
      number,
      number,
      number,
    ];
    return [{ dtype: inputOf(context, 0).dtype, shape: [Math.max(0, Math.ceil((limit - start) / delta))] }];
  },
};
