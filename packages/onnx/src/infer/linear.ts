import { intAttribute, intsAttribute, stringAttribute } from '../graph.js';
import type { Shape } from '../tensor.js';
import { broadcastShapes, type InferenceRule, inputOf, mismatch, type NodeContext } from './rule.js';

/** Spatial attributes of Conv and the pools, with defaults filled in; pads are begins, then ends. */
export function windowOf(context: NodeContext, kernel: readonly number[]) {
  const rank = kernel.length;
  const { attributes } = context;
  return {
    strides: intsAttribute(attributes, 'strides') ?? new Array<number>(rank).fill(1),
    dilations: intsAttribute(attributes, 'dilations') ?? new Array<number>(rank).fill(1),
    pads: intsAttribute(attributes, 'pads') ?? new Array<number>(2 * rank).fill(0),
    autoPad: stringAttribute(attributes, 'auto_pad', 'NOTSET'),
  };
}

function slide(context: NodeContext, spatial: Shape, kernel: readonly number[]): number[] {
  const { strides, dilations, pads, autoPad } = windowOf(context, kernel);
  const ceil = intAttribute(context.attributes, 'ceil_mode', 0) === 1;
  return spatial.map((length, axis) => {
    const stride = strides[axis]!;
    if (autoPad.startsWith('SAME')) return Math.ceil(length / stride);
    const padded = length + (autoPad === 'VALID' ? 0 : pads[axis]! + pads[axis + kernel.length]!);
    const steps = (padded - dilations[axis]! * (kernel[axis]! - 1) - 1) / stride;
    let size = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A last window that would begin in the padding behind the picture is left out.
    if (ceil && (size - 1) * stride >= length + (autoPad === 'VALID' ? 0 : pads[axis]!)) size--;
    if (size < 1) throw mismatch(context, `a window of ${kernel[axis]} does not fit axis ${axis + 2}`);
    return size;
  });
}

const pool: InferenceRule = (context) => {
  const x = inputOf(context, 0);
  const shape = [
    ...x.shape.slice(0, 2),
    ...slide(context, x.shape.slice(2), intsAttribute(context.attributes, 'kernel_shape')!),
  ];
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ];
};

function matmulShape(context: NodeContext, a: Shape, b: Shape): Shape {
  const batch = broadcastShapes(a.slice(0, -2), b.slice(0, -2));
  if (!batch || a.at(-1) !== b.at(-2)) throw mismatch(context, 'the inner axes differ');
  return [...batch, a.at(-2)!, b.at(-1)!];
}

const swap = (shape: Shape): Shape => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];

const transposingProduct: InferenceRule = (context) => {
  const a = inputOf(context, 0);
  const b = inputOf(context, 1);
  return [
    {
      dtype: a.dtype,
      shape: matmulShape(
        context,
        context.attributes.transA === 1 ? swap(a.shape) : a.shape,
        context.attributes.transB === 1 ? swap(b.shape) : b.shape,
      ),
    },
  ];
};

/** Convolutions, pools and matrix products. */
export const linear: Record<string, InferenceRule> = {
  Conv: (context) => {
    const x = inputOf(context, 0);
    const w = inputOf(context, 1);
    const group = intAttribute(context.attributes, 'group', 1);
    if (x.shape[1] !== w.shape[1]! * group)
      throw mismatch(context, `${x.shape[1]} channels meet weights for ${w.shape[1]! * group}`);
    return [
      { dtype: x.dtype, shape: [x.shape[0]!, w.shape[0]!, ...slide(context, x.shape.slice(2), w.shape.slice(2))] },
    ];
  },
  ConvTranspose: (context) => {
    const x = inputOf(context, 0);
    const w = inputOf(context, 1);
    const kernel = w.shape.slice(2);
    const { strides, dilations, pads, autoPad } = windowOf(context, kernel);
    const extra = intsAttribute(context.attributes, 'output_padding') ?? kernel.map(() => 0);
    const given = intsAttribute(context.attributes, 'output_shape');
    const spatial = kernel.map((size, axis) => {
      const length = x.shape[axis + 2]!;
      const stride = strides[axis]!;
      if (given) return given.at(axis - kernel.length)!;
      if (autoPad.startsWith('SAME')) return length * stride;
      const padding = autoPad === 'VALID' ? 0 : pads[axis]! + pads[axis + kernel.length]!;
      return stride * (length - 1) + extra[axis]! + (size - 1) * dilations[axis]! + 1 - padding;
    });
    return [
      {
        dtype: x.dtype,
        shape: [x.shape[0]!, w.shape[1]! * intAttribute(context.attributes, 'group', 1), ...spatial],
      },
    ];
  },
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: (context) => {
    const x = inputOf(context, 0);
    return [{ dtype: x.dtype, shape: x.shape.map((length, axis) => (axis < 2 ? length : 1)) }];
  },
  MatMul: (context) => {
    const a = inputOf(context, 0);
    const b = inputOf(context, 1);
    // A vector is a row on the left and a column on the right; the axis it gained goes again.
    const rows = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
    const columns = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
    const shape = [...matmulShape(context, rows, columns)];
    if (b.shape.length === 1) shape.pop();
    if (a.shape.length === 1) shape.splice(b.shape.length === 1 ? -1 : -2, 1);
    return [{ dtype: a.dtype, shape }];
  },
  FusedMatMul: transposingProduct,
  Gemm: transposingProduct,
  BatchNormalization: (context) => {
    const x = inputOf(context, 0);
    const statistic = { dtype: x.dtype, shape: inputOf(context, 3).shape };
    return [{ dtype: x.dtype, shape: x.shape }, statistic, statistic];
  },
};
