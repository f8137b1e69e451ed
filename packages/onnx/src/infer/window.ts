import { OnnxError } from '../error.js';
import { type Attributes, intAttribute, intsAttribute, stringAttribute } from '../graph.js';
import type { Shape } from '../tensor.js';
import { type InferenceRule, inputOf, mismatch, type NodeContext, requireRank, sameAsFirst } from './rule.js';

/** What Conv, ConvTranspose and the pools slide over the spatial axes; pads are written out: begins, then ends. */
export interface WindowAttributes {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

const filled = (attributes: Attributes, name: string, length: number, value: number) =>
  intsAttribute(attributes, name) ?? new Array<number>(length).fill(value);

/** `total` pads shared by two ends; the odd one goes behind where `upper`, else before. */
const share = (total: number, upper: boolean): [number, number] => {
  const small = Math.floor(total / 2);
  return upper ? [small, total - small] : [total - small, small];
};

/**
 * The window of a Conv or pool over `spatial` axes, with defaults filled in and `auto_pad` resolved: SAME_UPPER and
 * SAME_LOWER pad so that there are ceil(length / stride) windows, VALID does not pad.
 *
 * @param kernel sizes of the window, one per spatial axis.
 */
export function windowOf(attributes: Attributes, spatial: Shape, kernel: readonly number[]): WindowAttributes {
  const rank = kernel.length;
  const strides = filled(attributes, 'strides', rank, 1);
  const dilations = filled(attributes, 'dilations', rank, 1);
  const autoPad = stringAttribute(attributes, 'auto_pad', 'NOTSET');
  if (autoPad === 'NOTSET' || autoPad === '')
    return { strides, dilations, pads: filled(attributes, 'pads', 2 * rank, 0) };
  if (autoPad === 'VALID') return { strides, dilations, pads: new Array<number>(2 * rank).fill(0) };
  const ends = spatial.map((length, axis) => {
    const windows = Math.ceil(length / strides[axis]!);
    const reach = (windows - 1) * strides[axis]! + dilations[axis]! * (kernel[axis]! - 1) + 1;
    return share(Math.max(0, reach - length), autoPad === 'SAME_UPPER');
  });
  return { strides, dilations, pads: [...ends.map(([begin]) => begin), ...ends.map(([, end]) => end)] };
}

/** The pads of a Conv or pool, begins then ends, whatever way its attributes give them. */
export function explicitPads(attributes: Attributes, spatial: Shape, kernel: readonly number[]): readonly number[] {
  return windowOf(attributes, spatial, kernel).pads;
}

/**
 * The window of a ConvTranspose over `spatial` axes of its input, with `auto_pad` and `output_shape` resolved to pads,
 * and the sizes of its output's spatial axes.
 */
export function transposedWindowOf(
  attributes: Attributes,
  spatial: Shape,
  kernel: readonly number[],
): WindowAttributes & { readonly outputPadding: readonly number[]; readonly output: Shape } {
  const rank = kernel.length;
  const strides = filled(attributes, 'strides', rank, 1);
  const dilations = filled(attributes, 'dilations', rank, 1);
  const outputPadding = filled(attributes, 'output_padding', rank, 0);
  const autoPad = stringAttribute(attributes, 'auto_pad', 'NOTSET');
  const wanted = intsAttribute(attributes, 'output_shape')?.slice(-rank);
  const given = filled(attributes, 'pads', 2 * rank, 0);
  const full = spatial.map(
    (length, axis) => strides[axis]! * (length - 1) + outputPadding[axis]! + (kernel[axis]! - 1) * dilations[axis]! + 1,
  );
  const ends = full.map((size, axis): [number, number] => {
    const aim = wanted?.[axis] ?? (autoPad.startsWith('SAME') ? spatial[axis]! * strides[axis]! : undefined);
    if (aim !== undefined) return share(Math.max(0, size - aim), autoPad === 'SAME_UPPER');
    return autoPad === 'VALID' ? [0, 0] : [given[axis]!, given[axis + rank]!];
  });
  const output = full.map((size, axis) => wanted?.[axis] ?? size - ends[axis]![0] - ends[axis]![1]);
  // A shape larger than the windows reach is filled up behind, as output_padding does.
  const beyond = output.map((size, axis) => size - (full[axis]! - ends[axis]![0] - ends[axis]![1]));
  return {
    strides,
    dilations,
    pads: [...ends.map(([begin]) => begin), ...ends.map(([, end]) => end)],
    outputPadding: outputPadding.map((padding, axis) => padding + beyond[axis]!),
    output,
  };
}

/** The attribute `kernel_shape`; throws `missing_attribute` where a pool lacks it. */
function kernelOf(context: NodeContext): readonly number[] {
  const kernel = intsAttribute(context.attributes, 'kernel_shape');
  if (!kernel) throw new OnnxError('missing_attribute', `Pool "${context.node}" lacks its attribute "kernel_shape".`);
  return kernel;
}

function slide(context: NodeContext, spatial: Shape, kernel: readonly number[]): number[] {
  const { attributes } = context;
  if (kernel.length !== spatial.length)
    throw mismatch(context, `a window of ${kernel.length} axes meets ${spatial.length} spatial axes`);
  const { strides, dilations, pads } = windowOf(attributes, spatial, kernel);
  if (pads.length !== 2 * kernel.length) throw mismatch(context, `pads [${pads}] are not two per spatial axis`);
  const ceil = intAttribute(attributes, 'ceil_mode', 0) === 1;
  return spatial.map((length, axis) => {
    const stride = strides[axis]!;
    const padded = length + pads[axis]! + pads[axis + kernel.length]!;
    const steps = (padded - dilations[axis]! * (kernel[axis]! - 1) - 1) / stride;
    let size = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A last window that would begin in the padding behind the picture is left out.
    if (ceil && (size - 1) * stride >= length + pads[axis]!) size--;
    if (size < 1) throw mismatch(context, `a window of ${kernel[axis]} does not fit axis ${axis + 2}`);
    return size;
  });
}

const pool: InferenceRule = (context) => {
  const x = requireRank(context, 3);
  const shape = [...x.shape.slice(0, 2), ...slide(context, x.shape.slice(2), kernelOf(context))];
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ];
};

