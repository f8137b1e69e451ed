import type { Value } from '@fovea/onnx';
import { constantInit, heGroupedInit, type Initializer, normalInit } from '../initializers.js';
import type { BuildContext } from '../parameters.js';

/** Settings of a convolution. */
export interface ConvOptions {
  /** Height and width of the window, 3 by default. */
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
  /** Parts the channels are divided into, each convolved on its own (Xie et al. 2017, arXiv:1611.05431); 1 by default. */
  readonly groups?: number;
  /** Pixels added on each side; by default as many as keep the size at stride 1, for odd kernels. */
  readonly padding?: number;
  /** A bias per output channel, which starts as this; leave it out before a normalization. */
  readonly bias?: number;
  /** He's by default, by the fan-out of a group. */
  readonly init?: Initializer;
}

/**
 * Convolution of x [N, C, H, W] to [N, `channels`, H', W'], padded so that stride 1 keeps the size and stride 2 halves it.
 * Parameters: `name.weight` [channels, C / groups, k, k], `name.bias` [channels] where asked for.
 */
export function conv(
  context: BuildContext,
  name: string,
  x: Value,
  channels: number,
  options: ConvOptions = {},
): Value {
  const { kernel = 3, stride = 1, dilation = 1, groups = 1, bias, init = heGroupedInit(groups) } = options;
  const { padding = Math.floor(((kernel - 1) * dilation + 1) / 2) } = options;
  const shape = [channels, x.shape[1]! / groups, kernel, kernel];
  const inputs = [x, context.source.parameter(`${name}.weight`, shape, init)];
  if (bias !== undefined) inputs.push(context.source.parameter(`${name}.bias`, [channels], constantInit(bias), false));
  return context.graph.node('Conv', inputs, {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    ...(dilation === 1 ? {} : { dilations: [dilation, dilation] }),
    ...(groups === 1 ? {} : { group: groups }),
  });
}

/** Convolution of each channel by itself, a group each (Howard et al. 2017, arXiv:1704.04861): [N, C, H', W']. */
export function depthwiseConv(
  context: BuildContext,
  name: string,
  x: Value,
  options: Omit<ConvOptions, 'groups'> = {},
): Value {
  const channels = x.shape[1]!;
  return conv(context, name, x, channels, { ...options, groups: channels });
}

/** Settings of a transposed convolution. */
export interface ConvTransposeOptions {
  /** Height and width of the window, by default the stride: windows do not overlap then. */
  readonly kernel?: number;
  /** By how much height and width grow, 2 by default. */
  readonly stride?: number;
  readonly bias?: number;
  /** Normal by default, such that the outputs have twice the variance of the inputs, as ReLU halves it. */
  readonly init?: Initializer;
}

/**
 * Transposed convolution of x [N, C, H, W] to [N, `channels`, H stride, W stride] (Dumoulin & Visin 2016, arXiv:1603.07285,
 * chapter 4). Parameters: `name.weight` [C, channels, k, k], `name.bias` [channels] where asked for.
 */
export function convTranspose(
  context: BuildContext,
  name: string,
  x: Value,
  channels: number,
  options: ConvTransposeOptions = {},
): Value {
  const { stride = 2, kernel = stride, bias } = options;
  const inChannels = x.shape[1]!;
  // Each output pixel is reached by (kernel / stride)^2 windows.
  const { init = normalInit(Math.sqrt(2 / (inChannels * (kernel / stride) ** 2))) } = options;
  const inputs = [x, context.source.parameter(`${name}.weight`, [inChannels, channels, kernel, kernel], init)];
  if (bias !== undefined) inputs.push(context.source.parameter(`${name}.bias`, [channels], constantInit(bias), false));
  const excess = Math.max(0, kernel - stride);
  const [before, after] = [Math.floor(excess / 2), Math.ceil(excess / 2)];
  const missing = Math.max(0, stride - kernel);
  return context.graph.node('ConvTranspose', inputs, {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [before, before, after, after],
    ...(missing === 0 ? {} : { output_padding: [missing, missing] }),
  });
}
