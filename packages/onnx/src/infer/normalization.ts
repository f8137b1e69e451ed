import { intAttribute } from '../graph.js';
import type { DType } from '../tensor.js';
import { axisOf, type InferenceRule, inputOf, mismatch, type NodeContext, requireRank, sameAsFirst } from './rule.js';

function perChannel(context: NodeContext, from: number, to: number, channels: number): void {
  for (let i = from; i <= to; i++) {
    const { shape } = inputOf(context, i);
    if (shape.length !== 1 || shape[0] !== channels)
      throw mismatch(context, `input ${i} must have one number for each of ${channels} channels`);
  }
}

/** Normalizations. */
export const normalizations: Record<string, InferenceRule> = {
  BatchNormalization: (context) => {
    const x = requireRank(context, 2);
    perChannel(context, 1, 4, x.shape[1]!);
    const statistic = { dtype: inputOf(context, 3).dtype, shape: inputOf(context, 3).shape };
    return [{ dtype: x.dtype, shape: x.shape }, statistic, statistic];
  },
  InstanceNormalization: (context) => {
    const x = requireRank(context, 3);
    perChannel(context, 1, 2, x.shape[1]!);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  LayerNormalization: (context) => {
    const x = requireRank(context, 1);
    const axis = axisOf(context, -1, x.shape.length);
    const shape = x.shape.map((length, i) => (i < axis ? length : 1));
    // Statistics are float32 whatever the input is: the attribute stash_type has no other value here.
    const dtype: DType = 'float32';
    return [
      { dtype: x.dtype, shape: x.shape },
      { dtype, shape },
      { dtype, shape },
    ];
  },
  GroupNormalization: (context) => {
    const x = requireRank(context, 3);
    const groups = intAttribute(context.attributes, 'num_groups', 0);
    if (groups < 1 || x.shape[1]! % groups !== 0)
      throw mismatch(context, `${x.shape[1]} channels do not share into ${groups} groups`);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  MeanVarianceNormalization: sameAsFirst,
  LpNormalization: sameAsFirst,
};
