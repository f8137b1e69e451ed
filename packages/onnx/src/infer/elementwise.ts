import type { DType } from '../tensor.js';
import { dtypeOfNumber } from '../tensor.js';
import { broadcastShapes, type InferenceRule, inputOf, mismatch } from './rule.js';

const same: InferenceRule = (context) => {
  const { dtype, shape } = inputOf(context, 0);
  return [{ dtype, shape }];
};

function broadcast(dtype?: DType, typedBy = 0): InferenceRule {
  return (context) => {
    const inputs = context.inputs.filter((input) => input !== null);
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
const binary = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'Mean', 'Sum', 'PRelu', 'And', 'Or', 'Mod'];
const comparisons = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'];

/** Operators that work element by element. */
export const elementwise: Record<string, InferenceRule> = {
  ...Object.fromEntries(unary.map((name) => [name, same])),
  ...Object.fromEntries(binary.map((name) => [name, broadcast()])),
  ...Object.fromEntries(comparisons.map((name) => [name, broadcast('bool')])),
  Where: broadcast(undefined, 1),
  IsNaN: (context) => [{ dtype: 'bool', shape: inputOf(context, 0).shape }],
  Cast: (context) => [{ dtype: dtypeOfNumber(context.attributes.to as number), shape: inputOf(context, 0).shape }],
};
