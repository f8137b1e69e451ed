import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../builder.js';
import { encodeModel } from '../codec.js';
import { type Attributes, Floats, float, type Graph, type Node } from '../graph.js';
import { halfToNumber, numberToHalf } from '../half.js';
import { type DType, dtypeNumbers, numbersOf, sizeOf, type Tensor, tensorOf } from '../tensor.js';
import { evaluateNode, foldedOperators } from './index.js';

type Case = readonly [op: string, inputs: readonly (Tensor | null)[], attributes?: Attributes, outputs?: number];

const make = (dtype: DType, ...shape: number[]): Tensor =>
  tensorOf(
    dtype,
    Array.from({ length: sizeOf(shape) }, (_, i) => {
      const value = ((i * 7) % 11) - (dtype.startsWith('u') ? 0 : 5);
      return dtype.startsWith('float') ? value * 0.75 : value;
    }),
    shape,
  );
const real = (...shape: number[]): Tensor => make('float32', ...shape);
const ints = (...values: number[]): Tensor => tensorOf('int64', values);
const scalar = (value: number, dtype: DType = 'int64'): Tensor => tensorOf(dtype, [value], []);
const flags = (...values: number[]): Tensor => tensorOf('bool', values);
const positive = (tensor: Tensor): Tensor =>
  tensorOf(
    tensor.dtype,
    numbersOf(tensor).map((x) => Math.abs(x) + 1),
    tensor.shape,
  );

const numeric: readonly DType[] = ['float32', 'float64', 'int64', 'int32'];
const exact = tensorOf('float32', [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.2, -3.7]);

