import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../builder.js';
import { encodeModel, modelOf } from '../codec.js';
import { OnnxError } from '../error.js';
import { type Attributes, Floats, float } from '../graph.js';
import { type DType, dtypeNumbers, type Shape, sizeOf, type Tensor, tensorOf } from '../tensor.js';
import { inferredOperators } from './index.js';

/** An input that is fed: its shape and type, all ones. */
interface Fed {
  readonly fed: Shape;
  readonly dtype?: DType;
}
type Input = Fed | Tensor | null;
interface Case {
  readonly op: string;
  readonly inputs: readonly Input[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  readonly domain?: string;
  readonly opset?: number;
}

const fed = (...shape: number[]): Fed => ({ fed: shape });
const typed = (dtype: DType, ...shape: number[]): Fed => ({ fed: shape, dtype });
const ints = (...values: number[]): Tensor => tensorOf('int64', values);
const scalar = (value: number, dtype: DType = 'float32'): Tensor => tensorOf(dtype, [value], []);
const of = (op: string, inputs: readonly Input[], attributes: Attributes = {}, rest: Partial<Case> = {}): Case => ({
  op,
  inputs,
  attributes,
  ...rest,
});

const unary = (
  'Identity Neg Abs Exp Log Sqrt Reciprocal Relu LeakyRelu Elu HardSigmoid HardSwish Sigmoid Tanh Softplus Erf Sign ' +
  'Floor Ceil Round Softmax LogSoftmax Clip Acos Acosh Asin Asinh Atan Atanh Celu Cos Cosh Hardmax Selu Shrink Sin Sinh ' +
  'Softsign Tan ThresholdedRelu'
).split(' ');
const binary = 'Add Sub Mul Div Pow Min Max Mean Sum'.split(' ');
const comparisons = 'Equal Greater GreaterOrEqual Less LessOrEqual'.split(' ');
const reductions = 'Mean Max Min Prod L1 L2 LogSum LogSumExp SumSquare'.split(' ');
const microsoft = { domain: 'com.microsoft' };

const cases: Case[] = [
  ...unary.map((op) => of(op, [fed(2, 3, 4)])),
  ...['Gelu', 'QuickGelu', 'FastGelu'].map((op) => of(op, [fed(2, 3)], {}, microsoft)),
  of('Mish', [fed(2, 3)], {}, { opset: 18 }),
  of('BitwiseNot', [typed('int32', 2, 3)], {}, { opset: 18 }),
  of('BitShift', [typed('uint8', 2, 3), typed('uint8', 3)], { direction: 'LEFT' }),
  of('Xor', [typed('bool', 2, 1), typed('bool', 3)]),
  of('IsInf', [fed(2, 3)]),
  of('CastLike', [fed(2, 3), typed('int32', 1)]),
  of('Dropout', [fed(2, 3)], {}, { outputs: 2 }),
  of('Dropout', [fed(2, 3), scalar(0.5), tensorOf('bool', [1], [])]),
  of('PRelu', [fed(2, 3, 4), fed(3, 1)]),
  of('PRelu', [fed(2, 3), fed(1)]),
  of('Clip', [fed(2, 3), scalar(0), scalar(1)]),
  of('CumSum', [fed(2, 3), scalar(1, 'int64')]),
  of('Not', [typed('bool', 2, 3)]),
  of('IsNaN', [fed(2, 3)]),
  of('Cast', [fed(2, 3)], { to: dtypeNumbers.uint8 }),
  of('Cast', [typed('uint8', 2)], { to: dtypeNumbers.float32 }),
  ...binary.flatMap((op) => [of(op, [fed(2, 3, 4), fed(3, 1)]), of(op, [fed(2, 3), fed()])]),
  ...['Add', 'Mul'].flatMap((op) => [
    of(op, [fed(3, 1), fed(2, 1, 4)]),
    of(op, [fed(), fed(5)]),
    of(op, [fed(0, 3), fed(3)]),
  ]),
  ...['Min', 'Max', 'Mean', 'Sum'].map((op) => of(op, [fed(2, 1), fed(1, 3), fed(4, 1, 1)])),
  of('Mod', [typed('int32', 2, 3), typed('int32', 3)]),
  ...['And', 'Or'].map((op) => of(op, [typed('bool', 2, 1), typed('bool', 3)])),
  ...comparisons.map((op) => of(op, [fed(2, 1), fed(3)])),
  of('Where', [typed('bool', 2, 1), fed(3), fed(4, 1, 1)]),
  of('Where', [typed('bool', 2), scalar(1, 'int64'), typed('int64', 1)]),

  ...reductions.flatMap((name) => [
    of(`Reduce${name}`, [fed(2, 3, 4)], { axes: [1], keepdims: 1 }),
    of(`Reduce${name}`, [fed(2, 3, 4)], { axes: [-1, 0], keepdims: 0 }),
    of(`Reduce${name}`, [fed(2, 3, 4)]),
  ]),
  of('ReduceSum', [fed(2, 3, 4), ints(1, 2)], { keepdims: 0 }),
  of('ReduceSum', [fed(2, 3, 4), ints(-1)]),
  of('ReduceSum', [fed(2, 3, 4)], { keepdims: 0 }),
  of('ReduceSum', [fed(2, 3), ints()], {}),
  of('ReduceSum', [fed(2, 3), ints()], { noop_with_empty_axes: 1 }),
  ...['ArgMax', 'ArgMin'].flatMap((op) => [of(op, [fed(2, 3, 4)]), of(op, [fed(2, 3, 4)], { axis: -1, keepdims: 0 })]),

  of('Reshape', [fed(2, 3, 4), ints(6, 4)]),
  of('Reshape', [fed(2, 3, 4), ints(0, -1)]),
  of('Reshape', [fed(2, 3, 4), ints(-1)]),
  of('Reshape', [fed(1), ints()]),
  of('Reshape', [fed(2, 0, 4), ints(2, 0)]),
  of('Flatten', [fed(2, 3, 4)]),
  of('Flatten', [fed(2, 3, 4)], { axis: 0 }),
  of('Flatten', [fed(2, 3, 4)], { axis: -1 }),
  of('Transpose', [fed(2, 3, 4)]),
  of('Transpose', [fed(2, 3, 4)], { perm: [1, 2, 0] }),
  of('Squeeze', [fed(1, 3, 1)]),
  of('Squeeze', [fed(1, 3, 1), ints(-1)]),
  of('Unsqueeze', [fed(3, 4), ints(0, -1)]),
  of('Unsqueeze', [fed(), ints(0)]),
  of('Expand', [fed(3, 1), ints(2, 1, 4)]),
  of('Expand', [fed(2, 3), ints(1, 1)]),
  of('Tile', [fed(2, 3), ints(2, 3)]),
  of('Concat', [fed(2, 3), fed(2, 4), fed(2, 1)], { axis: 1 }),
  of('Concat', [fed(2, 3), fed(4, 3)], { axis: -2 }),
  of('Split', [fed(6, 2)], {}, { outputs: 3 }),
  of('Split', [fed(2, 6), ints(1, 5)], { axis: -1 }, { outputs: 2 }),
  of('Split', [fed(7, 2)], { num_outputs: 3 }, { outputs: 3, opset: 18 }),
  of('Slice', [fed(5, 6), ints(1), ints(3)]),
  of('Slice', [fed(5, 6), ints(1, -3), ints(1000, -1), ints(1, 0)]),
  of('Slice', [fed(5, 6), ints(0), ints(6), ints(-1), ints(4)]),
  of('Slice', [fed(5, 6), ints(-1), ints(-1000), ints(0), ints(-1)]),
  of('Slice', [fed(5, 6), ints(4), ints(0), ints(0), ints(-2)]),
  of('Slice', [fed(5, 6), ints(-2), ints(-5), ints(1), ints(-1)]),
  of('Slice', [fed(5, 6), ints(100), ints(-6), ints(1), ints(-2)]),
  of('Slice', [fed(5, 6), ints(4), ints(2), ints(0)]),
  of('Slice', [fed(5, 6), ints(-100), ints(2), ints(0)]),
  of('Slice', [fed(5, 6), ints(-100), ints(-200), ints(0), ints(-1)]),
  of('Pad', [fed(2, 3), ints(1, 0, 0, 2)]),
  of('Pad', [fed(2, 3), ints(1, 0, 0, 2)], { mode: 'reflect' }),
  of('CenterCropPad', [fed(5, 6), ints(3, 8)], {}, { opset: 18 }),
  of('CenterCropPad', [fed(5, 6), ints(3)], { axes: [-1] }, { opset: 18 }),
  of('Pad', [fed(2, 3), ints(-1, 0, 0, 2), scalar(1)]),
  of('Pad', [fed(2, 3, 4), ints(1, 2), scalar(0), ints(-1)], {}, { opset: 18 }),
  of('Gather', [fed(5, 6), tensorOf('int64', [0, 1, 2, 3], [2, 2])], { axis: 1 }),
  of('Gather', [fed(5, 6), scalar(1, 'int64')]),
  of('GatherElements', [fed(5, 6), tensorOf('int64', [0, 1], [1, 2])], { axis: 1 }),
  of('ScatterElements', [fed(5, 6), tensorOf('int64', [0, 1], [1, 2]), fed(1, 2)], { axis: 1 }),
  of('GatherND', [fed(5, 6, 7), tensorOf('int64', [0, 1, 2, 3], [2, 2])]),
  of('GatherND', [fed(2, 6, 7), tensorOf('int64', [0, 1], [2, 1])], { batch_dims: 1 }),
  of('GatherND', [fed(2, 3), tensorOf('int64', [0, 1], [2])]),
  of('ScatterND', [fed(5, 6), tensorOf('int64', [0, 1], [2, 1]), fed(2, 6)]),
  of('OneHot', [typed('int64', 2, 3), scalar(4, 'int64'), tensorOf('float32', [0, 1])]),
  of('OneHot', [typed('int64', 2, 3), ints(4), tensorOf('float32', [0, 1])], { axis: 0 }),
  of('OneHot', [typed('int64', 2, 3), ints(4), tensorOf('float32', [0, 1])], { axis: -2 }),
  of('TopK', [fed(3, 5), ints(2)], {}, { outputs: 2 }),
  of('TopK', [fed(3, 5), ints(2)], { axis: 0 }, { outputs: 2 }),
  of('Resize', [fed(1, 2, 3, 4), null, null, ints(1, 2, 6, 8)], { mode: 'nearest' }),
  of('Resize', [fed(1, 2, 3, 5), null, tensorOf('float32', [1, 1, 2.5, 0.5])], { mode: 'linear' }),
  of('Resize', [fed(1, 2, 3, 5), null, null, ints(6, 7)], { axes: [2, 3] }, { opset: 18 }),
  of('Resize', [fed(1, 2, 7, 5), null, tensorOf('float32', [1, 1, 0.3, 1.7])], { mode: 'cubic' }),
  of(
    'Resize',
    [fed(1, 1, 4, 8), tensorOf('float32', [0, 0, 0, 0.25, 1, 1, 1, 0.75]), tensorOf('float32', [1, 1, 2, 2])],
    { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' },
  ),
  of('GridSample', [fed(1, 2, 3, 4), fed(1, 5, 6, 2)]),
  of('RoiAlign', [fed(1, 2, 8, 8), fed(3, 4), tensorOf('int64', [0, 0, 0])], { output_height: 2, output_width: 3 }),
  of('Trilu', [fed(2, 3, 4)]),
  of('ReverseSequence', [fed(3, 2), tensorOf('int64', [1, 2])]),
  of('EyeLike', [fed(2, 3)]),
  of('EyeLike', [fed(2, 3)], { dtype: dtypeNumbers.int32 }),
  of('Size', [fed(2, 3)]),
  of('Reshape', [fed(0, 3), ints(3, 0)], { allowzero: 1 }),
  of('Flatten', [fed(2, 3, 4)], { axis: 3 }),
  of('DepthToSpace', [fed(1, 8, 2, 3)], { blocksize: 2, mode: 'CRD' }),
  of('DepthToSpace', [fed(1, 8, 2, 3)], { blocksize: 2 }),
  of('SpaceToDepth', [fed(1, 2, 4, 6)], { blocksize: 2 }),
  of('Shape', [fed(2, 3, 4)]),
  of('Shape', [fed(2, 3, 4)], { start: 1, end: -1 }),
  of('ConstantOfShape', [ints(2, 3)]),
  of('ConstantOfShape', [ints(2)], { value: tensorOf('int64', [7]) }),
  of('Constant', [], { value: tensorOf('float32', [1, 2], [2, 1]) }),
  of('Constant', [], { value_float: float(2) }),
  of('Constant', [], { value_floats: new Floats([2, 3]) }),
  of('Constant', [], { value_int: 2 }),
  of('Constant', [], { value_ints: [2, 3] }),
  of('Range', [scalar(0, 'int64'), scalar(7, 'int64'), scalar(2, 'int64')]),
  of('Range', [scalar(1), scalar(-1), scalar(-0.5)]),

  of('Conv', [fed(2, 3, 9, 8), fed(4, 3, 3, 3)]),
  of('Conv', [fed(2, 3, 9, 8), fed(4, 3, 3, 3), fed(4)], { pads: [1, 1, 1, 1], strides: [2, 2] }),
  of('Conv', [fed(1, 4, 9, 8), fed(6, 2, 3, 2)], { group: 2, pads: [0, 1, 2, 0], dilations: [2, 3] }),
  of('Conv', [fed(1, 3, 9, 8), fed(4, 3, 3, 3)], { auto_pad: 'SAME_UPPER', strides: [2, 3] }),
  of('Conv', [fed(1, 3, 9, 8), fed(4, 3, 3, 3)], { auto_pad: 'VALID', strides: [2, 2] }),
  of('Conv', [fed(1, 3, 9), fed(4, 3, 3)]),
  of('ConvTranspose', [fed(1, 3, 4, 5), fed(3, 2, 3, 3)], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  of('ConvTranspose', [fed(1, 4, 4, 5), fed(4, 2, 2, 3)], { group: 2, output_padding: [1, 1], strides: [2, 2] }),
  of('ConvTranspose', [fed(1, 3, 4, 5), fed(3, 2, 3, 3)], { dilations: [2, 2] }),
  of('ConvTranspose', [fed(1, 3, 4, 5), fed(3, 2, 3, 3)], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  of('ConvTranspose', [fed(1, 3, 4, 5), fed(3, 2, 3, 3)], { output_shape: [8, 10], strides: [2, 2] }),
  of('Conv', [fed(1, 3, 9, 8), fed(4, 3, 3, 3)], { auto_pad: 'SAME_LOWER', strides: [2, 3] }),
  of('Conv', [fed(1, 3, 4, 5, 6), fed(4, 3, 3, 3, 3)]),
  of('ConvInteger', [typed('uint8', 1, 3, 9, 8), typed('uint8', 4, 3, 3, 3)], { pads: [1, 1, 1, 1] }),
  of('QLinearConv', [
    typed('uint8', 1, 3, 9, 8),
    scalar(1),
    scalar(0, 'uint8'),
    typed('uint8', 4, 3, 3, 3),
    scalar(1),
    scalar(0, 'uint8'),
    scalar(1),
    scalar(0, 'uint8'),
  ]),
  of('ConvTranspose', [fed(1, 3, 4), fed(3, 2, 3)], { strides: [2] }),
  of('ConvTranspose', [fed(1, 3, 4, 5), fed(3, 2, 4, 4)], { auto_pad: 'SAME_LOWER', strides: [2, 3] }),
  of('ConvTranspose', [fed(1, 3, 4, 5), fed(3, 2, 2, 2)], { auto_pad: 'SAME_UPPER', strides: [3, 3] }),
  of('ConvTranspose', [fed(1, 3, 4, 5), fed(3, 2, 3, 3)], { auto_pad: 'VALID', strides: [2, 2] }),
  of('ConvTranspose', [fed(1, 3, 4, 5), fed(3, 2, 3, 3)], { output_shape: [9, 11], strides: [2, 2] }),
  of('LpPool', [fed(1, 2, 9, 8)], { kernel_shape: [3, 2], strides: [2, 2] }),
  of('GlobalMaxPool', [fed(2, 3, 4, 5)]),
  of('GlobalLpPool', [fed(2, 3, 4, 5)]),
  of('LRN', [fed(2, 3, 4, 5)], { size: 3 }),
  of('AveragePool', [fed(1, 2, 9)], { kernel_shape: [3], pads: [1, 1] }),
  of('AveragePool', [fed(1, 2, 9, 8)], { kernel_shape: [3, 3], auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  of('MaxPool', [fed(1, 2, 9, 8)], { kernel_shape: [3, 2], strides: [2, 2] }, { outputs: 2 }),
  of('MaxPool', [fed(1, 2, 9, 8)], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
  of('MaxPool', [fed(1, 2, 5, 5)], { kernel_shape: [2, 2], strides: [3, 3], pads: [1, 1, 1, 1], ceil_mode: 1 }),
  of('MaxPool', [fed(1, 2, 6, 6)], { kernel_shape: [1, 1], strides: [3, 3], ceil_mode: 1 }),
  of('MaxPool', [fed(1, 2, 9, 8)], { kernel_shape: [3, 3], auto_pad: 'SAME_LOWER', strides: [2, 2] }),
  of('MaxPool', [fed(1, 2, 9, 8)], { kernel_shape: [3, 3], dilations: [2, 2] }),
  of('AveragePool', [fed(1, 2, 9, 8)], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  of('AveragePool', [fed(1, 2, 8, 8)], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  of('GlobalAveragePool', [fed(2, 3, 4, 5)]),
  of('MatMul', [fed(2, 1, 3, 4), fed(5, 4, 2)]),
  of('MatMul', [fed(3, 4), fed(4, 2)]),
  of('MatMul', [fed(4), fed(4, 2)]),
  of('MatMul', [fed(2, 3, 4), fed(4)]),
  of('MatMul', [fed(4), fed(4)]),
  of('FusedMatMul', [fed(2, 4, 3), fed(2, 5, 4)], { transA: 1, transB: 1 }, microsoft),
  of('FusedMatMul', [fed(2, 3, 4), fed(4, 5)], {}, microsoft),
  of('Gemm', [fed(3, 4), fed(4, 5), fed(5)]),
  of('Gemm', [fed(4, 3), fed(5, 4)], { transA: 1, transB: 1 }),
  of('Gemm', [fed(3, 4), fed(4, 5), fed(3, 1)]),
  of('Gemm', [fed(3, 4), fed(4, 5), fed()], { alpha: float(2), beta: float(0.5) }),
  of('MatMulInteger', [typed('uint8', 3, 4), typed('uint8', 4, 2)]),
  of('QLinearMatMul', [
    typed('uint8', 3, 4),
    scalar(1),
    scalar(0, 'uint8'),
    typed('uint8', 4, 2),
    scalar(1),
    scalar(0, 'uint8'),
    scalar(1),
    scalar(0, 'uint8'),
  ]),
  of('Einsum', [fed(3, 4), fed(4, 5)], { equation: 'ij,jk->ik' }),
  of('Einsum', [fed(3, 4), fed(4, 5)], { equation: 'ij, jk' }),
  of('Einsum', [fed(2, 3, 4), fed(1, 4, 5)], { equation: '...ij,...jk->...ik' }),
  of('Einsum', [fed(2, 3, 4)], { equation: 'b...->...b' }),
  of('Einsum', [fed(3, 4)], { equation: 'ij->' }),
  of('QuantizeLinear', [fed(2, 3), scalar(0.5), scalar(1, 'int8')]),
  of('QuantizeLinear', [fed(2, 3), scalar(0.5)]),
  of('QuantizeLinear', [fed(2, 3), tensorOf('float32', [0.5, 1, 2]), tensorOf('uint8', [0, 1, 2])], { axis: -1 }),
  of('DequantizeLinear', [typed('int8', 2, 3), scalar(0.5), scalar(1, 'int8')]),
  of('DequantizeLinear', [typed('uint8', 2, 3), tensorOf('float32', [0.5, 1])], { axis: 0 }),
  of('DynamicQuantizeLinear', [fed(2, 3)], {}, { outputs: 3 }),
  of('InstanceNormalization', [fed(2, 3, 4), fed(3), fed(3)]),
  of('LayerNormalization', [fed(2, 3, 4), fed(4), fed(4)]),
  of('LayerNormalization', [fed(2, 3, 4), fed(3, 4)], { axis: 1 }, { outputs: 3 }),
  of('LayerNormalization', [typed('float64', 2, 3), typed('float64', 3)], {}, { outputs: 3 }),
  of('GroupNormalization', [fed(2, 4, 3), fed(2), fed(2)], { num_groups: 2 }, { opset: 18 }),
  of('MeanVarianceNormalization', [fed(2, 3, 4, 5)]),
  of('LpNormalization', [fed(2, 3)]),
  of('BatchNormalization', [fed(2, 3, 4, 4), fed(3), fed(3), fed(3), fed(3)]),
  of(
    'BatchNormalization',
    [fed(2, 3, 4, 4), fed(3), fed(3), fed(3), fed(3)],
    { training_mode: 1, momentum: float(0) },
    { outputs: 3 },
  ),
];

/** Builds the one node, runs it, and returns what was inferred and what came. */
async function runCase({ op, inputs, attributes = {}, outputs = 1, domain = '', opset = 17 }: Case) {
  const graph = new GraphBuilder(op);
  const feeds: Record<string, ort.Tensor> = {};
  const values = inputs.map((input, i) => {
    if (input === null) return null;
    if (!('fed' in input)) return graph.constant(input);
    const { fed: shape, dtype = 'float32' } = input;
    const { data } = tensorOf(dtype, new Array(sizeOf(shape)).fill(1), shape);
    feeds[`x${i}`] = new ort.Tensor(dtype as 'float32', data as Float32Array, [...shape]);
    return graph.input(`x${i}`, dtype, shape);
  });
  const results = graph.nodesOf(op, values, attributes, outputs, domain);
  // What the file declares must not be what decides: shapes are left open.
  for (const value of results)
    graph.output(
      value,
      undefined,
      value.shape.map((_, axis) => `d${axis}_${value.name}`),
    );
  const model = modelOf(graph.build());
  const bytes = encodeModel({ ...model, opsets: new Map([...model.opsets, ['', opset]]) });
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const ran = await session.run(feeds);
  await session.release();
  return {
    inferred: results.map(({ dtype, shape }) => ({ dtype, shape: [...shape] })),
    actual: results.map(({ name }) => ({ dtype: ran[name]!.type, shape: [...ran[name]!.dims] })),
  };
}

const describeInput = (input: Input) =>
  input === null ? '-' : 'fed' in input ? `[${input.fed}]` : `{${Array.from(input.data as Float32Array)}}`;

const describeAttributes = (attributes: Attributes = {}) =>
  Object.entries(attributes)
    .map(([key, value]) => `${key}=${typeof value === 'object' && 'data' in value ? 'tensor' : value}`)
    .join(' ');

describe('what is inferred is what ONNX Runtime returns', () => {
  it.each(
    cases.map(
      (each) =>
        [
          `${each.op} ${each.inputs.map(describeInput).join(' ')} ${describeAttributes(each.attributes)}`,
          each,
        ] as const,
    ),
  )('%s', async (_, each) => {
    const { inferred, actual } = await runCase(each);
    expect(inferred).toEqual(actual);
  });

  it('for every operator there is a rule for', () => {
    expect([...new Set(cases.map(({ op }) => op))].sort()).toEqual(inferredOperators);
  });
});

describe('what does not fit is refused with the node and the shapes', () => {
  const wrong: [string, string, readonly Input[], Attributes, string][] = [
    ['shapes that do not broadcast', 'Add', [fed(2, 3), fed(4)], {}, 'shape_mismatch'],
    ['matrices that do not chain', 'MatMul', [fed(2, 3), fed(4, 2)], {}, 'shape_mismatch'],
    ['weights for other channels', 'Conv', [fed(1, 3, 8, 8), fed(4, 2, 3, 3)], {}, 'shape_mismatch'],
    ['a window larger than the picture', 'Conv', [fed(1, 3, 2, 2), fed(4, 3, 5, 5)], {}, 'shape_mismatch'],
    ['a reshape to another size', 'Reshape', [fed(2, 3), ints(4, 2)], {}, 'shape_mismatch'],
    ['a reshape that leaves a rest', 'Reshape', [fed(2, 3), ints(4, -1)], {}, 'shape_mismatch'],
    ['a concatenation of unlike shapes', 'Concat', [fed(2, 3), fed(3, 3)], { axis: 1 }, 'shape_mismatch'],
    ['parts that do not add up', 'Split', [fed(6), ints(2, 2)], {}, 'shape_mismatch'],
    ['an expansion to another shape', 'Expand', [fed(2, 3), ints(2, 4)], {}, 'shape_mismatch'],
    ['a missing input', 'Add', [fed(2)], {}, 'missing_input'],
    ['a shape only known when it runs', 'Reshape', [fed(6), typed('int64', 2)], {}, 'dynamic_shape'],
    ['an axis beyond the rank', 'Concat', [fed(2), fed(2)], { axis: 1 }, 'invalid_axis'],
    ['an axis of a reduction beyond the rank', 'ReduceMean', [fed(2)], { axes: [3] }, 'invalid_axis'],
    ['what depends on the data', 'NonZero', [fed(2)], {}, 'dynamic_shape'],
    ['boxes that are left', 'NonMaxSuppression', [fed(1, 2, 4), fed(1, 1, 2)], {}, 'dynamic_shape'],
    ['a pool without a window', 'MaxPool', [fed(1, 2, 4)], {}, 'missing_attribute'],
    ['a cast to nothing', 'Cast', [fed(2)], {}, 'missing_attribute'],
    ['a bias for another product', 'Gemm', [fed(2, 3), fed(3, 4), fed(3)], {}, 'shape_mismatch'],
    ['labels that do not agree', 'Einsum', [fed(2, 3), fed(4, 5)], { equation: 'ij,jk->ik' }, 'invalid_equation'],
    ['labels for other axes', 'Einsum', [fed(2, 3)], { equation: 'ijk->ik' }, 'invalid_equation'],
    ['a label from nowhere', 'Einsum', [fed(2, 3)], { equation: 'ij->ik' }, 'invalid_equation'],
    [
      'groups that do not fit',
      'GroupNormalization',
      [fed(2, 3, 4), fed(2), fed(2)],
      { num_groups: 2 },
      'shape_mismatch',
    ],
    ['blocks that do not fit', 'SpaceToDepth', [fed(1, 1, 3, 4)], { blocksize: 2 }, 'shape_mismatch'],
    ['an order that is none', 'Transpose', [fed(1, 1, 3)], { perm: [0, 2, 2] }, 'shape_mismatch'],
    ['a squeezed axis that is long', 'Squeeze', [fed(1, 3), ints(1)], {}, 'shape_mismatch'],
    [
      'a kept aspect ratio',
      'Resize',
      [fed(1, 3), null, null, ints(1, 6)],
      { keep_aspect_ratio_policy: 'not_larger' },
      'unsupported_attribute',
    ],
    ['a resize without sizes', 'Resize', [fed(1, 3)], {}, 'shape_mismatch'],
    ['a constant of text', 'Constant', [], { value_string: 'a' }, 'unsupported_constant'],
    ['a slope wider than the input', 'PRelu', [fed(3), fed(2, 3)], {}, 'shape_mismatch'],
    ['more largest than there are', 'TopK', [fed(3), ints(4)], {}, 'shape_mismatch'],
    ['a step of zero', 'Slice', [fed(3), ints(0), ints(2), ints(0), ints(0)], {}, 'shape_mismatch'],
    ['an operator without a rule', 'FancyOp', [fed(2)], {}, 'unknown_operator'],
    ['a name every object has', 'toString', [fed(2)], {}, 'unknown_operator'],
  ];
  it.each(wrong)('%s', (_, op, inputs, attributes, code) => {
    const graph = new GraphBuilder('wrong');
    const values = inputs.map((input, i) =>
      input === null
        ? null
        : 'fed' in input
          ? graph.input(`x${i}`, input.dtype ?? 'float32', input.fed)
          : graph.constant(input),
    );
    const build = () => graph.scoped('layer7', () => graph.node(op, values, attributes));
    expect(build).toThrow(OnnxError);
    expect(build).toThrow(expect.objectContaining({ code }));
    expect(build).toThrow(/layer7/);
  });
});
