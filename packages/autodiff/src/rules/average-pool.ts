import {
  type GraphBuilder,
  intAttribute,
  intsAttribute,
  type Shape,
  sizeOf,
  tensorOf,
  type Value,
  type WindowAttributes,
  windowOf,
} from '@fovea/onnx';
import { filled, scaled } from '../broadcast.js';
import { repeated } from '../reduction.js';
import { type GradientRule, uncovered } from '../rule.js';

interface Pool extends WindowAttributes {
  readonly kernel: readonly number[];
  readonly spatial: Shape;
  readonly output: Shape;
  readonly padsCounted: boolean;
}

/** How many elements the window at each output position averages, along one axis: of the data, or of its pads too. */
function counts({ kernel, strides, pads, spatial, output, padsCounted }: Pool, axis: number): number[] {
  const [low, high] = padsCounted ? [-pads[axis]!, pads[axis + kernel.length]!] : [0, 0];
  return Array.from({ length: output[axis]! }, (_, i) => {
    const start = i * strides[axis]! - pads[axis]!;
    return Math.min(start + kernel[axis]!, spatial[axis]! + high) - Math.max(start, low);
  });
}

/** The outer product of the counts along each axis, as [1, 1, ...output]. */
function sharesOf(graph: GraphBuilder, pool: Pool, dtype: Value['dtype']): Value {
  const numbers = pool.output
    .map((_, axis) => counts(pool, axis))
    .reduce((outer, along) => outer.flatMap((count) => along.map((other) => count * other)), [1]);
  return graph.constant(
    tensorOf(
      dtype,
      numbers.map((count) => 1 / count),
      [1, 1, ...pool.output],
    ),
  );
}

/** Each element of `g` added to the whole window it was averaged from. */
function scattered(graph: GraphBuilder, g: Value, x: Value, pool: Pool): Value {
  const { kernel, strides, pads, spatial, output } = pool;
  const rank = kernel.length;
  const ends = spatial.map((length, i) => (output[i]! - 1) * strides[i]! + kernel[i]! - pads[i]! - length);
  const unpadded = pads.every((pad) => pad === 0) && ends.every((end) => end === 0);
  if (unpadded && output.every((length) => length === 1)) return repeated(graph, g, x.shape);
  if (unpadded && strides.every((stride, i) => stride === kernel[i])) {
    const scales = graph.constant(tensorOf('float32', [1, 1, ...kernel]));
    const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    return graph.node('Resize', [g, null, scales], attributes);
  }
  if (strides.every((stride) => stride === 1)) {
    const turned = [...pads.slice(0, rank), ...ends].map((pad, i) => kernel[i % rank]! - 1 - pad);
    const attributes = { kernel_shape: [...kernel], pads: turned, count_include_pad: 1 };
    if (turned.every((pad) => pad >= 0))
      return scaled(graph, graph.node('AveragePool', [g], attributes), sizeOf(kernel));
  }
  const channels = x.shape[1]!;
  return graph.node('ConvTranspose', [g, filled(graph, x.dtype, [channels, 1, ...kernel], 1)], {
    group: channels,
    strides: [...strides],
    pads: [...pads.slice(0, rank), ...ends.map((end) => Math.max(end, 0))],
    output_padding: ends.map((end) => Math.max(-end, 0)),
  });
}

/**
 * d AveragePool: each gradient, over the number of elements in its window, added to all of them. Repeated where windows
 * do not overlap, pooled again at stride 1, a ConvTranspose by ones otherwise.
 */
export const averagePool: GradientRule = ({ graph, node, inputs: [x], outputs: [y], gradients: [g] }) => {
  const { attributes } = node;
  const kernel = intsAttribute(attributes, 'kernel_shape')!;
  const spatial = x!.shape.slice(2);
  const pool: Pool = {
    ...windowOf(attributes, spatial, kernel),
    kernel,
    spatial,
    output: y!.shape.slice(2),
    padsCounted: intAttribute(attributes, 'count_include_pad', 0) === 1,
  };
  if (pool.dilations.some((dilation) => dilation !== 1)) throw uncovered(node, 'has dilations');
  if (sizeOf(x!.shape) === 0) return [filled(graph, x!.dtype, x!.shape, 0)];
  const full = sizeOf(kernel);
  const whole = kernel.every((size, axis) => counts(pool, axis).every((count) => count === size));
  const share = whole ? scaled(graph, g!, 1 / full) : graph.node('Mul', [g!, sharesOf(graph, pool, g!.dtype)]);
  return [scattered(graph, share, x!, pool)];
};