const cases: readonly Case[] = [
  ...['Add', 'Sub', 'Mul', 'Min', 'Max'].flatMap((op) =>
    numeric.map((dtype): Case => [op, [make(dtype, 2, 3), make(dtype, 3)]]),
  ),
  ['Mul', [tensorOf('int32', [2 ** 30, -7]), tensorOf('int32', [5, 3])]],
  ['Add', [tensorOf('uint8', [250, 3]), tensorOf('uint8', [10, 3])]],
  ...numeric.map((dtype): Case => ['Div', [make(dtype, 2, 3), positive(make(dtype, 2, 1))]]),
  ['Div', [real(3), tensorOf('float32', [0, -0, 2])]],
  ['Mod', [ints(7, -7, 7, -7), ints(3, 3, -3, -3)]],
  ['Mod', [ints(7, -7, 7, -7), ints(3, 3, -3, -3)], { fmod: 1 }],
  ['Mod', [exact, scalar(0.7, 'float32')], { fmod: 1 }],
  ['Pow', [real(5), scalar(2, 'float32')]],
  ['Pow', [real(5), scalar(3)]],
  ['Sum', [real(2, 3), real(3), real(2, 1)]],
  ['Mean', [real(2, 3), real(3)]],
  ['Min', [real(2, 3), real(3), real(2, 1)]],
  ['And', [flags(0, 0, 1, 1), flags(0, 1, 0, 1)]],
  ['Or', [flags(0, 0, 1, 1), flags(0, 1, 0, 1)]],
  ['Xor', [flags(0, 0, 1, 1), flags(0, 1, 0, 1)]],
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].flatMap((op): Case[] => [
    [op, [real(2, 3), real(3)]],
    [op, [ints(1, 2, 3), ints(2)]],
  ]),
  ...['Neg', 'Abs', 'Sign', 'Relu'].flatMap((op): Case[] => [
    [op, [real(2, 3)]],
    [op, [make('int32', 5)]],
  ]),
  ['Neg', [make('int64', 5)]],
  ['Abs', [make('int64', 5)]],
  ['Sign', [make('int64', 5)]],
  ['Not', [flags(0, 1)]],
  ['Floor', [exact]],
  ['Ceil', [exact]],
  ['Round', [exact]],
  ['Sqrt', [positive(real(5))]],
  ['Exp', [real(5)]],
  ['Log', [positive(real(5))]],
  ['Tanh', [real(5)]],
  ['Sigmoid', [real(5)]],
  ['Reciprocal', [positive(real(5))]],
  ...(['float64', 'int64', 'int32', 'uint8', 'int8', 'bool', 'float16'] as const).map(
    (to): Case => ['Cast', [to === 'uint8' ? positive(exact) : exact], { to: dtypeNumbers[to] }],
  ),
  ['Cast', [ints(3, -4, 0)], { to: dtypeNumbers.float32 }],
  ['Cast', [ints(3, -4, 2 ** 33 + 5)], { to: dtypeNumbers.int32 }],
  ['Cast', [tensorOf('int64', [2 ** 62])], { to: dtypeNumbers.uint64 }],
  ['Cast', [tensorOf('float16', [1.5, -2, 0.1])], { to: dtypeNumbers.float32 }],
  ['Cast', [flags(0, 1)], { to: dtypeNumbers.int64 }],
  ['Where', [tensorOf('bool', [1, 0], [2, 1]), real(3), real(2, 3)]],
  ['Where', [flags(1, 0), ints(5, 6), scalar(7)]],
  ['Clip', [real(6), scalar(-1, 'float32'), scalar(2, 'float32')]],
  ['Clip', [real(6), null, scalar(2, 'float32')]],
  ['Clip', [make('int64', 6), scalar(-1), null]],
  ['Add', [tensorOf('float16', [1.5, 2.25]), tensorOf('float16', [0.1, -8])]],

  ['Constant', [], { value: real(2, 2) }],
  ['Constant', [], { value_int: 3 }],
  ['Constant', [], { value_ints: [3, 4] }],
  ['Constant', [], { value_float: float(1.5) }],
  ['Constant', [], { value_floats: new Floats([1.5, 2]) }],
  ['ConstantOfShape', [ints(2, 3)]],
  ['ConstantOfShape', [ints(2)], { value: tensorOf('int64', [7]) }],
  ['ConstantOfShape', [ints()], { value: tensorOf('int64', [7]) }],
  ['Range', [scalar(1), scalar(10), scalar(3)]],
  ['Range', [scalar(5), scalar(0), scalar(-2)]],
  ['Range', [scalar(5), scalar(0), scalar(2)]],
  ['Range', [scalar(0, 'float32'), scalar(1, 'float32'), scalar(0.25, 'float32')]],
  ['Identity', [real(2)]],
  ['Reshape', [real(2, 6), ints(3, -1)]],
  ['Reshape', [real(2, 6), ints(0, 2, 3)]],
  ['Reshape', [real(2, 0), ints(0, 5)], { allowzero: 1 }],
  ['Squeeze', [real(1, 3, 1)]],
  ['Squeeze', [real(1, 3, 1), ints(-1)]],
  ['Unsqueeze', [real(3), ints(0, 2)]],
  ['Flatten', [real(2, 3, 2)]],
  ['Flatten', [real(2, 3, 2)], { axis: -1 }],
  ['Transpose', [real(2, 3, 4)]],
  ['Transpose', [make('int64', 2, 3, 4)], { perm: [1, 2, 0] }],
  ['Slice', [real(5, 6), ints(1, -3), ints(1000, -1), ints(1, 0)]],
  ['Slice', [real(5, 6), ints(-1), ints(-1000), ints(0), ints(-2)]],
  ['Slice', [ints(4, 5, 6), ints(1), ints(2)]],
  ['Slice', [real(5, 6), ints(3), ints(2), ints(-1)]],
  ['Gather', [real(5, 3), tensorOf('int64', [0, -1, 2, 2], [2, 2])]],
  ['Gather', [real(5, 3), scalar(1)], { axis: 1 }],
  ['Gather', [ints(4, 5, 6), tensorOf('int32', [2], [])]],
  ['Expand', [real(3, 1), ints(2, 1, 4)]],
  ['Expand', [real(3, 4), ints(1, 1)]],
  ['Tile', [real(2, 3), ints(2, 3)]],
  ['Concat', [ints(1, 2), ints(3), ints()], { axis: 0 }],
  ['Concat', [real(2, 1, 3), real(2, 2, 3)], { axis: -2 }],
  ['Split', [real(6, 2)], {}, 3],
  ['Split', [real(2, 6), ints(1, 5)], { axis: -1 }, 2],
  ['Shape', [real(2, 3, 4)]],
  ['Shape', [real(2, 3, 4)], { start: -2, end: 3 }],
  ['Size', [real(2, 3, 4)]],
  ['NonZero', [tensorOf('float32', [1, 0, 3, 0, 0, 2], [2, 3])]],
  ['NonZero', [ints(0, 0)]],

  ...['Sum', 'Prod', 'Min', 'Max', 'Mean'].flatMap((name): Case[] => {
    const listed = (axes: number[]): Case =>
      name === 'Sum'
        ? ['ReduceSum', [real(2, 3, 4), ints(...axes)], { keepdims: 0 }]
        : [`Reduce${name}`, [real(2, 3, 4)], { axes, keepdims: 0 }];
    return [
      listed([1]),
      listed([0, -1]),
      [`Reduce${name}`, [real(2, 3)]],
      ...(name === 'Mean' ? [] : [[`Reduce${name}`, [ints(2, 3, 4)], { keepdims: 0 }] as Case]),
    ];
  }),
  ['ReduceSum', [real(2, 3)], { noop_with_empty_axes: 1 }],

  ['DequantizeLinear', [tensorOf('uint8', [0, 128, 255]), scalar(0.1, 'float32'), scalar(128, 'uint8')]],
  ['DequantizeLinear', [tensorOf('int8', [-128, 0, 127]), scalar(0.1, 'float32')]],
  [
    'DequantizeLinear',
    [make('int8', 2, 3, 2), tensorOf('float32', [0.5, 0.25, 2]), tensorOf('int8', [1, -2, 3])],
    { axis: 1 },
  ],
  ['DequantizeLinear', [make('uint8', 3, 2), tensorOf('float32', [0.5, 2]), tensorOf('uint8', [1, 2])], { axis: -1 }],
  ['DequantizeLinear', [tensorOf('int32', [100000, -7]), scalar(0.001, 'float32')]],

  ['GatherElements', [real(3, 4), tensorOf('int64', [0, -1, 2, 1], [2, 2])], { axis: 1 }],
  ['GatherND', [real(3, 4), tensorOf('int64', [0, 1, 2, -1], [2, 2])]],
  ['GatherND', [real(3, 4), tensorOf('int64', [2, 0], [2, 1])]],
  ['ScatterElements', [real(3, 4), tensorOf('int64', [0, -1, 2, 1], [2, 2]), real(2, 2)], { axis: 1 }],
  ['ScatterND', [real(3, 4), tensorOf('int64', [2, 0], [2, 1]), real(2, 4)]],
  ['ScatterND', [real(3, 4), tensorOf('int64', [0, 1, 2, -1], [2, 2]), real(2)]],
];

