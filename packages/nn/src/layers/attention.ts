import type { Value } from '@fovea/onnx';
import { NnError } from '../error.js';
import type { BuildContext } from '../parameters.js';
import { linear } from './linear.js';

/**
 * Multi-head self-attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2): per head softmax(q k^T / sqrt(d)) v with
 * d = D / heads, the heads side by side through a last linear layer.
 *
 * Parameters: `name.qkv`, linear to 3 D; `name.out`, linear to D.
 *
 * @param x tokens, float32 [N, T, D].
 * @param heads a divisor of D.
 * @returns [N, T, D].
 * @throws NnError `invalid_option`.
 */
export function attention(context: BuildContext, name: string, x: Value, heads: number): Value {
  const { graph } = context;
  const [, tokens, width] = x.shape as [number, number, number];
  if (width % heads !== 0)
    throw new NnError('invalid_option', `${heads} heads do not divide tokens of ${width} numbers evenly.`);
  const each = width / heads;
  const joined = linear(context, `${name}.qkv`, x, 3 * width);
  const [q, k, v] = graph.nodesOf('Split', [joined, graph.ints([width, width, width])], { axis: 2 }, 3);
  // [N, T, D] to [N, heads, T, d]; k is laid out as [N, heads, d, T] at once.
  const split = (value: Value, perm: readonly number[]) => {
    const parts = graph.node('Reshape', [value, graph.ints([-1, tokens, heads, each])]);
    return graph.node('Transpose', [parts], { perm });
  };
  const scaled = graph.node('Mul', [q!, graph.scalar(1 / Math.sqrt(each))]);
  const scores = graph.node('MatMul', [split(scaled, [0, 2, 1, 3]), split(k!, [0, 2, 3, 1])]);
  const mixed = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: -1 }), split(v!, [0, 2, 1, 3])]);
  const beside = graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] });
  return linear(context, `${name}.out`, graph.node('Reshape', [beside, graph.ints([-1, tokens, width])]), width);
}
