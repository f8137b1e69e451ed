import { halfToNumber, numberToHalf } from '../half.js';
import { allocate, type DType, type Shape, sizeOf, type Tensor, type TensorData } from '../tensor.js';

/** Elements as they are computed with: halves decoded, 64-bit integers as bigint. */
export type Elements = ArrayLike<number> | ArrayLike<bigint>;

/** Whether elements of this type are bigints. */
export const isWide = (dtype: DType): boolean => dtype === 'int64' || dtype === 'uint64';

/** Whether elements of this type are real numbers. */
export const isReal = (dtype: DType): boolean => dtype.startsWith('float');

/** The elements of a tensor, halves decoded. */
export function elementsOf({ dtype, data }: Tensor): Elements {
  return dtype === 'float16' ? Float32Array.from(data as Uint16Array, halfToNumber) : data;
}

/** A tensor whose element `i` is `at(i)`, rounded or wrapped to `dtype`. */
export function fill(dtype: DType, shape: Shape, at: (index: number) => number | bigint): Tensor {
  const data = allocate(dtype, sizeOf(shape));
  const write = data as { [index: number]: number | bigint };
  if (dtype === 'float16') for (let i = 0; i < data.length; i++) write[i] = numberToHalf(at(i) as number);
  else for (let i = 0; i < data.length; i++) write[i] = at(i);
  return { dtype, shape, data };
}

/** Steps between neighbours along each axis of a row-major tensor. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/**
 * The tensor whose element at `[i, j, …]` is the input's element at offset `tables[0][i] + tables[1][j] + …`: what
 * transposing, slicing, gathering, expanding and tiling have in common.
 */
export function collect({ dtype, data }: Tensor, tables: readonly ArrayLike<number>[]): Tensor {
  const shape = tables.map((table) => table.length);
  const result = allocate(dtype, sizeOf(shape));
  const from = data as { [index: number]: number };
  const into = result as { [index: number]: number };
  let next = 0;
  const walk = (axis: number, offset: number) => {
    const table = tables[axis];
    if (!table) into[next++] = from[offset]!;
    else if (axis === tables.length - 1)
      for (let i = 0; i < table.length; i++) into[next++] = from[offset + table[i]!]!;
    else for (let i = 0; i < table.length; i++) walk(axis + 1, offset + table[i]!);
  };
  if (result.length > 0) walk(0, 0);
  return { dtype, shape, data: result as TensorData };
}

/** Offsets of positions 0, 1, … `length - 1` along an axis with this stride. */
export function steps(length: number, stride: number): number[] {
  return Array.from({ length }, (_, i) => i * stride);
}

/** `tensor` repeated along axes of length 1 to `shape`, to which it must broadcast. */
export function expand(tensor: Tensor, shape: Shape): Tensor {
  if (tensor.shape.length === shape.length && tensor.shape.every((length, axis) => length === shape[axis]))
    return tensor;
  const strides = stridesOf(tensor.shape);
  const missing = shape.length - tensor.shape.length;
  return collect(
    tensor,
    shape.map((length, axis) =>
      steps(length, axis < missing || tensor.shape[axis - missing] === 1 ? 0 : strides[axis - missing]!),
    ),
  );
}

/** The larger of two integers, as `Math.max` is for numbers. */
export function largerOf(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** The smaller of two integers, as `Math.min` is for numbers. */
export function smallerOf(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}