const nodeOf = (op: string, inputs: readonly (Tensor | null)[], attributes: Attributes, outputs: number): Node => ({
  opType: op,
  domain: '',
  name: 'it',
  inputs: inputs.map((tensor, i) => (tensor ? `x${i}` : '')),
  outputs: Array.from({ length: outputs }, (_, i) => `y${i}`),
  attributes,
});

/** What ONNX Runtime makes of the node, its inputs fed. */
async function computed(
  [op, inputs, attributes = {}, outputs = 1]: Case,
  results: readonly Tensor[],
): Promise<Tensor[]> {
  const node = nodeOf(op, inputs, attributes, outputs);
  // Without an input nothing would be fed; a graph may hold another.
  const given = inputs.flatMap((tensor, i) => (tensor ? [[`x${i}`, tensor] as const] : []));
  const graph: Graph = {
    name: 'one',
    nodes: [node],
    initializers: new Map(),
    inputs: given.map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    outputs: node.outputs.map((name, i) => ({ name, dtype: results[i]!.dtype })),
  };
  const model = { irVersion: 8, producer: 'test', opsets: new Map([['', 17]]), graph, metadata: {} };
  const session = await ort.InferenceSession.create(encodeModel(model), {
    logSeverityLevel: 4,
    graphOptimizationLevel: 'disabled',
  });
  const feeds = given.map(([name, { dtype, data, shape }]) => [
    name,
    new ort.Tensor(dtype as 'float32', data as Float32Array, [...shape]),
  ]);
  const made = await session.run(Object.fromEntries(feeds));
  await session.release();
  return node.outputs.map((name) => {
    const { type, dims, data } = made[name]!;
    return { dtype: type as DType, shape: [...dims], data: data as Float32Array };
  });
}

