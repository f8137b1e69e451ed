import { intAttribute, stringAttribute } from '../graph.js';
import { normalizeAxis } from '../infer/rule.js';
import { numbersOf, type Shape, sizeOf, type Tensor, type TensorData } from '../tensor.js';
import { stridesOf } from './elements.js';
import type { Evaluator } from './evaluator.js';

/**
 * For every element of `indices`, the offset in a tensor of `shape` of the element it names along `axis`, its other
 * coordinates being the index's own; `undefined` where an index lies outside.
 */
function offsetsAlong(shape: Shape, indices: Tensor, axis: number): number[] | undefined {
  const strides = stridesOf(shape);
  const own = stridesOf(indices.shape);
  const numbers = numbersOf(indices);
  const offsets = numbers.map((index, i) => {
    const at = index < 0 ? index + shape[axis]! : index;
    if (at < 0 || at >= shape[axis]!) return Number.NaN;
    return indices.shape.reduce((sum, length, k) => {
      const position = k === axis ? at : Math.floor(i / own[k]!) % length;
      return sum + position * strides[k]!;
    }, 0);
  });
  return offsets.every(Number.isInteger) ? offsets : undefined;
}

/** For every row of `indices`, the offset of the block of `shape` that its coordinates name. */
function blockOffsets(shape: Shape, indices: Tensor): { offsets: number[]; size: number } | undefined {
  const depth = indices.shape.at(-1) ?? 0;
  const strides = stridesOf(shape);
  const numbers = numbersOf(indices);
  const offsets: number[] = [];
  for (let row = 0; row < numbers.length; row += Math.max(depth, 1)) {
    let offset = 0;
    for (let k = 0; k < depth; k++) {
      const at = numbers[row + k]! < 0 ? numbers[row + k]! + shape[k]! : numbers[row + k]!;
      if (!(at >= 0 && at < shape[k]!)) return undefined;
      offset += at * strides[k]!;
    }
    offsets.push(offset);
  }
  return { offsets, size: sizeOf(shape.slice(depth)) };
}

const scatterElements: Evaluator = (node, [x, indices, updates]) => {
  if (!x || !indices || !updates || stringAttribute(node.attributes, 'reduction', 'none') !== 'none') return undefined;
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 0), x.shape.length);
  const offsets = offsetsAlong(x.shape, indices, axis);
  if (!offsets || x.dtype !== updates.dtype) return undefined;
  const data = x.data.slice() as Float32Array;
  offsets.forEach((offset, i) => {
    data[offset] = updates.data[i] as number;
  });
  return [{ ...x, data }];
};

const gatherElements: Evaluator = (node, [x, indices]) => {
  if (!x || !indices) return undefined;
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 0), x.shape.length);
  const offsets = offsetsAlong(x.shape, indices, axis);
  return offsets && [{ dtype: x.dtype, shape: indices.shape, data: picked(x.data, offsets, 1) }];
};

const scatterND: Evaluator = (node, [x, indices, updates]) => {
  if (!x || !indices || !updates || stringAttribute(node.attributes, 'reduction', 'none') !== 'none') return undefined;
  const found = indices.data.length > 0 ? blockOffsets(x.shape, indices) : { offsets: [], size: 0 };
  if (!found || x.dtype !== updates.dtype) return undefined;
  const { offsets, size } = found;
  const data = x.data.slice() as Float32Array;
  offsets.forEach((offset, i) => {
    data.set(updates.data.subarray(i * size, (i + 1) * size) as Float32Array, offset);
  });
  return [{ ...x, data }];
};

const gatherND: Evaluator = (node, [x, indices]) => {
  if (!x || !indices?.data.length || intAttribute(node.attributes, 'batch_dims', 0) !== 0) return undefined;
  const found = blockOffsets(x.shape, indices);
  if (!found) return undefined;
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(indices.shape.at(-1))];
  return [{ dtype: x.dtype, shape, data: picked(x.data, found.offsets, found.size) }];
};

/** Blocks of `size` elements at `offsets`, one after the other. */
function picked(data: TensorData, offsets: readonly number[], size: number): TensorData {
  const Own = data.constructor as new (length: number) => Float32Array;
  const result = new Own(offsets.length * size);
  offsets.forEach((offset, i) => {
    result.set(data.subarray(offset, offset + size) as Float32Array, i * size);
  });
  return result;
}

/** Operators that pick or put single elements and blocks, at operator set 17. */
export const scatter: Record<string, Evaluator> = {
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
};
