import { Float, Floats, intAttribute, intsAttribute } from '../graph.js';
import { broadcastShapes, normalizeAxis } from '../infer/rule.js';
import { numbersOf, type Shape, sizeOf, type Tensor, tensorOf } from '../tensor.js';
import { collect, elementsOf, expand, fill, isWide, steps, stridesOf } from './elements.js';
import type { Evaluator } from './evaluator.js';

const withShape = (tensor: Tensor, shape: Shape): Tensor => ({ ...tensor, shape });

/** Offsets along every axis, as they lie. */
const tablesOf = (shape: Shape): number[][] => {
  const strides = stridesOf(shape);
  return shape.map((length, axis) => steps(length, strides[axis]!));
};

const axesOf = (tensor: Tensor | null | undefined, rank: number): number[] | undefined =>
  tensor ? numbersOf(tensor).map((axis) => normalizeAxis(axis, rank)) : undefined;

const constant: Evaluator = ({ attributes }) => {
  const { value, value_int, value_ints, value_float, value_floats } = attributes;
  if (value && typeof value === 'object' && 'dtype' in value) return [value];
  if (typeof value_int === 'number') return [tensorOf('int64', [value_int], [])];
  if (Array.isArray(value_ints)) return [tensorOf('int64', value_ints as number[])];
  if (value_float instanceof Float) return [tensorOf('float32', [value_float.value], [])];
  if (value_floats instanceof Floats) return [tensorOf('float32', value_floats.values)];
  return undefined;
};

const constantOfShape: Evaluator = ({ attributes }, [lengths]) => {
  const { value } = attributes;
  if (!lengths) return undefined;
  const element = value && typeof value === 'object' && 'dtype' in value ? value : tensorOf('float32', [0]);
  return [expand(withShape(element, []), numbersOf(lengths))];
};

const range: Evaluator = (_, [start, limit, delta]) => {
  if (!start || !limit || !delta || sizeOf(delta.shape) !== 1) return undefined;
  const [a, b, step] = [start, limit, delta].map((tensor) => elementsOf(tensor)[0]!);
  if (Number(step) === 0) return undefined;
  const count = Math.max(0, Math.ceil((Number(b) - Number(a)) / Number(step)));
  const wide = isWide(start.dtype);
  return [
    fill(start.dtype, [count], (i) =>
      wide ? (a as bigint) + BigInt(i) * (step as bigint) : Number(a) + i * Number(step),
    ),
  ];
};

const reshape: Evaluator = (node, [x, wanted]) => {
  if (!x || !wanted) return undefined;
  const keepZero = intAttribute(node.attributes, 'allowzero', 0) === 1;
  const shape = numbersOf(wanted).map((length, axis) => (length === 0 && !keepZero ? (x.shape[axis] ?? 0) : length));
  const rest = shape.indexOf(-1);
  if (rest >= 0) shape[rest] = sizeOf(x.shape) / -sizeOf(shape);
  return sizeOf(shape) === sizeOf(x.shape) ? [withShape(x, shape)] : undefined;
};

const squeeze: Evaluator = (_, [x, given]) => {
  if (!x) return undefined;
  const axes = axesOf(given, x.shape.length);
  return [
    withShape(
      x,
      x.shape.filter((length, axis) => (axes ? !axes.includes(axis) : length !== 1)),
    ),
  ];
};

const unsqueeze: Evaluator = (_, [x, given]) => {
  if (!x || !given) return undefined;
  const rank = x.shape.length + given.data.length;
  const axes = axesOf(given, rank)!;
  const rest = [...x.shape];
  return [
    withShape(
      x,
      Array.from({ length: rank }, (_each, axis) => (axes.includes(axis) ? 1 : rest.shift()!)),
    ),
  ];
};

const flatten: Evaluator = (node, [x]) => {
  if (!x) return undefined;
  const given = intAttribute(node.attributes, 'axis', 1);
  const axis = given < 0 ? given + x.shape.length : given;
  return [withShape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))])];
};

const transpose: Evaluator = (node, [x]) => {
  if (!x) return undefined;
  const tables = tablesOf(x.shape);
  const order = intsAttribute(node.attributes, 'perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  return [
    collect(
      x,
      order.map((axis) => tables[axis]!),
    ),
  ];
};

