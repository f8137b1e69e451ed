import type { Value } from '@fovea/onnx';
import type { BuildContext } from '../parameters.js';

/** Settings of pooling. */
export interface PoolOptions {
  /** Height and width of the window, 2 by default. */
  readonly kernel?: number;
  /** By default the kernel: windows do not overlap. */
  readonly stride?: number;
  /** Pixels added on each side, 0 by default; they count neither as a maximum nor in a mean. */
  readonly padding?: number;
}

function windows({ kernel = 2, stride = kernel, padding = 0 }: PoolOptions) {
  return {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  };
}

/** The largest of each window of x [N, C, H, W]: [N, C, floor((H + 2 padding - kernel) / stride) + 1, …]. */
export function maxPool({ graph }: BuildContext, x: Value, options: PoolOptions = {}): Value {
  return graph.node('MaxPool', [x], windows(options));
}

/** The mean of each window of x [N, C, H, W]: [N, C, floor((H + 2 padding - kernel) / stride) + 1, …]. */
export function averagePool({ graph }: BuildContext, x: Value, options: PoolOptions = {}): Value {
  return graph.node('AveragePool', [x], { ...windows(options), count_include_pad: 0 });
}

/** The mean of each channel of x [N, C, H, W]: [N, C], ready for `linear`. */
export function globalAveragePool({ graph }: BuildContext, x: Value): Value {
  return graph.node('Flatten', [graph.node('GlobalAveragePool', [x])], { axis: 1 });
}

/** The maximum of each channel of x [N, C, H, W]: [N, C]. */
export function globalMaxPool({ graph }: BuildContext, x: Value): Value {
  return graph.node('Flatten', [graph.node('GlobalMaxPool', [x])], { axis: 1 });
}
