import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { addGraph } from '../add-graph.js';
import { GraphBuilder } from '../builder.js';
import { decodeModel, encodeModel, modelOf } from '../codec.js';
import { type Attributes, Floats, float, type Graph, type Model, type Node } from '../graph.js';
import { dtypeNumbers, numbersOf, sizeOf, type Tensor, tensorOf } from '../tensor.js';
import { upgradeModel } from './index.js';

interface Case {
  readonly opset: number;
  readonly op: string;
  /** Tensors that are fed. */
  readonly feeds: readonly Tensor[];
  readonly attributes?: Attributes;
  /** Inputs after the fed ones: constants, or `null` for one left out. */
  readonly constants?: readonly (Tensor | null)[];
  readonly outputs?: number;
  readonly irVersion?: number;
}

/** Numbers that differ from one another. */
const ramp = (...shape: number[]): Tensor =>
  tensorOf(
    'float32',
    Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * 1.7) * 3),
    shape,
  );
const ints = (...values: number[]): Tensor => tensorOf('int64', values);
const list = (...values: number[]): Tensor => tensorOf('float32', values);
const scalar = (value: number): Tensor => tensorOf('float32', [value], []);
const double = (tensor: Tensor): Tensor => tensorOf('float64', numbersOf(tensor), tensor.shape);
const half = (tensor: Tensor): Tensor => tensorOf('float16', numbersOf(tensor), tensor.shape);

const of = (
  opset: number,
  op: string,
  feeds: readonly Tensor[],
  attributes: Attributes = {},
  constants: readonly (Tensor | null)[] = [],
  rest: Partial<Case> = {},
): Case => ({ opset, op, feeds, attributes, constants, ...rest });

const reductions = ['Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSumExp', 'SumSquare', 'Sum', 'LogSum'];
const square = (tensor: Tensor): Tensor =>
  tensorOf(
    'float32',
    numbersOf(tensor).map((x) => x * x + 0.1),
    tensor.shape,
  );

