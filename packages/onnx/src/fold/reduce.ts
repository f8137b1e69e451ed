import { intAttribute, intsAttribute } from '../graph.js';
import { normalizeAxis } from '../infer/rule.js';
import { numbersOf, sizeOf, type Tensor } from '../tensor.js';
import { collect, elementsOf, fill, isReal, isWide, largerOf, smallerOf, steps, stridesOf } from './elements.js';
import type { Evaluator } from './evaluator.js';

type Total = (numbers: readonly number[]) => number;
type WideTotal = (integers: readonly bigint[]) => bigint;

/** The reduced axes moved last, so that every result's elements lie side by side. */
function grouped(x: Tensor, axes: readonly number[]): Tensor {
  const strides = stridesOf(x.shape);
  const all = x.shape.map((_, axis) => axis);
  const order = [...all.filter((axis) => !axes.includes(axis)), ...axes];
  return collect(
    x,
    order.map((axis) => steps(x.shape[axis]!, strides[axis]!)),
  );
}

function reduce(numeric: Total, wide?: WideTotal): Evaluator {
  return (node, [x, given]) => {
    if (!x) return undefined;
    const rank = x.shape.length;
    const listed = given ? numbersOf(given) : intsAttribute(node.attributes, 'axes');
    if (!listed?.length && intAttribute(node.attributes, 'noop_with_empty_axes', 0) === 1) return [x];
    const axes = listed?.length ? listed.map((axis) => normalizeAxis(axis, rank)) : x.shape.map((_, axis) => axis);
    const count = sizeOf(axes.map((axis) => x.shape[axis]!));
    if (count === 0) return undefined;
    const keep = intAttribute(node.attributes, 'keepdims', 1) === 1;
    const shape = x.shape.flatMap((length, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [length]));
    const elements = elementsOf(grouped(x, axes));
    const part = <T>(i: number) => Array.prototype.slice.call(elements, i * count, (i + 1) * count) as T[];
    if (isWide(x.dtype)) return wide && [fill(x.dtype, shape, (i) => wide(part<bigint>(i)))];
    return [fill(x.dtype, shape, (i) => numeric(part<number>(i)))];
  };
}

const sum: Total = (numbers) => numbers.reduce((a, b) => a + b, 0);
const least: Total = (numbers) => numbers.reduce((a, b) => Math.min(a, b));
const most: Total = (numbers) => numbers.reduce((a, b) => Math.max(a, b));
const mean = reduce((numbers) => sum(numbers) / numbers.length);

/** Reductions, at operator set 17. */
export const reductions: Record<string, Evaluator> = {
  ReduceSum: reduce(sum, (integers) => integers.reduce((a, b) => a + b, 0n)),
  ReduceProd: reduce(
    (numbers) => numbers.reduce((a, b) => a * b, 1),
    (integers) => integers.reduce((a, b) => a * b, 1n),
  ),
  ReduceMin: reduce(least, (integers) => integers.reduce((a, b) => smallerOf(a, b))),
  ReduceMax: reduce(most, (integers) => integers.reduce((a, b) => largerOf(a, b))),
  ReduceMean: (node, inputs) => (inputs[0] && isReal(inputs[0].dtype) ? mean(node, inputs) : undefined),
};
