import type { Value } from '@fovea/onnx';
import { type Activation, activation } from './activation.js';
import { attention } from './attention.js';
import { dropPath, type RandomContext } from './dropout.js';
import { layerNorm } from './layer-norm.js';
import { linear } from './linear.js';

/** Settings of a block of a vision transformer. */
export interface VitBlockOptions {
  readonly heads: number;
  /** Width inside the second branch, as a multiple of D; 4 by default. */
  readonly expansion?: number;
  /** GELU by default. */
  readonly activation?: Activation;
  /** Probability that a branch is left out in training (stochastic depth), 0 by default. */
  readonly dropPath?: number;
}

/**
 * Block of a vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929, equations 2 and 3): x' = x + attention(norm(x)),
 * then x' + mlp(norm(x')), with two linear layers in mlp.
 *
 * @param x tokens, float32 [N, T, D].
 * @returns [N, T, D].
 */
export function vitBlock(context: RandomContext, name: string, x: Value, options: VitBlockOptions): Value {
  const { heads, expansion = 4, activation: kind = 'gelu', dropPath: rate = 0 } = options;
  const { graph } = context;
  const width = x.shape.at(-1)!;
  const attended = attention(context, `${name}.attention`, layerNorm(context, `${name}.norm1`, x), heads);
  const middle = graph.node('Add', [x, dropPath(context, `${name}.attention`, attended, rate)]);
  const wide = linear(context, `${name}.expand`, layerNorm(context, `${name}.norm2`, middle), width * expansion);
  const branch = linear(context, `${name}.project`, activation(context, wide, kind), width);
  return graph.node('Add', [middle, dropPath(context, `${name}.mlp`, branch, rate)]);
}
