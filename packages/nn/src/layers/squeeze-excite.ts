import type { Value } from '@fovea/onnx';
import type { BuildContext } from '../parameters.js';
import { type Activation, activation } from './activation.js';
import { conv } from './conv.js';

/** Settings of squeeze-and-excitation. */
export interface SqueezeExciteOptions {
  /** By what channels are divided inside, 4 by default; at least 8 are kept. */
  readonly reduction?: number;
  /** Activation inside, ReLU by default. */
  readonly activation?: Activation;
}

/**
 * Squeeze-and-excitation (Hu, Shen & Sun 2018, arXiv:1709.01507): each channel of x [N, C, H, W] is multiplied by a weight
 * in (0, 1), computed from the means of all channels by two linear layers, `name.reduce` and `name.expand`.
 */
export function squeezeExcite(
  context: BuildContext,
  name: string,
  x: Value,
  { reduction = 4, activation: inner = 'relu' }: SqueezeExciteOptions = {},
): Value {
  const { graph } = context;
  const channels = x.shape[1]!;
  const inside = Math.min(channels, Math.max(8, Math.round(channels / reduction)));
  const squeezed = graph.node('GlobalAveragePool', [x]);
  const reduced = conv(context, `${name}.reduce`, squeezed, inside, { kernel: 1, bias: 0 });
  const expanded = conv(context, `${name}.expand`, activation(context, reduced, inner), channels, {
    kernel: 1,
    bias: 0,
  });
  return graph.node('Mul', [x, activation(context, expanded, 'sigmoid')]);
}
