import type { Value } from '@fovea/onnx';
import type { BuildContext } from '../parameters.js';
import { type Activation, activation } from './activation.js';
import { batchNorm } from './batch-norm.js';
import { type ConvOptions, conv } from './conv.js';

/** Settings of a convolution with normalization and activation. */
export interface ConvUnitOptions extends ConvOptions {
  /** ReLU by default. */
  readonly activation?: Activation;
}

/** Convolution, batch normalization, activation. Parameters as of `conv`, and of `batchNorm` under `name.norm`. */
export function convUnit(
  context: BuildContext,
  name: string,
  x: Value,
  channels: number,
  options: ConvUnitOptions = {},
): Value {
  const normalized = batchNorm(context, `${name}.norm`, conv(context, name, x, channels, options));
  return activation(context, normalized, options.activation ?? 'relu');
}
