import { float, tensorOf } from '@fovea/onnx';
import { caseOf, type GradientCase, on } from './case.js';

const training = (shape: readonly number[]) =>
  caseOf('BatchNormalization', `training, [${shape}]`, [shape, [shape[1]!], [shape[1]!]], (g, x, scale, bias) => {
    // Contents of their own, or ONNX Runtime merges them with other constants, and the operator writes over them.
    const statistic = (value: number) => g.constant(tensorOf(x.dtype, new Array(shape[1]!).fill(value)));
    const inputs = [x, scale, bias, statistic(-7.25), statistic(7.25)];
    return g.nodesOf('BatchNormalization', inputs, { momentum: float(0), training_mode: 1 }, 3)[0]!;
  });

const frozen = (shape: readonly number[], epsilon = 1e-5) =>
  caseOf(
    'BatchNormalization',
    `frozen, [${shape}], epsilon ${epsilon}`,
    [shape, [shape[1]!], [shape[1]!]],
    (g, x, scale, bias) => {
      const statistic = (first: number) =>
        g.constant(
          tensorOf(
            x.dtype,
            Array.from({ length: shape[1]! }, (_, i) => first / (i + 1)),
          ),
        );
      return g.node('BatchNormalization', [x, scale, bias, statistic(0.3), statistic(2)], { epsilon: float(epsilon) });
    },
  );

/** Normalizations. */
export const normalizationCases: readonly GradientCase[] = [
  training([4, 2, 3, 3]),
  training([6, 3]),
  training([3, 2, 4]),
  frozen([2, 2, 3]),
  frozen([2, 3, 2, 2], 0.1),
  frozen([3, 2]),
  ...(
    [
      [2, 3, 4],
      [2, 3, 2, 3],
      [1, 1, 5],
    ] as const
  ).map((shape) =>
    caseOf(
      'InstanceNormalization',
      `[${shape}]`,
      [[...shape], [shape[1]], [shape[1]]],
      on('InstanceNormalization', { epsilon: float(0.01) }),
    ),
  ),
  ...[-1, 1, 0].map((axis) =>
    caseOf(
      'LayerNormalization',
      `axis ${axis}`,
      [[2, 3, 4], [2, 3, 4].slice(axis), [2, 3, 4].slice(axis)],
      on('LayerNormalization', { axis }),
    ),
  ),
  caseOf('LayerNormalization', 'no bias', [[3, 5], [5]], on('LayerNormalization', { epsilon: float(0.01) })),
  caseOf('LayerNormalization', 'one row', [[5], [5], [5]], on('LayerNormalization'), { alias: false }),
  caseOf(
    'LayerNormalization',
    'statistics given too',
    [[3, 5], [5], [5]],
    (g, ...inputs) => g.nodesOf('LayerNormalization', inputs, {}, 3)[0]!,
  ),
  caseOf('LayerNormalization', 'no rows', [[0, 5], [5], [5]], on('LayerNormalization'), { alias: false }),
  caseOf('LayerNormalization', 'axis of size 1', [[3, 1], [1], [1]], on('LayerNormalization'), { alias: false }),
  ...[1, 2, 4].map((groups) =>
    caseOf(
      'GroupNormalization',
      `of operator set 21, ${groups} groups`,
      [[2, 4, 2, 3], [4], [4]],
      on('GroupNormalization', { num_groups: groups, stash_type: 11 }),
      { opset: 21 },
    ),
  ),
  caseOf(
    'GroupNormalization',
    'of operator set 18, 2 groups',
    [[2, 4, 3], [2], [2]],
    on('GroupNormalization', { num_groups: 2 }),
    { opset: 18 },
  ),
];
