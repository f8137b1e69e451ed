import { float, type GraphBuilder, type Shape, tensorOf, type Value } from '@fovea/onnx';
import { caseOf, type GradientCase } from './case.js';

const bySizes =
  (sizes: readonly number[], attributes = {}) =>
  (graph: GraphBuilder, x: Value) =>
    graph.node('Resize', [x, null, null, graph.ints(sizes)], attributes);

const byScales =
  (scales: readonly number[], attributes = {}, roi: readonly number[] | null = null) =>
  (graph: GraphBuilder, x: Value) => {
    const list = (values: readonly number[]) => graph.constant(tensorOf('float32', values));
    return graph.node('Resize', [x, roi && list(roi), list(scales)], attributes);
  };

const shape: Shape = [1, 2, 4, 5];
const nearestModes = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];
const coordinates = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];
const sizes: readonly [string, readonly number[]][] = [
  ['enlarged', [1, 2, 7, 11]],
  ['shrunk', [1, 2, 3, 2]],
  ['twice', [1, 2, 8, 10]],
  ['to one pixel', [1, 2, 1, 1]],
  ['one axis only', [1, 2, 4, 9]],
];

const nearest = [...coordinates, 'tf_half_pixel_for_nn'].flatMap((coordinate) =>
  nearestModes.flatMap((rounding) =>
    sizes
      .slice(0, 3)
      .map(([name, to]) =>
        caseOf(
          'Resize',
          `nearest, ${coordinate}, ${rounding}, ${name}`,
          [shape],
          bySizes(to, { mode: 'nearest', coordinate_transformation_mode: coordinate, nearest_mode: rounding }),
        ),
      ),
  ),
);

const linear = ['linear', 'cubic'].flatMap((mode) =>
  coordinates.flatMap((coordinate) =>
    sizes.map(([name, to]) =>
      caseOf(
        'Resize',
        `${mode}, ${coordinate}, ${name}`,
        [shape],
        bySizes(to, { mode, coordinate_transformation_mode: coordinate }),
      ),
    ),
  ),
);

/** Resize in all its modes. */
export const resamplingCases: readonly GradientCase[] = [
  ...nearest,
  ...[...coordinates, 'tf_half_pixel_for_nn'].flatMap((coordinate) =>
    nearestModes.map((rounding) =>
      caseOf(
        'Resize',
        `nearest, ${coordinate}, ${rounding}, scales 1.7 and 0.6`,
        [shape],
        byScales([1, 1, 1.7, 0.6], {
          mode: 'nearest',
          coordinate_transformation_mode: coordinate,
          nearest_mode: rounding,
        }),
      ),
    ),
  ),
  ...coordinates.map((coordinate) =>
    caseOf(
      'Resize',
      `linear, ${coordinate}, scales 2.3 and 0.7`,
      [shape],
      byScales([1, 1, 2.3, 0.7], { mode: 'linear', coordinate_transformation_mode: coordinate }),
    ),
  ),
  caseOf('Resize', 'linear, no pictures', [[0, 2, 4, 5]], bySizes([0, 2, 8, 10], { mode: 'linear' })),
  caseOf('Resize', 'linear, from one pixel', [[1, 2, 1, 1]], bySizes([1, 2, 3, 4], { mode: 'linear' })),
  ...linear,
  caseOf('Resize', 'nearest, to the same size', [shape], bySizes(shape, { mode: 'nearest' })),
  caseOf(
    'Resize',
    'nearest, 2 x 3',
    [[2, 3, 2, 2]],
    byScales([1, 1, 2, 3], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    }),
  ),
  caseOf('Resize', 'nearest, other axes too', [[2, 2, 3]], bySizes([3, 4, 2], { mode: 'nearest' })),
  caseOf('Resize', 'linear, scales 1.7 and 0.6', [shape], byScales([1, 1, 1.7, 0.6], { mode: 'linear' })),
  caseOf('Resize', 'linear, one-dimensional', [[1, 2, 5]], bySizes([1, 2, 8], { mode: 'linear' })),
  caseOf('Resize', 'linear, a matrix', [[3, 4]], bySizes([5, 3], { mode: 'linear' })),
  caseOf(
    'Resize',
    'cubic, scales, another coefficient',
    [shape],
    byScales([1, 1, 1.7, 2.2], {
      mode: 'cubic',
      cubic_coeff_a: float(-0.5),
    }),
  ),
  caseOf('Resize', 'cubic, outside excluded', [shape], bySizes([1, 2, 7, 9], { mode: 'cubic', exclude_outside: 1 })),
  caseOf(
    'Resize',
    'linear, cropped to a region',
    [shape],
    byScales(
      [1, 1, 2, 2],
      { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' },
      [0, 0, 0.1, -0.2, 1, 1, 0.7, 0.9],
    ),
  ),
];
