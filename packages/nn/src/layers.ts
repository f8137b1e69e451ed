import { float, type Value } from '@fovea/onnx';
import { constantInit, heInit, type Initializer } from './initializers.js';
import type { BuildContext } from './parameters.js';

/** Settings of a convolution. */
export interface ConvOptions {
  readonly kernel?: number;
  readonly stride?: number;
  /** A bias per output channel; leave it out before a normalization. */
  readonly bias?: number;
  readonly init?: Initializer;
}

/** Convolution of x [N, C, H, W] to [N, `channels`, H / stride, W / stride], padded so that sizes halve exactly. */
export function conv(
  context: BuildContext,
  name: string,
  x: Value,
  channels: number,
  options: ConvOptions = {},
): Value {
  const { kernel = 3, stride = 1, bias, init = heInit } = options;
  const weight = context.source.parameter(`${name}.weight`, [channels, x.shape[1]!, kernel, kernel], init);
  const inputs = [x, weight];
  if (bias !== undefined) inputs.push(context.source.parameter(`${name}.bias`, [channels], constantInit(bias), false));
  const pad = Math.floor(kernel / 2);
  return context.graph.node('Conv', inputs, {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
  });
}

/**
 * Batch normalization over N, H, W (Ioffe & Szegedy 2015, arXiv:1502.03167). Training uses the batch's statistics and
 * records them in `context.statistics`; otherwise the running ones are used.
 */
export function batchNorm(context: BuildContext, name: string, x: Value, scale = 1): Value {
  const { graph, source, training, statistics } = context;
  const channels = [x.shape[1]!];
  const gamma = source.parameter(`${name}.scale`, channels, constantInit(scale), false);
  const beta = source.parameter(`${name}.bias`, channels, constantInit(0), false);
  const mean = source.buffer(`${name}.mean`, channels, constantInit(0));
  const variance = source.buffer(`${name}.variance`, channels, constantInit(1));
  const epsilon = float(1e-5);
  if (!training) return graph.node('BatchNormalization', [x, gamma, beta, mean, variance], { epsilon });
  // In training mode the operator writes over its two statistics inputs, and ONNX Runtime's optimizer merges
  // initializers of equal contents: each gets contents no other initializer has. With momentum 0 they do not matter.
  const own = graph.initializers.size + 1;
  const scratch = (value: number) =>
    graph.constant({ dtype: 'float32', shape: channels, data: new Float32Array(channels[0]!).fill(value) });
  const [y, batchMean, batchVariance] = graph.nodesOf(
    'BatchNormalization',
    [x, gamma, beta, scratch(-own - 0.25), scratch(own + 0.25)],
    { epsilon, momentum: float(0), training_mode: 1 },
    3,
  );
  statistics.set(`${name}.mean`, batchMean!);
  statistics.set(`${name}.variance`, batchVariance!);
  return y!;
}

/** Convolution, batch normalization, ReLU. */
export function convUnit(
  context: BuildContext,
  name: string,
  x: Value,
  channels: number,
  options: ConvOptions = {},
): Value {
  const normalized = batchNorm(context, `${name}.norm`, conv(context, name, x, channels, options));
  return context.graph.node('Relu', [normalized]);
}

/** Two 3x3 convolutions around a shortcut (He et al. 2016, arXiv:1512.03385); the branch starts at zero. */
export function residualBlock(context: BuildContext, name: string, x: Value): Value {
  const channels = x.shape[1]!;
  const inner = convUnit(context, `${name}.first`, x, channels);
  const branch = batchNorm(context, `${name}.second.norm`, conv(context, `${name}.second`, inner, channels), 0);
  return context.graph.node('Relu', [context.graph.node('Add', [x, branch])]);
}

/** Doubles height and width by repeating pixels; by factors and not sizes, so that the batch may be of any length. */
export function upsample({ graph }: BuildContext, x: Value): Value {
  const factors = graph.constant({ dtype: 'float32', shape: [4], data: Float32Array.of(1, 1, 2, 2) }, 'factors');
  return graph.node('Resize', [x, null, factors], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}
