import { intAttribute, intsAttribute, stringAttribute } from '../graph.js';
import { constantOf, type InferenceRule, inputOf, mismatch, normalizeAxis, requireRank, unsupported } from './rule.js';

/** Operators that sample pictures anew. */
export const resizing: Record<string, InferenceRule> = {
  Resize: (context) => {
    const x = inputOf(context, 0);
    const rank = x.shape.length;
    const { attributes } = context;
    const policy = stringAttribute(attributes, 'keep_aspect_ratio_policy', 'stretch');
    if (policy !== 'stretch') throw unsupported(context, `keeps the aspect ratio ("${policy}"); write its sizes out`);
    const axes = intsAttribute(attributes, 'axes')?.map((a) => normalizeAxis(a, rank, context.node)) ?? [
      ...x.shape.keys(),
    ];
    const sizes = constantOf(context, 3);
    const scales = constantOf(context, 2);
    const given = sizes?.length ? sizes : scales;
    if (given?.length !== axes.length) throw mismatch(context, 'it has neither sizes nor scales, one for each axis');
    const shape = [...x.shape];
    axes.forEach((axis, i) => {
      if (sizes?.length) shape[axis] = sizes[i]!;
      // Scales are float32, and so is the product that decides. ONNX Runtime crops to a region without growing by it.
      else shape[axis] = Math.floor(Math.fround(x.shape[axis]! * scales![i]!));
    });
    return [{ dtype: x.dtype, shape }];
  },
  GridSample: (context) => {
    const x = requireRank(context, 4, true);
    const grid = inputOf(context, 1).shape;
    if (grid.length !== 4 || grid[3] !== 2 || grid[0] !== x.shape[0])
      throw mismatch(context, 'the grid must be [N, height, width, 2]');
    return [{ dtype: x.dtype, shape: [x.shape[0]!, x.shape[1]!, grid[1]!, grid[2]!] }];
  },
  RoiAlign: (context) => {
    const x = requireRank(context, 4, true);
    const size = (name: string) => intAttribute(context.attributes, name, 1);
    const regions = inputOf(context, 1).shape[0]!;
    return [{ dtype: x.dtype, shape: [regions, x.shape[1]!, size('output_height'), size('output_width')] }];
  },
};