describe('what is folded is what ONNX Runtime computes', () => {
  const title = ([op, inputs, attributes]: Case) =>
    `${op} ${inputs.map((tensor) => (tensor ? `${tensor.dtype}[${tensor.shape}]` : '-')).join(' ')} ${Object.entries(attributes ?? {}).map(([key, value]) => `${key}=${typeof value === 'object' && 'dtype' in value ? 'tensor' : JSON.stringify(value)}`)}`;

  it.each(cases.map((each) => [title(each), each] as const))('%s', async (_, each) => {
    const [op, inputs, attributes = {}, outputs = 1] = each;
    const folded = evaluateNode(nodeOf(op, inputs, attributes, outputs), inputs);
    expect(folded).toBeDefined();
    const expected = await computed(each, folded!);
    expect(folded!.map(({ dtype, shape }) => ({ dtype, shape: [...shape] }))).toEqual(
      expected.map(({ dtype, shape }) => ({ dtype, shape })),
    );
    expected.forEach((tensor, i) => {
      const [wanted, own] = [numbersOf(tensor), numbersOf(folded![i]!)];
      wanted.forEach((value, k) => {
        if (Object.is(value, own[k]) || value === own[k]) return;
        expect(Math.abs(own[k]! - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)));
      });
    });
  });

  it('for every operator that is folded', () => {
    expect([...new Set(cases.map(([op]) => op))].sort()).toEqual(foldedOperators);
  });
});

describe('what the runtime must decide is left to it', () => {
  it.each<[string, Case]>([
    ['another domain', ['Gelu', [real(2)]]],
    ['an operator without a rule', ['Conv', [real(1, 1, 3), real(1, 1, 2)]]],
    ['integers divided by zero', ['Div', [ints(1, 2), ints(1, 0)]]],
    ['a remainder by zero', ['Mod', [ints(1, 2), ints(1, 0)]]],
    ['an index outside', ['Gather', [ints(1, 2), ints(2)]]],
    ['a row outside', ['GatherND', [real(3, 4), tensorOf('int64', [3], [1, 1])]]],
    ['a number no integer stands for', ['Cast', [tensorOf('float32', [Number.NaN])], { to: dtypeNumbers.int64 }]],
    ['much made of little', ['ConstantOfShape', [ints(2 ** 40)]]],
    ['much repeated', ['Tile', [real(2), ints(2 ** 30)]]],
    ['much expanded', ['Expand', [real(1), ints(2 ** 31)]]],
    ['a long range', ['Range', [scalar(0), scalar(2 ** 50), scalar(1)]]],
    ['a range that goes nowhere', ['Range', [scalar(0), scalar(5), scalar(0)]]],
    ['much broadcast', ['Add', [real(3000, 1), real(1, 3000)]]],
    ['types that differ', ['Add', [real(2), ints(1, 2)]]],
    ['shapes that differ', ['Add', [real(2), real(3)]]],
    ['a reshape that does not fit', ['Reshape', [real(2, 3), ints(4)]]],
    ['a mean of nothing', ['ReduceMean', [real(0)]]],
  ])('%s', (_, [op, inputs, attributes = {}]) => {
    const node = nodeOf(op, inputs, attributes, 1);
    expect(evaluateNode(op === 'Gelu' ? { ...node, domain: 'com.microsoft' } : node, inputs)).toBeUndefined();
  });
});

describe('halves', () => {
  it('come back from their numbers, all of them', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const number = halfToNumber(bits);
      if (Number.isNaN(number)) expect(Number.isNaN(halfToNumber(numberToHalf(number)))).toBe(true);
      else expect(numberToHalf(number)).toBe(bits);
    }
  });

  it('are rounded to the nearest, ties to even', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [halfToNumber(bits), halfToNumber(bits + 1)];
      const middle = (low + high) / 2;
      expect(numberToHalf(middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(numberToHalf(middle * (1 - 1e-12))).toBe(bits);
      expect(numberToHalf(middle * (1 + 1e-12))).toBe(bits + 1);
    }
    expect(numberToHalf(65519.99)).toBe(0x7bff);
    expect(numberToHalf(65520)).toBe(0x7c00);
    expect(numberToHalf(-1e300)).toBe(0xfc00);
    expect(numberToHalf(1e-300)).toBe(0);
    expect(Object.is(halfToNumber(numberToHalf(-0)), -0)).toBe(true);
  });
});

describe('the graph builder', () => {
  it('builds thousands of nodes at once', () => {
    const graph = new GraphBuilder('long');
    let x = graph.input('x', 'float32', [4]);
    for (let i = 0; i < 20_000; i++) x = graph.node('Add', [x, graph.scalar(i % 7)]);
    graph.output(x, 'y');
    const built = graph.build();
    expect(built.nodes.length).toBe(20_001);
    expect(built.initializers.size).toBe(7);
  });
});
