import type { Value } from '@fovea/onnx';
import type { BuildContext } from '../parameters.js';

/** By factors and not sizes, so that the batch may be of any length. */
const factors = ({ graph }: BuildContext, factor: number) =>
  graph.constant({ dtype: 'float32', shape: [4], data: Float32Array.of(1, 1, factor, factor) }, 'factors');

/** Multiplies height and width of x [N, C, H, W] by a whole `factor`, repeating pixels. */
export function upsample(context: BuildContext, x: Value, factor = 2): Value {
  return context.graph.node('Resize', [x, null, factors(context, factor)], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

/**
 * Multiplies height and width of x [N, C, H, W] by a whole `factor`, between pixels in a line: bilinear, pixels being areas
 * whose centres lie at halves, as PyTorch's `interpolate` with `align_corners=False`.
 */
export function upsampleLinear(context: BuildContext, x: Value, factor = 2): Value {
  return context.graph.node('Resize', [x, null, factors(context, factor)], {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
  });
}
