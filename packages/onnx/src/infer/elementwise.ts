import type { DType } from '../tensor.js';
import { dtypeOfNumber } from '../tensor.js';
import { broadcastShapes, type InferenceRule, inputOf, mismatch } from './rule.js';

const same: InferenceRule = (context) => {
  const { dtype, shape } = inputOf(context, 0);
  return [{ dtype, shape }];
};

function broadcast(least: number, dtype?: DType, typedBy = 0): InferenceRule {
  return (context) => {
    const count = Math.max(least, context.inputs.length);
    const inputs = Array.from({ length: count }, (_, i) => inputOf(context, i));
    const shape = broadcastShapes(...inputs.map((input) => input.shape));
    if (!shape) throw mismatch(context, 'they do not broadcast to one another');
    return [{ dtype: dtype ?? inputOf(context, typedBy).dtype, shape }];
  };
}

const unary = [
  'Identity',
  'Neg',
  'Abs',
  'Exp',
  'Log',
  'Sqrt',
  'Reciprocal',
  'Relu',
  'LeakyRelu',
  'Elu',
  'HardSigmoid',
  'HardSwish',
  'Sigmoid',
  'Tanh',
  'Softplus',
  'Erf',
  'Sign',
  'Floor',
  'Ceil',
  'Round',
  'Not',
  'Softmax',
  'LogSoftmax',
  'Clip',
  'CumSum',
  'Gelu',
  'Mish',
  'QuickGelu',
];
const binary = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'PRelu', 'And', 'Or', 'Mod'];
const variadic = ['Min', 'Max', 'Mean', 'Sum'];
const comparisons = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'];

/** Operators that work element by element. */
export const elementwise: Record<string, InferenceRule> = {
  ...Object.fromEntries(unary.map((name) => [name, same])),
  ...Object.fromEntries(binary.map((name) => [name, broadcast(2)])),
  ...Object.fromEntries(variadic.map((name) => [name, broadcast(1)])),
  ...Object.fromEntries(comparisons.map((name) => [name, broadcast(2, 'bool')])),
  Where: broadcast(3, undefined, 1),
  IsNaN: (context) => [{ dtype: 'bool', shape: inputOf(context, 0).shape }],
  Cast: (context) => [{ dtype: dtypeOfNumber(context.attributes.to as number), shape: inputOf(context, 0).shape }],
};
