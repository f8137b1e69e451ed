import { intAttribute } from '../graph.js';
import { dtypeOfNumber } from '../tensor.js';
import { type InferenceRule, inputOf, mismatch, type NodeContext, normalizeAxis, unsupported } from './rule.js';

function checkScale(context: NodeContext): void {
  const x = inputOf(context, 0);
  const scale = inputOf(context, 1);
  if (intAttribute(context.attributes, 'block_size', 0) !== 0) throw unsupported(context, 'quantizes in blocks');
  if (scale.shape.length === 0 || (scale.shape.length === 1 && scale.shape[0] === 1)) return;
  const axis = normalizeAxis(intAttribute(context.attributes, 'axis', 1), x.shape.length, context.node);
  if (scale.shape.length !== 1 || scale.shape[0] !== x.shape[axis])
    throw mismatch(context, `the scale must be one number, or one for each of ${x.shape[axis]} along axis ${axis}`);
}

/** Operators to and from quantized numbers. */
export const quantizing: Record<string, InferenceRule> = {
  QuantizeLinear: (context) => {
    checkScale(context);
    const { output_dtype: given } = context.attributes;
    const dtype = context.inputs[2]?.dtype ?? (typeof given === 'number' && given ? dtypeOfNumber(given) : 'uint8');
    return [{ dtype, shape: inputOf(context, 0).shape }];
  },
  DequantizeLinear: (context) => {
    checkScale(context);
    return [{ dtype: inputOf(context, 1).dtype, shape: inputOf(context, 0).shape }];
  },
  DynamicQuantizeLinear: (context) => [
    { dtype: 'uint8', shape: inputOf(context, 0).shape },
    { dtype: 'float32', shape: [] },
    { dtype: 'uint8', shape: [] },
  ],
};
