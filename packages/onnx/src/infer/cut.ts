import { intAttribute } from '../graph.js';
import type { Shape } from '../tensor.js';
import {
  axisOf,
  constantOf,
  type InferenceRule,
  inputOf,
  mismatch,
  normalizeAxis,
  requiredConstantOf,
  requireRank,
} from './rule.js';
import { axesOf } from './shape.js';

/** What a Slice takes of one axis: elements `start`, `start + step`, …, `length` of them. */
export interface SliceRange {
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/**
 * What a Slice takes of each axis of `shape`, with negative positions counted from the end and all clamped, as the
 * standard and ONNX Runtime do.
 */
export function sliceRanges(
  shape: Shape,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = starts.map((_, i) => i),
  steps: readonly number[] = starts.map(() => 1),
  node?: string,
): SliceRange[] {
  const ranges: SliceRange[] = shape.map((length) => ({ start: 0, step: 1, length }));
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, shape.length, node);
    const length = shape[axis]!;
    const step = steps[i]!;
    const high = step > 0 ? length : length - 1;
    const clamp = (at: number, low: number) => Math.min(Math.max(at < 0 ? at + length : at, low), high);
    const start = clamp(starts[i]!, 0);
    const end = clamp(ends[i]!, step > 0 ? 0 : -1);
    ranges[axis] = { start, step, length: Math.max(0, Math.ceil((end - start) / step)) };
  });
  return ranges;
}

/** Operators that join, cut and pad. */
export const cutting: Record<string, InferenceRule> = {
  Concat: (context) => {
    const first = requireRank(context, 1);
    const axis = axisOf(context, 0, first.shape.length);
    const shape = [...first.shape];
    for (const input of context.inputs.slice(1)) {
      if (input?.shape.length !== shape.length || input.shape.some((n, i) => i !== axis && n !== shape[i]))
        throw mismatch(context, `they differ off axis ${axis}`);
      shape[axis]! += input.shape[axis]!;
    }
    return [{ dtype: first.dtype, shape }];
  },
  Split: (context) => {
    const x = requireRank(context, 1);
    const axis = axisOf(context, 0, x.shape.length);
    const length = x.shape[axis]!;
    // Without sizes the parts are equal; the last may be smaller.
    const part = Math.ceil(length / context.outputs);
    const sizes =
      axesOf(context, 1, 'split') ??
      Array.from({ length: context.outputs }, (_, i) => Math.max(0, Math.min(part, length - i * part)));
    if (sizes.reduce((a, b) => a + b, 0) !== length) throw mismatch(context, `parts [${sizes}] do not add up`);
    if (sizes.length < context.outputs) throw mismatch(context, `${sizes.length} parts, ${context.outputs} outputs`);
    return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((n, i) => (i === axis ? size : n)) }));
  },
  Slice: (context) => {
    const x = requireRank(context, 1);
    const steps = constantOf(context, 4);
    if (steps?.includes(0)) throw mismatch(context, 'a step of 0 leads nowhere');
    const ranges = sliceRanges(
      x.shape,
      requiredConstantOf(context, 1),
      requiredConstantOf(context, 2),
      constantOf(context, 3),
      steps,
      context.node,
    );
    return [{ dtype: x.dtype, shape: ranges.map(({ length }) => length) }];
  },
  Pad: (context) => {
    const x = inputOf(context, 0);
    const pads = axesOf(context, 1, 'pads') ?? requiredConstantOf(context, 1);
    const rank = x.shape.length;
    const axes = constantOf(context, 3)?.map((a) => normalizeAxis(a, rank, context.node)) ?? x.shape.map((_, i) => i);
    if (pads.length !== 2 * axes.length) throw mismatch(context, `pads [${pads}] are not two per axis`);
    const shape = [...x.shape];
    axes.forEach((axis, i) => {
      shape[axis]! += pads[i]! + pads[i + axes.length]!;
    });
    if (shape.some((length) => length < 0)) throw mismatch(context, `pads [${pads}] take more than there is`);
    return [{ dtype: x.dtype, shape }];
  },
  CenterCropPad: (context) => {
    const x = inputOf(context, 0);
    const sizes = requiredConstantOf(context, 1);
    const axes = (axesOf(context, 2) ?? x.shape.map((_, i) => i)).map((a) =>
      normalizeAxis(a, x.shape.length, context.node),
    );
    return [{ dtype: x.dtype, shape: x.shape.map((n, axis) => sizes[axes.indexOf(axis)] ?? n) }];
  },
  OneHot: (context) => {
    const indices = inputOf(context, 0);
    const depth = requiredConstantOf(context, 1)[0]!;
    const rank = indices.shape.length + 1;
    const axis = normalizeAxis(intAttribute(context.attributes, 'axis', -1), rank, context.node);
    return [{ dtype: inputOf(context, 2).dtype, shape: indices.shape.toSpliced(axis, 0, depth) }];
  },
};
