import type { Value } from '@fovea/onnx';
import type { BuildContext } from '../parameters.js';
import type { Activation } from './activation.js';
import { convUnit } from './conv-unit.js';
import { squeezeExcite } from './squeeze-excite.js';

/** Settings of an inverted residual block. */
export interface InvertedResidualOptions {
  readonly stride?: 1 | 2;
  /** Channels inside, as a multiple of those that come in; 6 by default. */
  readonly expansion?: number;
  /** Of the depthwise convolution, 3 by default. */
  readonly kernel?: number;
  /** ReLU6 by default, as in MobileNetV2. */
  readonly activation?: Activation;
  /** Channels are weighted inside by their means over the picture (MobileNetV3), with this reduction. */
  readonly squeeze?: number;
}

/**
 * Inverted residual block (Sandler et al. 2018, arXiv:1801.04381): 1x1 to more channels, depthwise convolution, 1x1 to
 * `channels` without activation; around it a shortcut, where the shape stays. [N, C, H, W] to [N, channels, H / stride, W /
 * stride].
 */
export function invertedResidual(
  context: BuildContext,
  name: string,
  x: Value,
  channels: number,
  options: InvertedResidualOptions = {},
): Value {
  const { stride = 1, expansion = 6, kernel = 3, activation = 'relu6', squeeze } = options;
  const inside = Math.round(x.shape[1]! * expansion);
  let y = expansion === 1 ? x : convUnit(context, `${name}.expand`, x, inside, { kernel: 1, activation });
  y = convUnit(context, `${name}.depthwise`, y, inside, { kernel, stride, groups: inside, activation });
  if (squeeze) y = squeezeExcite(context, `${name}.squeeze`, y, { reduction: squeeze });
  y = convUnit(context, `${name}.project`, y, channels, { kernel: 1, activation: 'identity' });
  return stride === 1 && x.shape[1] === channels ? context.graph.node('Add', [x, y]) : y;
}
