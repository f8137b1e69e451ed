import {
  type GraphBuilder,
  intAttribute,
  intsAttribute,
  normalizeAxis,
  numbersOf,
  sizeOf,
  tensorOf,
  type Value,
} from '@fovea/onnx';
import { filled, scaled } from '../broadcast.js';
import { alongAxis } from '../product.js';
import { repeatFactor, resampleRows, samplingOf, scalesOf, transposedMatrix } from '../resample.js';
import { type GradientRule, uncovered } from '../rule.js';

type Rows = NonNullable<ReturnType<typeof resampleRows>>;

/** Blocks of factors summed: an average pool over the last axes, which is the fastest sum of blocks. */
function blockSums(graph: GraphBuilder, g: Value, factors: readonly number[]): Value {
  const kernel = [...factors];
  const mean = graph.node('AveragePool', [g], { kernel_shape: kernel, strides: kernel });
  return scaled(graph, mean, sizeOf(kernel));
}

/**
 * d Resize: every mode multiplies each axis by a matrix (nearest, linear and cubic, any coordinates), so the gradient is
 * multiplied by the transposed ones. Pixels repeated by whole factors are summed in blocks.
 */
export const resize: GradientRule = ({ graph, node, inputs: [x, roi, scales], outputs: [y], gradients: [g] }) => {
  const { attributes } = node;
  if (intAttribute(attributes, 'antialias', 0) === 1) throw uncovered(node, 'smooths while it shrinks (antialias)');
  if (sizeOf(x!.shape) === 0 || sizeOf(y!.shape) === 0) return [filled(graph, x!.dtype, x!.shape, 0)];
  const rank = x!.shape.length;
  const numbers = (value: Value | null | undefined) => (value ? numbersOf(graph.tensorOf(value)!) : undefined);
  const axes = intsAttribute(attributes, 'axes')?.map((axis) => normalizeAxis(axis, rank)) ?? [...x!.shape.keys()];
  const region = numbers(roi);
  const sampling = samplingOf(
    attributes,
    scalesOf(x!.shape, y!.shape, axes, numbers(scales)),
    region?.length === 2 * rank ? region : undefined,
  );
  if (sampling.coordinates === 'tf_crop_and_resize' && !sampling.region)
    throw uncovered(node, 'crops to a region of some axes only');
  const matrices = x!.shape.map((length, axis): Rows => {
    const rows = resampleRows(sampling, axis, length, y!.shape[axis]!);
    if (!rows) throw uncovered(node, `resizes by mode "${sampling.mode}" and coordinates "${sampling.coordinates}"`);
    return rows;
  });
  const factors = matrices.map((rows, axis) => repeatFactor(rows, x!.shape[axis]!));
  const spatial = factors.slice(2);
  if (rank >= 3 && rank <= 5 && factors[0] === 1 && factors[1] === 1 && spatial.every((factor) => factor > 0))
    return [spatial.every((factor) => factor === 1) ? g! : blockSums(graph, g!, spatial)];
  let result = g!;
  for (let axis = rank - 1; axis >= 0; axis--) {
    if (factors[axis] === 1) continue;
    const length = x!.shape[axis]!;
    const matrix = tensorOf(g!.dtype, transposedMatrix(matrices[axis]!, length), [length, y!.shape[axis]!]);
    result = alongAxis(graph, result, axis, graph.constant(matrix));
  }
  return [result];
};
