import { intAttribute } from '../graph.js';
import {
  axisOf,
  type InferenceRule,
  inputOf,
  mismatch,
  normalizeAxis,
  requiredConstantOf,
  requireRank,
  sameAsFirst,
} from './rule.js';
import { axesOf } from './shape.js';

const reduce: InferenceRule = (context) => {
  const x = inputOf(context, 0);
  const given = axesOf(context, 1);
  if (!given?.length && intAttribute(context.attributes, 'noop_with_empty_axes', 0) === 1)
    return [{ dtype: x.dtype, shape: x.shape }];
  const all = x.shape.map((_, i) => i);
  const axes = new Set((given?.length ? given : all).map((a) => normalizeAxis(a, x.shape.length, context.node)));
  const keep = intAttribute(context.attributes, 'keepdims', 1) === 1;
  const shape = x.shape.flatMap((length, axis) => (axes.has(axis) ? (keep ? [1] : []) : [length]));
  return [{ dtype: x.dtype, shape }];
};

const argument: InferenceRule = (context) => {
  const x = inputOf(context, 0);
  const axis = axisOf(context, 0, x.shape.length);
  const keep = intAttribute(context.attributes, 'keepdims', 1) === 1;
  return [{ dtype: 'int64', shape: x.shape.flatMap((n, i) => (i === axis ? (keep ? [1] : []) : [n])) }];
};

const reductions = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'];

/** Operators that reduce, rank or accumulate along axes. */
export const reducing: Record<string, InferenceRule> = {
  ...Object.fromEntries(reductions.map((name) => [`Reduce${name}`, reduce])),
  ArgMax: argument,
  ArgMin: argument,
  CumSum: (context) => {
    const x = requireRank(context, 1);
    const axis = context.tensorOf(inputOf(context, 1));
    if (axis) normalizeAxis(Number(axis.data[0]), x.shape.length, context.node);
    return sameAsFirst(context);
  },
  TopK: (context) => {
    const x = requireRank(context, 1);
    const k = requiredConstantOf(context, 1)[0]!;
    const axis = axisOf(context, -1, x.shape.length);
    if (!(k >= 0 && k <= x.shape[axis]!)) throw mismatch(context, `k is ${k}, of ${x.shape[axis]} elements`);
    const shape = x.shape.map((n, i) => (i === axis ? k : n));
    return [
      { dtype: x.dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
};