const globalPool: InferenceRule = (context) => {
  const x = requireRank(context, 2);
  return [{ dtype: x.dtype, shape: x.shape.map((length, axis) => (axis < 2 ? length : 1)) }];
};

function convolution(weights: number, dtype?: Inferable): InferenceRule {
  return (context) => {
    const x = requireRank(context, 3);
    const w = inputOf(context, weights);
    const group = intAttribute(context.attributes, 'group', 1);
    if (w.shape.length !== x.shape.length) throw mismatch(context, 'input and weights differ in their number of axes');
    if (x.shape[1] !== w.shape[1]! * group)
      throw mismatch(context, `${x.shape[1]} channels meet weights for ${w.shape[1]! * group}`);
    if (w.shape[0]! % group !== 0) throw mismatch(context, `${w.shape[0]} channels do not share into ${group} groups`);
    const shape = [x.shape[0]!, w.shape[0]!, ...slide(context, x.shape.slice(2), w.shape.slice(2))];
    return [{ dtype: dtype?.(context) ?? x.dtype, shape }];
  };
}

type Inferable = (context: NodeContext) => ReturnType<InferenceRule>[number]['dtype'];

/** Convolutions and pools. */
export const windows: Record<string, InferenceRule> = {
  Conv: convolution(1),
  ConvInteger: convolution(1, () => 'int32'),
  QLinearConv: convolution(3, (context) => inputOf(context, 7).dtype),
  ConvTranspose: (context) => {
    const x = requireRank(context, 3);
    const w = inputOf(context, 1);
    if (w.shape.length !== x.shape.length) throw mismatch(context, 'input and weights differ in their number of axes');
    if (x.shape[1] !== w.shape[0]) throw mismatch(context, `${x.shape[1]} channels meet weights for ${w.shape[0]}`);
    const { output } = transposedWindowOf(context.attributes, x.shape.slice(2), w.shape.slice(2));
    if (output.some((length) => length < 1)) throw mismatch(context, `the output would be of size [${output}]`);
    const channels = w.shape[1]! * intAttribute(context.attributes, 'group', 1);
    return [{ dtype: x.dtype, shape: [x.shape[0]!, channels, ...output] }];
  },
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  LRN: sameAsFirst,
};
