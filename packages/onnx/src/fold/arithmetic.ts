import { intAttribute } from '../graph.js';
import { roundToEven } from '../half.js';
import { broadcastShapes } from '../infer/rule.js';
import { type DType, dtypeOfNumber, sizeOf, type Tensor } from '../tensor.js';
import { elementsOf, expand, fill, isReal, isWide, largerOf, smallerOf } from './elements.js';
import type { Evaluator } from './evaluator.js';

type Numeric = (a: number, b: number) => number;
type Wide = (a: bigint, b: bigint) => bigint;

/** Both tensors repeated to the shape they broadcast to. */
function aligned(tensors: readonly Tensor[]): Tensor[] | undefined {
  const shape = broadcastShapes(...tensors.map((tensor) => tensor.shape));
  return shape && tensors.map((tensor) => expand(tensor, shape));
}

function combine(a: Tensor, b: Tensor, numeric: Numeric, wide: Wide): Tensor | undefined {
  const pair = aligned([a, b]);
  if (!pair || a.dtype !== b.dtype) return undefined;
  const [x, y] = pair.map(elementsOf);
  const { shape } = pair[0]!;
  return isWide(a.dtype)
    ? fill(a.dtype, shape, (i) => wide(x![i] as bigint, y![i] as bigint))
    : fill(a.dtype, shape, (i) => numeric(x![i] as number, y![i] as number));
}

const hasZero = (tensor: Tensor): boolean => Array.prototype.some.call(tensor.data, (value) => Number(value) === 0);

const binary =
  (numeric: (dtype: DType) => Numeric, wide: Wide): Evaluator =>
  (_, [a, b]) =>
    a && b ? one(combine(a, b, numeric(a.dtype), wide)) : undefined;

const one = (tensor: Tensor | undefined): Tensor[] | undefined => tensor && [tensor];

const product = (dtype: DType): Numeric =>
  dtype === 'int32' || dtype === 'uint32' ? Math.imul : (a: number, b: number) => a * b;

/** Integer division cuts off towards zero; by zero it is left to the runtime. */
const divide: Evaluator = (_, [a, b]) => {
  if (!a || !b || (!isReal(b.dtype) && hasZero(b))) return undefined;
  const numeric: Numeric = isReal(a.dtype) ? (x, y) => x / y : (x, y) => Math.trunc(x / y);
  return one(combine(a, b, numeric, (x, y) => x / y));
};

/** With `fmod` the sign is the dividend's, otherwise the divisor's. */
const modulo: Evaluator = (node, [a, b]) => {
  if (!a || !b || (!isReal(b.dtype) && hasZero(b))) return undefined;
  if (intAttribute(node.attributes, 'fmod', 0) === 1)
    return one(
      combine(
        a,
        b,
        (x, y) => x % y,
        (x, y) => x % y,
      ),
    );
  if (isReal(a.dtype)) return undefined;
  return one(
    combine(
      a,
      b,
      (x, y) => ((x % y) + y) % y,
      (x, y) => ((x % y) + y) % y,
    ),
  );
};

/** The exponent may be of another type than the base. */
const power: Evaluator = (_, [a, b]) => {
  const pair = a && b && aligned([a, b]);
  if (!pair || !a || isWide(a.dtype)) return undefined;
  const [x, y] = pair.map(elementsOf);
  return [fill(a.dtype, pair[0]!.shape, (i) => Number(x![i]) ** Number(y![i]))];
};

function fold(tensors: readonly (Tensor | null)[], numeric: Numeric, wide: Wide): Tensor | undefined {
  let result: Tensor | undefined = tensors[0] ?? undefined;
  for (const next of tensors.slice(1)) {
    if (!next || !result) return undefined;
    result = combine(result, next, numeric, wide);
  }
  return result;
}

const variadic =
  (numeric: Numeric, wide: Wide): Evaluator =>
  (_, inputs) =>
    one(fold(inputs, numeric, wide));

const mean: Evaluator = (_, inputs) => {
  const sum = fold(
    inputs,
    (a, b) => a + b,
    (a, b) => a + b,
  );
  if (!sum || !isReal(sum.dtype)) return undefined;
  const total = elementsOf(sum);
  return [fill(sum.dtype, sum.shape, (i) => (total[i] as number) / inputs.length)];
};

