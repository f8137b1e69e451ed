import { intAttribute } from '../graph.js';
import { axisOf, type InferenceRule, inputOf, mismatch, requireRank, sameAsFirst } from './rule.js';

const scatterElements: InferenceRule = (context) => {
  const x = requireRank(context, 1);
  axisOf(context, 0, x.shape.length);
  const indices = inputOf(context, 1).shape;
  const updates = inputOf(context, 2).shape;
  if (indices.length !== x.shape.length || indices.some((n, axis) => n !== updates[axis]))
    throw mismatch(context, 'indices and updates must be of one shape, with the axes of the data');
  return sameAsFirst(context);
};

/** Operators that read or write at indices. */
export const gathering: Record<string, InferenceRule> = {
  Gather: (context) => {
    const x = requireRank(context, 1);
    const indices = inputOf(context, 1);
    const axis = axisOf(context, 0, x.shape.length);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  GatherElements: (context) => {
    const x = requireRank(context, 1);
    const indices = inputOf(context, 1);
    axisOf(context, 0, x.shape.length);
    if (indices.shape.length !== x.shape.length) throw mismatch(context, 'the indices must have the axes of the data');
    return [{ dtype: x.dtype, shape: indices.shape }];
  },
  GatherND: (context) => {
    const x = requireRank(context, 1);
    const indices = inputOf(context, 1).shape;
    const batch = intAttribute(context.attributes, 'batch_dims', 0);
    const depth = indices.at(-1);
    if (depth === undefined || batch + depth > x.shape.length || batch >= indices.length)
      throw mismatch(context, `indices of ${depth ?? 0} numbers after ${batch} batch axes do not fit`);
    if (indices.slice(0, batch).some((n, axis) => n !== x.shape[axis])) throw mismatch(context, 'batch axes differ');
    return [{ dtype: x.dtype, shape: [...indices.slice(0, -1), ...x.shape.slice(batch + depth)] }];
  },
  ScatterElements: scatterElements,
  ScatterND: (context) => {
    const x = requireRank(context, 1);
    const indices = inputOf(context, 1).shape;
    const depth = indices.at(-1) ?? 0;
    const wanted = [...indices.slice(0, -1), ...x.shape.slice(depth)];
    const updates = inputOf(context, 2).shape;
    if (depth > x.shape.length || updates.length !== wanted.length || updates.some((n, axis) => n !== wanted[axis]))
      throw mismatch(context, `the updates must be of shape [${wanted}]`);
    return sameAsFirst(context);
  },
};
