import { intAttribute } from '../graph.js';
import { normalizeAxis } from '../infer/rule.js';
import { sizeOf } from '../tensor.js';
import { elementsOf, fill } from './elements.js';
import type { Evaluator } from './evaluator.js';

/** y = (x - zeroPoint) * scale, by tensor or by position along `axis`. */
const dequantizeLinear: Evaluator = (node, [x, scale, zero]) => {
  if (!x || !scale) return undefined;
  const count = sizeOf(scale.shape);
  const rank = x.shape.length;
  const axis = count === 1 ? 0 : normalizeAxis(intAttribute(node.attributes, 'axis', 1), rank);
  if (count !== 1 && x.shape[axis] !== count) return undefined;
  const inner = count === 1 ? 1 : sizeOf(x.shape.slice(axis + 1));
  const values = elementsOf(x);
  const scales = elementsOf(scale);
  const zeros = zero ? elementsOf(zero) : undefined;
  return [
    fill(scale.dtype, x.shape, (i) => {
      const at = count === 1 ? 0 : Math.floor(i / inner) % count;
      return (Number(values[i]) - Number(zeros?.[at] ?? 0)) * Number(scales[at]);
    }),
  ];
};

/** Operators between quantized and real tensors, at operator set 17. */
export const quantize: Record<string, Evaluator> = { DequantizeLinear: dequantizeLinear };
