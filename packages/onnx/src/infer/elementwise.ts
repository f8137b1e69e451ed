import { OnnxError } from '../error.js';
import { type DType, dtypeOfNumber } from '../tensor.js';
import { broadcastShapes, type InferenceRule, inputOf, mismatch, sameAsFirst } from './rule.js';

function broadcast(least: number, dtype?: DType, typedBy = 0): InferenceRule {
  return (context) => {
    const count = Math.max(least, context.inputs.length);
    const inputs = Array.from({ length: count }, (_, i) => inputOf(context, i));
    const shape = broadcastShapes(...inputs.map((input) => input.shape));
    if (!shape) throw mismatch(context, 'they do not broadcast to one another');
    return [{ dtype: dtype ?? inputOf(context, typedBy).dtype, shape }];
  };
}

const unary = (
  'Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh Elu Erf Exp FastGelu Floor Gelu HardSigmoid ' +
  'HardSwish Hardmax Identity LeakyRelu Log LogSoftmax Mish Neg Not QuickGelu Reciprocal Relu Round Selu Shrink ' +
  'Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu'
).split(' ');
const binary = ['Add', 'And', 'BitShift', 'Div', 'Mod', 'Mul', 'Or', 'PRelu', 'Pow', 'Sub', 'Xor'];
const variadic = ['Max', 'Mean', 'Min', 'Sum'];
const comparisons = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'];

const test: InferenceRule = (context) => [{ dtype: 'bool', shape: inputOf(context, 0).shape }];

/** Operators that work element by element. */
export const elementwise: Record<string, InferenceRule> = {
  ...Object.fromEntries(unary.map((name) => [name, sameAsFirst])),
  ...Object.fromEntries(binary.map((name) => [name, broadcast(2)])),
  ...Object.fromEntries(variadic.map((name) => [name, broadcast(1)])),
  ...Object.fromEntries(comparisons.map((name) => [name, broadcast(2, 'bool')])),
  IsInf: test,
  IsNaN: test,
  PRelu: (context) => {
    const x = inputOf(context, 0);
    const shape = broadcastShapes(x.shape, inputOf(context, 1).shape);
    // The slope alone may be broadcast (the standard's "unidirectional").
    if (!shape || shape.length !== x.shape.length || shape.some((length, axis) => length !== x.shape[axis]))
      throw mismatch(context, 'the slope does not broadcast to the input');
    return [{ dtype: x.dtype, shape }];
  },
  Where: broadcast(3, undefined, 1),
  Cast: (context) => {
    const { to } = context.attributes;
    if (typeof to !== 'number')
      throw new OnnxError('missing_attribute', `Cast "${context.node}" lacks its attribute "to".`);
    return [{ dtype: dtypeOfNumber(to), shape: inputOf(context, 0).shape }];
  },
  CastLike: (context) => [{ dtype: inputOf(context, 1).dtype, shape: inputOf(context, 0).shape }],
  Dropout: (context) => {
    const { dtype, shape } = inputOf(context, 0);
    return [
      { dtype, shape },
      { dtype: 'bool', shape },
    ];
  },
};