const slice: Evaluator = (_, [x, starts, ends, axes, strides]) => {
  if (!x || !starts || !ends) return undefined;
  const [from, to] = [numbersOf(starts), numbersOf(ends)];
  const along = axesOf(axes, x.shape.length) ?? from.map((_each, i) => i);
  const by = strides ? numbersOf(strides) : from.map(() => 1);
  const tables = tablesOf(x.shape);
  along.forEach((axis, i) => {
    const length = x.shape[axis]!;
    const step = by[i]!;
    const high = step > 0 ? length : length - 1;
    const clamp = (at: number, low: number) => Math.min(Math.max(at < 0 ? at + length : at, low), high);
    const start = clamp(from[i]!, 0);
    const end = clamp(to[i]!, step > 0 ? 0 : -1);
    const count = Math.max(0, Math.ceil((end - start) / step));
    const table = tables[axis]!;
    tables[axis] = Array.from({ length: count }, (_each, k) => table[start + k * step]!);
  });
  return [collect(x, tables)];
};

const gather: Evaluator = (node, [x, indices]) => {
  if (!x || !indices) return undefined;
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 0), x.shape.length);
  const length = x.shape[axis]!;
  const tables = tablesOf(x.shape);
  const wanted = numbersOf(indices).map((index) => (index < 0 ? index + length : index));
  if (!wanted.every((index) => index >= 0 && index < length)) return undefined;
  const table = tables[axis]!;
  tables[axis] = wanted.map((index) => table[index]!);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return [withShape(collect(x, tables), shape)];
};

const expandTo: Evaluator = (_, [x, wanted]) => {
  const shape = x && wanted && broadcastShapes(x.shape, numbersOf(wanted));
  return shape ? [expand(x, shape)] : undefined;
};

const tile: Evaluator = (_, [x, repeats]) => {
  if (!x || !repeats) return undefined;
  const times = numbersOf(repeats);
  return [
    collect(
      x,
      tablesOf(x.shape).map((table, axis) => Array.from({ length: times[axis]! }, () => table).flat()),
    ),
  ];
};

const concat: Evaluator = (node, inputs) => {
  const parts = inputs.filter((input) => input !== null);
  const first = parts[0];
  if (!first || parts.length !== inputs.length || parts.some((part) => part.dtype !== first.dtype)) return undefined;
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 0), first.shape.length);
  const shape = [...first.shape];
  shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  // Each part is a run of blocks, one for every position before the axis.
  const Own = first.data.constructor as new (length: number) => Float32Array;
  const joined = new Own(sizeOf(shape));
  const block = sizeOf(shape.slice(axis));
  let at = 0;
  for (const part of parts) {
    const size = sizeOf(part.shape.slice(axis));
    for (let i = 0; i < sizeOf(shape.slice(0, axis)); i++)
      joined.set(part.data.subarray(i * size, (i + 1) * size) as Float32Array, i * block + at);
    at += size;
  }
  return [{ dtype: first.dtype, shape, data: joined }];
};

const split: Evaluator = (node, [x, given]) => {
  if (!x) return undefined;
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 0), x.shape.length);
  const length = x.shape[axis]!;
  const count = node.outputs.length;
  const part = Math.ceil(length / count);
  const sizes = given
    ? numbersOf(given)
    : Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, length - i * part)));
  const tables = tablesOf(x.shape);
  let at = 0;
  return sizes.map((size) => {
    const own = tables.map((table, i) => (i === axis ? table.slice(at, at + size) : table));
    at += size;
    return collect(x, own);
  });
};

const shapeOf: Evaluator = (node, [x]) => {
  if (!x) return undefined;
  const { attributes } = node;
  const shape = x.shape.slice(intAttribute(attributes, 'start', 0), intAttribute(attributes, 'end', x.shape.length));
  return [tensorOf('int64', shape)];
};

/** Positions of the elements that are not zero, one column each. */
const nonZero: Evaluator = (_, [x]) => {
  if (!x || x.shape.length === 0) return undefined;
  const found = [...(elementsOf(x) as ArrayLike<number> as number[])].flatMap((value, i) =>
    Number(value) !== 0 ? [i] : [],
  );
  const strides = stridesOf(x.shape);
  const rows = strides.flatMap((stride, axis) => found.map((i) => Math.floor(i / stride) % x.shape[axis]!));
  return [tensorOf('int64', rows, [x.shape.length, found.length])];
};

/** Operators that make, move, join and cut, at operator set 17. */
export const arrange: Record<string, Evaluator> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Identity: (_, [x]) => (x ? [x] : undefined),
  Reshape: reshape,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Flatten: flatten,
  Transpose: transpose,
  Slice: slice,
  Gather: gather,
  Expand: expandTo,
  Tile: tile,
  Concat: concat,
  Split: split,
  Shape: shapeOf,
  Size: (_, [x]) => (x ? [tensorOf('int64', [sizeOf(x.shape)], [])] : undefined),
  NonZero: nonZero,
};
