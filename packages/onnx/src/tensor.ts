import { OnnxError } from './error.js';
import { halfToNumber, numberToHalf } from './half.js';

/** Element types Fovea computes with, under the names onnxruntime gives them. */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'bool';

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** The typed array that holds a tensor's elements; `float16` is kept as its bits, `bool` as 0 and 1. */
export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** A dense tensor in row-major order; `data.length` is the product of `shape`. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TensorData;
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** The standard's number of each element type (TensorProto.DataType). */
export const dtypeNumbers: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

/** The element type with this number in the standard; throws `unsupported_dtype` for strings, complex and the like. */
export function dtypeOfNumber(number: number): DType {
  for (const [name, value] of Object.entries(dtypeNumbers)) if (value === number) return name as DType;
  throw new OnnxError('unsupported_dtype', `Element type ${number} is not one Fovea reads (numbers and bool are).`, {
    number,
  });
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Bytes one element takes. */
export function bytesOf(dtype: DType): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

/** A zeroed typed array of `length` elements. */
export function allocate(dtype: DType, length: number): TensorData {
  return new arrays[dtype](length);
}

/** Views `bytes` as elements of `dtype`, copying only where the bytes are not aligned. */
export function viewBytes(dtype: DType, bytes: Uint8Array): TensorData {
  const size = bytesOf(dtype);
  if (bytes.byteLength % size !== 0)
    throw new OnnxError('truncated_tensor', `${bytes.byteLength} bytes are not a whole number of ${dtype} elements.`);
  // A Buffer's `slice` would not copy.
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new arrays[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
}

/** The int64 nearest to `value`: the largest one, written as a number, is one too large. */
export function saturate(value: number): bigint {
  if (value >= 2 ** 63) return 2n ** 63n - 1n;
  return value < -(2 ** 63) ? -(2n ** 63n) : BigInt(value);
}

/** A tensor of plain numbers, converted to `dtype`; the shape defaults to one axis. */
export function tensorOf(dtype: DType, values: ArrayLike<number>, shape: Shape = [values.length]): Tensor {
  if (sizeOf(shape) !== values.length)
    throw new OnnxError('shape_mismatch', `Shape [${shape}] holds ${sizeOf(shape)} elements, not ${values.length}.`);
  if (dtype === 'int64') return { dtype, shape, data: BigInt64Array.from(Array.from(values, saturate)) };
  if (dtype === 'uint64') return { dtype, shape, data: BigUint64Array.from(Array.from(values, (v) => BigInt(v))) };
  if (dtype === 'float16') return { dtype, shape, data: Uint16Array.from(values, numberToHalf) };
  const Numeric = arrays[dtype];
  return { dtype, shape, data: Numeric.from(values) };
}

/** The elements as JavaScript numbers (int64 beyond 2^53 loses precision). */
export function numbersOf(tensor: Tensor): number[] {
  if (tensor.dtype === 'float16') return Array.from(tensor.data as Uint16Array, halfToNumber);
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}
