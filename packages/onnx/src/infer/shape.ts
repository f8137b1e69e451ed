import { OnnxError } from '../error.js';
import { Float, Floats, intAttribute, intsAttribute } from '../graph.js';
import { type DType, dtypeOfNumber, type Shape, sizeOf } from '../tensor.js';
import {
  broadcastShapes,
  constantOf,
  type InferenceRule,
  type Inferred,
  inputOf,
  mismatch,
  type NodeContext,
  normalizeAxis,
  requiredConstantOf,
  requireRank,
  sameAsFirst,
} from './rule.js';

/** The constant of input `index` or, in older operator sets, of attribute `name`. */
export function axesOf(context: NodeContext, index: number, name = 'axes'): readonly number[] | undefined {
  return intsAttribute(context.attributes, name) ?? constantOf(context, index);
}

function blocked(context: NodeContext, up: boolean): Inferred[] {
  const x = requireRank(context, 4, true);
  const block = intAttribute(context.attributes, 'blocksize', 0);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const shape = up ? [n, c / block ** 2, h * block, w * block] : [n, c * block ** 2, h / block, w / block];
  if (block < 1 || !shape.every(Number.isInteger)) throw mismatch(context, `blocks of ${block} do not fit`);
  return [{ dtype: x.dtype, shape }];
}

function constant(context: NodeContext): Inferred {
  const { attributes } = context;
  const { value, value_float, value_floats, value_int, value_ints } = attributes;
  if (value && typeof value === 'object' && 'dtype' in value) return { dtype: value.dtype, shape: value.shape };
  if (value_float instanceof Float) return { dtype: 'float32', shape: [] };
  if (value_floats instanceof Floats) return { dtype: 'float32', shape: [value_floats.values.length] };
  if (typeof value_int === 'number') return { dtype: 'int64', shape: [] };
  if (Array.isArray(value_ints)) return { dtype: 'int64', shape: [value_ints.length] };
  throw new OnnxError(
    'unsupported_constant',
    `Constant "${context.node}" holds neither a tensor nor numbers, but ${Object.keys(attributes).join(', ') || 'nothing'}.`,
  );
}

/** Operators that give tensors other shapes, and those that work with shapes. */
export const shaping: Record<string, InferenceRule> = {
  Reshape: (context) => {
    const x = inputOf(context, 0);
    const wanted = requiredConstantOf(context, 1);
    const literal = intAttribute(context.attributes, 'allowzero', 0) === 1;
    const shape = wanted.map((length, axis) => (length === 0 && !literal ? (x.shape[axis] ?? 0) : length));
    const rest = shape.indexOf(-1);
    if (rest >= 0) shape[rest] = sizeOf(x.shape) / -sizeOf(shape);
    if (sizeOf(shape) !== sizeOf(x.shape) || !shape.every(Number.isInteger))
      throw mismatch(context, `they cannot be reshaped to [${wanted}]`);
    return [{ dtype: x.dtype, shape }];
  },
  Flatten: (context) => {
    const x = inputOf(context, 0);
    const given = intAttribute(context.attributes, 'axis', 1);
    const axis = given === x.shape.length ? given : normalizeAxis(given, x.shape.length, context.node);
    return [{ dtype: x.dtype, shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))] }];
  },
  Transpose: (context) => {
    const x = inputOf(context, 0);
    const rank = x.shape.length;
    const order = intsAttribute(context.attributes, 'perm') ?? x.shape.map((_, i) => rank - 1 - i);
    if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== rank)
      throw mismatch(context, `perm [${order}] is no order of ${rank} axes`);
    return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]!) }];
  },
  Squeeze: (context) => {
    const x = inputOf(context, 0);
    const axes = axesOf(context, 1)?.map((axis) => normalizeAxis(axis, x.shape.length, context.node));
    if (axes?.some((axis) => x.shape[axis] !== 1)) throw mismatch(context, `axes [${axes}] are not all of length 1`);
    return [{ dtype: x.dtype, shape: x.shape.filter((n, axis) => (axes ? !axes.includes(axis) : n !== 1)) }];
  },
  Unsqueeze: (context) => {
    const x = inputOf(context, 0);
    const given = axesOf(context, 1);
    if (!given) throw new OnnxError('missing_input', `Node "${context.node}" lacks its axes.`);
    const rank = x.shape.length + given.length;
    const axes = new Set(given.map((axis) => normalizeAxis(axis, rank, context.node)));
    if (axes.size !== given.length) throw mismatch(context, `axes [${given}] repeat`);
    const rest = [...x.shape];
    return [{ dtype: x.dtype, shape: Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!)) }];
  },
  Expand: (context) => {
    const x = inputOf(context, 0);
    const shape = broadcastShapes(x.shape, requiredConstantOf(context, 1));
    if (!shape) throw mismatch(context, 'it cannot be expanded so');
    return [{ dtype: x.dtype, shape }];
  },
  Tile: (context) => {
    const x = inputOf(context, 0);
    const repeats = requiredConstantOf(context, 1);
    if (repeats.length !== x.shape.length) throw mismatch(context, `repeats [${repeats}] are not one per axis`);
    return [{ dtype: x.dtype, shape: x.shape.map((length, axis) => length * repeats[axis]!) }];
  },
  DepthToSpace: (context) => blocked(context, true),
  SpaceToDepth: (context) => blocked(context, false),
  Trilu: (context) => {
    requireRank(context, 2);
    return sameAsFirst(context);
  },
  ReverseSequence: sameAsFirst,
  Shape: (context) => {
    const { shape } = inputOf(context, 0);
    const start = intAttribute(context.attributes, 'start', 0);
    const end = intAttribute(context.attributes, 'end', shape.length);
    return [{ dtype: 'int64', shape: [shape.slice(start, end).length] }];
  },
  Size: () => [{ dtype: 'int64', shape: [] }],
  ConstantOfShape: (context) => {
    const value = context.attributes.value;
    const dtype = value && typeof value === 'object' && 'dtype' in value ? value.dtype : 'float32';
    return [{ dtype, shape: requiredConstantOf(context, 0) }];
  },
  Constant: (context) => [constant(context)],
  EyeLike: (context) => {
    const x = requireRank(context, 2, true);
    const { dtype } = context.attributes;
    const type: DType = typeof dtype === 'number' ? dtypeOfNumber(dtype) : x.dtype;
    return [{ dtype: type, shape: x.shape }];
  },
  Range: (context) => {
    const [start, limit, delta] = [0, 1, 2].map((i) => requiredConstantOf(context, i)[0]!) as [number, number, number];
    const shape: Shape = [Math.max(0, Math.ceil((limit - start) / delta))];
    return [{ dtype: inputOf(context, 0).dtype, shape }];
  },
};