const compare =
  (holds: (a: number | bigint, b: number | bigint) => boolean): Evaluator =>
  (_, [a, b]) => {
    const pair = a && b && aligned([a, b]);
    if (!pair) return undefined;
    const [x, y] = pair.map(elementsOf);
    return [fill('bool', pair[0]!.shape, (i) => (holds(x![i]!, y![i]!) ? 1 : 0))];
  };

const unary =
  (numeric: (x: number) => number, wide?: (x: bigint) => bigint): Evaluator =>
  (_, [a]) => {
    if (!a) return undefined;
    const x = elementsOf(a);
    if (isWide(a.dtype)) return wide && [fill(a.dtype, a.shape, (i) => wide(x[i] as bigint))];
    return [fill(a.dtype, a.shape, (i) => numeric(x[i] as number))];
  };

/** Real numbers become integers by cutting off towards zero; those no integer stands for are left to the runtime. */
const cast: Evaluator = (node, [a]) => {
  if (!a) return undefined;
  const to = dtypeOfNumber(intAttribute(node.attributes, 'to', 0));
  if (to === a.dtype) return [a];
  const x = elementsOf(a);
  if (to === 'bool') return [fill(to, a.shape, (i) => (Number(x[i]) !== 0 ? 1 : 0))];
  if (isReal(to)) return [fill(to, a.shape, (i) => Number(x[i]))];
  if (isReal(a.dtype)) {
    const limit = isWide(to) ? 2 ** 63 : 2 ** 31;
    if (!Array.prototype.every.call(x, (value: number) => Math.abs(value) < limit)) return undefined;
  }
  if (isWide(to))
    return [fill(to, a.shape, (i) => (isWide(a.dtype) ? (x[i] as bigint) : BigInt(Math.trunc(x[i] as number))))];
  return [
    fill(to, a.shape, (i) =>
      isWide(a.dtype) ? Number(BigInt.asIntN(32, x[i] as bigint)) : Math.trunc(x[i] as number),
    ),
  ];
};

const where: Evaluator = (_, [condition, a, b]) => {
  const all = condition && a && b && aligned([condition, a, b]);
  if (!all || a?.dtype !== b?.dtype) return undefined;
  const [which, x, y] = all.map((tensor) => tensor.data);
  const { dtype, shape } = all[1]!;
  const data = x!.slice() as { [index: number]: number | bigint };
  for (let i = 0; i < sizeOf(shape); i++) if (!which![i]) data[i] = y![i]!;
  return [{ dtype, shape, data: data as Tensor['data'] }];
};

const clip: Evaluator = (_, [x, low, high]) => {
  if (!x) return undefined;
  const raised = low ? fold([x, low], Math.max, largerOf) : x;
  return one(raised && high ? fold([raised, high], Math.min, smallerOf) : raised);
};

/** Operators that work element by element, at operator set 17. */
export const arithmetic: Record<string, Evaluator> = {
  Add: binary(
    () => (a, b) => a + b,
    (a, b) => a + b,
  ),
  Sub: binary(
    () => (a, b) => a - b,
    (a, b) => a - b,
  ),
  Mul: binary(product, (a, b) => a * b),
  Div: divide,
  Mod: modulo,
  Pow: power,
  Min: variadic(Math.min, smallerOf),
  Max: variadic(Math.max, largerOf),
  Sum: variadic(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  Mean: mean,
  And: compare((a, b) => Boolean(a) && Boolean(b)),
  Or: compare((a, b) => Boolean(a) || Boolean(b)),
  Xor: compare((a, b) => Boolean(a) !== Boolean(b)),
  Equal: compare((a, b) => a === b),
  Less: compare((a, b) => a < b),
  LessOrEqual: compare((a, b) => a <= b),
  Greater: compare((a, b) => a > b),
  GreaterOrEqual: compare((a, b) => a >= b),
  Neg: unary(
    (x) => -x,
    (x) => -x,
  ),
  Abs: unary(Math.abs, (x) => (x < 0n ? -x : x)),
  Sign: unary(Math.sign, (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n)),
  Relu: unary(
    (x) => Math.max(x, 0),
    (x) => (x < 0n ? 0n : x),
  ),
  Not: unary((x) => (x ? 0 : 1)),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundToEven),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Reciprocal: unary((x) => 1 / x),
  Cast: cast,
  Where: where,
  Clip: clip,
};