const cases: readonly Case[] = [
  of(9, 'Squeeze', [ramp(1, 3, 1)], { axes: [0, 2] }),
  of(11, 'Squeeze', [ramp(1, 3, 1)], { axes: [-1] }),
  of(11, 'Squeeze', [ramp(1, 3, 1)]),
  of(9, 'Unsqueeze', [ramp(2, 3)], { axes: [0, 3] }),
  of(11, 'ReduceSum', [ramp(2, 3, 4)], { axes: [1, -1], keepdims: 0 }),
  of(11, 'ReduceSum', [ramp(2, 3, 4)]),
  of(11, 'Split', [ramp(6, 2)], { axis: 0, split: [1, 2, 3] }, [], { outputs: 3 }),
  of(11, 'Split', [ramp(6, 2)], {}, [], { outputs: 3 }),
  of(9, 'Clip', [ramp(20)], { min: float(-1), max: float(1.5) }),
  of(7, 'Clip', [ramp(20)], { max: float(0) }),
  of(7, 'Clip', [ramp(20)], { min: float(0), max: float(3.4028234663852886e38) }),
  of(10, 'Clip', [ramp(20)]),
  of(9, 'Slice', [ramp(5, 6)], { starts: [1, -3], ends: [4, 1000], axes: [0, 1] }),
  of(9, 'Slice', [ramp(5, 6)], { starts: [1], ends: [2 ** 63] }),
  of(7, 'Slice', [ramp(5, 6)], { starts: [0, 2], ends: [-1, -1] }),
  of(9, 'Pad', [ramp(2, 3)], { pads: [1, 0, 0, 2], value: float(1.5) }),
  of(9, 'Pad', [ramp(2, 3)], { pads: [1, 0, 0, 2] }),
  of(10, 'Pad', [ramp(4, 3)], { pads: [1, 1, 1, 1], mode: 'reflect' }),
  of(9, 'Pad', [double(ramp(2, 3))], { pads: [1, 0, 0, 2], value: float(1.5) }),
  of(7, 'Upsample', [ramp(1, 2, 3, 4)], { scales: new Floats([1, 1, 2, 2]), mode: 'nearest' }),
  of(9, 'Upsample', [ramp(1, 2, 3, 4)], { mode: 'nearest' }, [list(1, 1, 2, 3)]),
  of(9, 'Upsample', [ramp(1, 2, 3, 4)], { mode: 'linear' }, [list(1, 1, 2, 2)]),
  of(10, 'Resize', [ramp(1, 2, 3, 4)], { mode: 'nearest' }, [list(1, 1, 2, 2)]),
  of(10, 'Resize', [ramp(1, 2, 7, 9)], { mode: 'nearest' }, [list(1, 1, 0.5, 0.4)]),
  of(10, 'Resize', [ramp(1, 2, 7, 9)], { mode: 'nearest' }, [list(1, 1, 0.5, 1.7)]),
  of(10, 'Resize', [ramp(1, 2, 7, 9)], { mode: 'linear' }, [list(1, 1, 0.5, 1.7)]),
  of(11, 'Resize', [ramp(1, 2, 3, 4)], { mode: 'nearest' }, [list(), list(1, 1, 2, 2)]),
  of(11, 'Resize', [ramp(1, 2, 3, 4)], { mode: 'linear' }, [list(), list(), ints(1, 2, 5, 9)]),
  of(11, 'Resize', [ramp(1, 2, 3, 4)], { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' }, [
    list(),
    list(1, 1, 2, 2),
  ]),
  of(11, 'Resize', [ramp(1, 1, 4, 4)], { mode: 'cubic' }, [list(), list(1, 1, 2, 2)]),
  of(9, 'Dropout', [ramp(2, 3)], { ratio: float(0.3) }),
  of(10, 'Dropout', [ramp(2, 3)]),
  of(7, 'BatchNormalization', [ramp(2, 3, 2)], { epsilon: float(1e-3) }, [
    list(1, 2, 3),
    list(0, 1, 2),
    list(0.5, 0, 1),
    list(1, 2, 3),
  ]),
  of(9, 'BatchNormalization', [ramp(2, 3, 2)], {}, [list(1, 2, 3), list(0, 1, 2), list(0.5, 0, 1), list(1, 2, 3)]),
  of(9, 'TopK', [ramp(3, 5)], { k: 2, axis: 1 }, [], { outputs: 2 }),
  of(10, 'TopK', [ramp(3, 5)], { axis: 0 }, [ints(2)], { outputs: 2 }),
  ...['Softmax', 'LogSoftmax', 'Hardmax'].flatMap((op) => [
    of(9, op, [ramp(2, 3, 4)]),
    of(11, op, [ramp(2, 3, 4)], { axis: -2 }),
    of(11, op, [ramp(2, 3, 4)], { axis: -1 }),
    of(11, op, [ramp(2, 3)], { axis: 0 }),
    of(13, op, [ramp(2, 3, 4)], { axis: 1 }),
  ]),
  of(9, 'Scatter', [ramp(3, 3)], { axis: 1 }, [tensorOf('int64', [0, 2], [1, 2]), tensorOf('float32', [9, 8], [1, 2])]),
  of(12, 'RoiAlign', [ramp(1, 2, 8, 8)], { output_height: 2, output_width: 2, spatial_scale: float(0.5) }, [
    tensorOf('float32', [1, 1, 9, 11], [1, 4]),
    ints(0),
  ]),
  of(8, 'Gemm', [ramp(2, 3)], { transB: 1 }, [ramp(4, 3), ramp(4)]),
  of(7, 'AveragePool', [ramp(1, 2, 5, 5)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  of(8, 'MaxPool', [ramp(1, 2, 5, 5)], { kernel_shape: [3, 3], strides: [2, 2] }),

  ...reductions.flatMap((name) => {
    const x = square(ramp(2, 3, 4));
    return [
      of(18, `Reduce${name}`, [x], { keepdims: 0 }, [ints(1, -1)]),
      of(20, `Reduce${name}`, [x], {}),
      of(18, `Reduce${name}`, [x], { noop_with_empty_axes: 0 }, [ints()]),
    ];
  }),
  of(18, 'ReduceMean', [ramp(2, 3)], { noop_with_empty_axes: 1 }),
  of(18, 'Split', [ramp(7, 2)], { num_outputs: 3 }, [], { outputs: 3 }),
  of(18, 'Split', [ramp(2, 6)], { num_outputs: 2, axis: -1 }, [], { outputs: 2 }),
  of(18, 'Split', [ramp(7, 2)], {}, [ints(3, 4)], { outputs: 2 }),
  of(18, 'Pad', [ramp(2, 3, 4)], {}, [ints(1, 2, 0, 1), scalar(0.5), ints(-1, 0)]),
  of(21, 'Pad', [ramp(2, 3, 4)], { mode: 'edge' }, [ints(0, 0, 1, 0, 0, 2)]),
  of(18, 'Resize', [ramp(1, 2, 3, 4)], { mode: 'linear', axes: [2, 3] }, [null, null, ints(6, 5)]),
  of(19, 'Resize', [ramp(1, 2, 3, 4)], { mode: 'linear', axes: [3, 2] }, [null, list(2, 3)]),
  of(18, 'Resize', [ramp(1, 2, 3, 4)], { mode: 'nearest', antialias: 0 }, [null, list(1, 1, 2, 2)]),
  of(18, 'GroupNormalization', [ramp(2, 4, 3, 3)], { num_groups: 2, epsilon: float(1e-3) }, [list(2, 3), list(1, -1)]),
  of(21, 'GroupNormalization', [ramp(2, 4, 3)], { num_groups: 2 }, [list(2, 3, 4, 5), list(1, -1, 0, 2)]),
  of(20, 'Gelu', [ramp(30)]),
  of(20, 'Gelu', [ramp(30)], { approximate: 'tanh' }),
  of(20, 'Gelu', [double(ramp(30))], { approximate: 'tanh' }),
  of(18, 'Mish', [ramp(30)]),
  of(20, 'GridSample', [ramp(1, 2, 4, 5), tensorOf('float32', [-0.9, 0.2, 0.3, 0.8], [1, 1, 2, 2])], {
    mode: 'linear',
  }),
  of(20, 'GridSample', [ramp(1, 2, 4, 5), tensorOf('float32', [-0.9, 0.2, 0.3, 0.8], [1, 1, 2, 2])], { mode: 'cubic' }),
  of(20, 'DFT', [ramp(1, 8, 1)], {}, [null, tensorOf('int64', [1], [])]),
  of(19, 'Cast', [ramp(5)], { to: dtypeNumbers.int32, saturate: 1 }),
  of(19, 'AveragePool', [ramp(1, 2, 5, 5)], { kernel_shape: [2, 2], dilations: [1, 1] }),
  of(21, 'DequantizeLinear', [tensorOf('uint8', [1, 200])], { block_size: 0 }, [
    scalar(0.5),
    tensorOf('uint8', [3], []),
  ]),
  of(21, 'QuantizeLinear', [ramp(5)], {}, [scalar(0.5), tensorOf('int8', [3], [])]),
  of(18, 'ScatterElements', [ramp(3, 3)], { axis: 1, reduction: 'add' }, [
    tensorOf('int64', [0, 2], [1, 2]),
    tensorOf('float32', [9, 8], [1, 2]),
  ]),
  of(18, 'LpPool', [ramp(1, 2, 5, 5)], { kernel_shape: [2, 2], dilations: [1, 1], ceil_mode: 0 }),
  of(21, 'Reshape', [ramp(2, 6)], { allowzero: 0 }, [ints(3, -1)]),
];

function modelFor({ opset, op, feeds, attributes = {}, constants = [], outputs = 1, irVersion = 7 }: Case): Model {
  const initializers = new Map<string, Tensor>();
  const rest = constants.map((tensor, i) => {
    if (tensor) initializers.set(`c${i}`, tensor);
    return tensor ? `c${i}` : '';
  });
  const info = (name: string, { dtype, shape }: Tensor) => ({ name, dtype, shape });
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const node: Node = {
    opType: op,
    domain: '',
    name: 'it',
    inputs: [...feeds.map((_, i) => `x${i}`), ...rest],
    outputs: names,
    attributes,
  };
  const dtypeOf = (i: number) => {
    if (op === 'TopK' && i === 1) return 'int64';
    if (op === 'Cast') return 'int32';
    if (op === 'QuantizeLinear') return 'int8';
    if (op === 'DequantizeLinear') return 'float32';
    return feeds[0]!.dtype;
  };
  const graph: Graph = {
    name: 'one',
    nodes: [node],
    initializers,
    inputs: feeds.map((tensor, i) => info(`x${i}`, tensor)),
    outputs: names.map((name, i) => ({ name, dtype: dtypeOf(i) })),
  };
  return { irVersion, producer: 'test', opsets: new Map([['', opset]]), graph, metadata: {} };
}

async function run(model: Model, feeds: readonly Tensor[]) {
  const session = await ort.InferenceSession.create(encodeModel(model), { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const fed = feeds.map(({ dtype, data, shape }, i) => [
    `x${i}`,
    new ort.Tensor(dtype as 'float32', data as Float32Array, [...shape]),
  ]);
  const outputs = await session.run(Object.fromEntries(fed));
  await session.release();
  return Object.entries(outputs).map(([name, { dims, type, data }]) => ({
    name,
    type,
    dims: [...dims],
    data: Array.from(data as Float32Array, Number),
  }));
}

function expectSame(actual: Awaited<ReturnType<typeof run>>, expected: Awaited<ReturnType<typeof run>>): void {
  expect(actual.map(({ name, type, dims }) => ({ name, type, dims }))).toEqual(
    expected.map(({ name, type, dims }) => ({ name, type, dims })),
  );
  expected.forEach(({ data }, i) => {
    data.forEach((value, k) => {
      expect(Math.abs(actual[i]!.data[k]! - value)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
    });
  });
}

const titleOf = ({ op, opset, feeds, attributes }: Case) =>
  `${op} of set ${opset} of ${feeds.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(' ')} ${JSON.stringify(attributes)}`;

describe('a node of another operator set computes the same in set 17', () => {
  it.each(cases.map((each) => [titleOf(each), each] as const))('%s', async (_, each) => {
    const original = modelFor(each);
    const upgraded = upgradeModel(original);
    expect(upgraded.opsets.get('')).toBe(17);
    expect(decodeModel(encodeModel(upgraded)).graph.nodes.length).toBe(upgraded.graph.nodes.length);
    const expected = await run(original, each.feeds);
    expectSame(await run(upgraded, each.feeds), expected);

    // What an upgraded graph computes of shapes is known when it is replayed.
    const knows = !['Hardmax', 'RoiAlign', 'GridSample', 'DFT', 'LpPool', 'ReduceLogSum'].includes(each.op);
    if (!knows) return;
    const builder = new GraphBuilder('replayed');
    const inputs = each.feeds.map(({ dtype, shape }, i) => builder.input(`x${i}`, dtype, shape));
    const values = addGraph(builder, upgraded.graph, Object.fromEntries(inputs.map((value) => [value.name, value])), {
      prefix: 'inner',
    });
    for (const { name } of upgraded.graph.outputs) builder.output(values.get(name)!, name);
    const replayed = modelOf(builder.build());
    expect(replayed.graph.nodes.filter(({ opType }) => opType === 'Shape')).toEqual([]);
    expectSame(await run(replayed, each.feeds), expected);
  });
});

describe('what set 17 has no words for is refused with the node', () => {
  const refused: [string, Case, RegExp][] = [
    ['an operator set that is older', of(6, 'Relu', [ramp(2)]), /set 6; Fovea reads sets 7 to 21/],
    ['an operator set that is newer', of(22, 'Relu', [ramp(2)]), /set 22; Fovea reads sets 7 to 21/],
    ['an operator set that does not exist', of(99, 'Relu', [ramp(2)]), /set 99/],
    ['an unknown operator', of(17, 'FancyOp', [ramp(2)]), /"it" \(FancyOp\)/],
    ['an operator that came later', of(18, 'CenterCropPad', [ramp(4)], {}, [ints(2)]), /"it" \(CenterCropPad\)/],
    ['an operator of before', of(12, 'ConstantFill', [ramp(4)]), /"it" \(ConstantFill\)/],
    ['statistics per position', of(7, 'BatchNormalization', [ramp(2, 3)], { spatial: 0 }), /spatial = 0/],
    ['a mask of old', of(10, 'Dropout', [ramp(3)], {}, [], { outputs: 2 }), /mask "y1"/],
    ['antialiasing', of(18, 'Resize', [ramp(1, 1, 2, 2)], { antialias: 1 }, [null, list(1, 1, 2, 2)]), /antialias/],
    ['padding that wraps', of(19, 'Pad', [ramp(3)], { mode: 'wrap' }, [ints(1, 1)]), /wrap/],
    ['blocks', of(21, 'DequantizeLinear', [tensorOf('int8', [1, 2])], { block_size: 2 }, [list(1)]), /block_size/],
    ['a maximum that is scattered', of(18, 'ScatterND', [ramp(3)], { reduction: 'max' }), /reduction max/],
    ['dilated means', of(19, 'AveragePool', [ramp(1, 1, 5)], { kernel_shape: [2], dilations: [2] }), /dilations/],
    ['axes that are computed', of(18, 'ReduceMean', [ramp(2, 3), ints(1)]), /input 1 \("x1"\) is computed/],
  ];
  it.each(refused)('%s', (_, each, message) => {
    expect(() => upgradeModel(modelFor(each))).toThrow(
      expect.objectContaining({
        name: 'OnnxError',
        code: 'unsupported_opset',
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('upgradeModel', () => {
  it('leaves a model of set 17 as it is', () => {
    const model = modelFor(of(17, 'Relu', [ramp(2)], {}, [], { irVersion: 8 }));
    expect(upgradeModel(model)).toEqual(model);
  });

  it('keeps names, metadata and nodes of other domains', () => {
    const model = modelFor(of(11, 'Squeeze', [ramp(1, 2)], { axes: [0] }));
    const fused: Node = {
      opType: 'Gelu',
      domain: 'com.microsoft',
      name: 'g',
      inputs: ['y0'],
      outputs: ['z'],
      attributes: {},
    };
    const opsets = new Map([...model.opsets, ['com.microsoft', 1]]);
    const whole = {
      ...model,
      opsets,
      metadata: { a: 'b' },
      graph: { ...model.graph, nodes: [...model.graph.nodes, fused] },
    };
    const upgraded = upgradeModel(whole);
    expect(upgraded.graph.nodes[1]).toEqual(fused);
    expect(upgraded.metadata).toEqual({ a: 'b' });
    expect(upgraded.opsets).toEqual(
      new Map([
        ['', 17],
        ['com.microsoft', 1],
      ]),
    );
    expect(upgraded.graph.nodes[0]).toMatchObject({ name: 'it', outputs: ['y0'] });
  });

  it('takes initializers from the inputs where old files had to list them', async () => {
    const model = modelFor(of(8, 'Gemm', [ramp(2, 3)], {}, [ramp(3, 4), ramp(4)], { irVersion: 3 }));
    const weights = [...model.graph.initializers].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
    const listed = { ...model, graph: { ...model.graph, inputs: [...model.graph.inputs, ...weights] } };
    const upgraded = upgradeModel(listed);
    expect(upgraded.graph.inputs.map(({ name }) => name)).toEqual(['x0']);
    expectSame(await run(upgraded, [ramp(2, 3)]), await run(listed, [ramp(2, 3)]));
  });

  it('reads statistics a BatchNormalization names but nobody uses', async () => {
    const model = modelFor(
      of(9, 'BatchNormalization', [ramp(2, 3, 2)], {}, [list(1, 2, 3), list(0, 1, 2), list(0.5, 0, 1), list(1, 2, 3)]),
    );
    const [node] = model.graph.nodes;
    const trained = { ...node!, outputs: ['y0', 'mean', 'var', 'saved_mean', 'saved_var'] };
    const upgraded = upgradeModel({ ...model, graph: { ...model.graph, nodes: [trained] } });
    expectSame(await run(upgraded, [ramp(2, 3, 2)]), await run(model, [ramp(2, 3, 2)]));
    const read = {
      ...model.graph,
      nodes: [trained],
      outputs: [...model.graph.outputs, { name: 'mean', dtype: 'float32' as const }],
    };
    expect(() => upgradeModel({ ...model, graph: read })).toThrow(
      expect.objectContaining({ code: 'unsupported_opset' }),
    );
  });

  it('rewrites graphs within graphs', async () => {
    const squeezed = (axes: number[], name: string): Graph => ({
      name,
      nodes: [{ opType: 'Squeeze', domain: '', name, inputs: ['x0'], outputs: [name], attributes: { axes } }],
      initializers: new Map(),
      inputs: [],
      outputs: [{ name, dtype: 'float32' }],
    });
    const model = modelFor(of(11, 'If', [ramp(1, 2, 1)]));
    const condition = { name: 'which', dtype: 'bool' as const, shape: [] };
    const node: Node = {
      ...model.graph.nodes[0]!,
      inputs: ['which'],
      attributes: { then_branch: squeezed([0], 'then'), else_branch: squeezed([2], 'else') },
    };
    const graph = {
      ...model.graph,
      nodes: [node],
      initializers: new Map([['flag', tensorOf('bool', [1], [])]]),
      inputs: [...model.graph.inputs, condition],
    };
    const upgraded = upgradeModel({ ...model, graph });
    for (const flag of [0, 1]) {
      const dims = [];
      for (const each of [{ ...model, graph }, upgraded]) {
        const session = await ort.InferenceSession.create(encodeModel(each), { logSeverityLevel: 4 });
        const { y0 } = await session.run({
          x0: new ort.Tensor('float32', ramp(1, 2, 1).data as Float32Array, [1, 2, 1]),
          which: new ort.Tensor('bool', [flag === 1], []),
        });
        dims.push(y0!.dims);
        await session.release();
      }
      expect(dims[0]).toEqual(dims[1]);
      expect(dims[1]).toEqual(flag ? [2, 1] : [1, 2]);
    }
  });

  it('casts what it adds to the type it meets', async () => {
    const model = modelFor(of(9, 'Clip', [half(ramp(8))], { min: float(-1), max: float(1) }));
    expectSame(await run(upgradeModel(model), [half(ramp(8))]), await run(model, [half(ramp(8))]));
  });
});
