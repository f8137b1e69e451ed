import fc from 'fast-check';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../builder.js';
import { encodeModel, modelOf } from '../codec.js';
import { type Attributes, float, type Graph, type Model, type Node, type Value } from '../graph.js';
import { numbersOf, type Shape, sizeOf, type Tensor, tensorOf } from '../tensor.js';
import { simplify } from './index.js';

const ramp = (shape: Shape, factor = 1.7): Tensor =>
  tensorOf(
    'float32',
    Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * factor) * 2),
    shape,
  );

const operators = ({ nodes }: Graph): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { opType } of nodes) counts[opType] = (counts[opType] ?? 0) + 1;
  return counts;
};

async function run(model: Model): Promise<Record<string, { dims: number[]; data: number[] }>> {
  const session = await ort.InferenceSession.create(encodeModel(model), {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
    graphOptimizationLevel: 'disabled',
  });
  const feeds = model.graph.inputs.map(({ name, shape }) => {
    const { data } = ramp(shape as number[], 0.7);
    return [name, new ort.Tensor('float32', data as Float32Array, shape as number[])] as const;
  });
  const outputs = await session.run(Object.fromEntries(feeds));
  await session.release();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => [
      name,
      { dims: [...dims], data: Array.from(data as Float32Array, Number) },
    ]),
  );
}

async function expectSame(model: Model): Promise<Graph> {
  const simple = simplify(model);
  expect(simple.graph.inputs).toEqual(model.graph.inputs);
  expect(simple.graph.outputs).toEqual(model.graph.outputs);
  const [expected, actual] = [await run(model), await run(simple)];
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, { dims, data }] of Object.entries(expected)) {
    expect(actual[name]!.dims).toEqual(dims);
    data.forEach((value, i) => {
      const own = actual[name]!.data[i]!;
      if (value !== own) expect(Math.abs(own - value)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
    });
  }
  return simple.graph;
}

const toFirst = { perm: [0, 3, 1, 2] };
const toLast = { perm: [0, 2, 3, 1] };

/** A graph of one NHWC input between Transposes, as converters from channels-last formats write it. */
function channelsLast(
  build: (graph: GraphBuilder, x: Value) => Value | readonly Value[],
  shape: Shape = [1, 4, 6, 2],
): Model {
  const graph = new GraphBuilder('last');
  const x = graph.input('x', 'float32', shape);
  const first = graph.node('Conv', [graph.node('Transpose', [x], toFirst), graph.constant(ramp([3, 2, 1, 1]))]);
  const made = build(graph, graph.node('Transpose', [first], toLast));
  const results = Array.isArray(made) ? (made as Value[]) : [made as Value];
  results.forEach((value, i) => {
    const rank = value.shape.length;
    const back = rank === 4 && value.dtype === 'float32' ? graph.node('Transpose', [value], toFirst) : value;
    graph.output(graph.node('Identity', [back]), `y${i}`);
  });
  return modelOf(graph.build());
}

const ints = (graph: GraphBuilder, ...values: number[]) => graph.ints(values);

const layoutCases: Record<string, (graph: GraphBuilder, x: Value) => Value | readonly Value[]> = {
  'Relu, Clip': (g, x) => g.node('Clip', [g.node('Relu', [x]), null, g.scalar(1)]),
  'LeakyRelu, Elu, Sigmoid': (g, x) =>
    g.node('Sigmoid', [g.node('Elu', [g.node('LeakyRelu', [x], { alpha: float(0.2) })])]),
  'a constant per channel': (g, x) => g.node('Add', [x, g.constant(ramp([3]))]),
  'a constant per row': (g, x) => g.node('Mul', [g.constant(ramp([4, 1, 1])), x]),
  'a whole constant': (g, x) => g.node('Sub', [x, g.constant(ramp([1, 4, 6, 3]))]),
  'itself, another way': (g, x) => g.node('Add', [g.node('Relu', [x]), g.node('Neg', [x])]),
  'PRelu per channel': (g, x) => g.node('PRelu', [x, g.constant(ramp([1, 1, 3]))]),
  'Concat of channels': (g, x) => g.node('Concat', [x, g.node('Abs', [x])], { axis: 3 }),
  'Concat with a constant': (g, x) => g.node('Concat', [x, g.constant(ramp([1, 4, 6, 2]))], { axis: -1 }),
  'Split of channels': (g, x) => g.nodesOf('Split', [x, ints(g, 1, 2)], { axis: -1 }, 2),
  'Split of rows': (g, x) => g.nodesOf('Split', [x], { axis: 1 }, 2),
  Pad: (g, x) => g.node('Pad', [x, ints(g, 0, 1, 2, 0, 0, 3, 0, 1), g.scalar(0.5)]),
  Slice: (g, x) => g.node('Slice', [x, ints(g, 1, 0), ints(g, 3, -1), ints(g, 2, -1)]),
  'Slice of the first axes': (g, x) => g.node('Slice', [x, ints(g, 0, 1), ints(g, 1, 4)]),
  'Slice by steps': (g, x) => g.node('Slice', [x, ints(g, 5), ints(g, -100), ints(g, 2), ints(g, -2)]),
  'Resize by scales': (g, x) =>
    g.node('Resize', [x, null, g.constant(tensorOf('float32', [1, 2, 3, 1]))], { mode: 'nearest' }),
  'Resize to sizes': (g, x) => g.node('Resize', [x, null, null, ints(g, 1, 7, 5, 3)], { mode: 'linear' }),
  'Mean over the picture': (g, x) => g.node('ReduceMean', [x], { axes: [1, 2], keepdims: 1 }),
  'Mean over the picture, axes gone': (g, x) => g.node('ReduceMean', [x], { axes: [1, 2], keepdims: 0 }),
  'Sum over channels': (g, x) => g.node('ReduceSum', [x, ints(g, -1)], { keepdims: 0 }),
  'Sum over rows': (g, x) => g.node('ReduceSum', [x, ints(g, 1)], { keepdims: 0 }),
  'Maximum of all': (g, x) => g.node('ReduceMax', [x], { keepdims: 0 }),
  'squeeze and excite': (g, x) => {
    const pooled = g.node('ReduceMean', [x], { axes: [1, 2], keepdims: 1 });
    const gate = g.node(
      'Transpose',
      [g.node('Conv', [g.node('Transpose', [pooled], toFirst), g.constant(ramp([3, 3, 1, 1]))])],
      toLast,
    );
    return g.node('Mul', [x, g.node('Sigmoid', [gate])]);
  },
  ArgMax: (g, x) => g.node('ArgMax', [x], { axis: 3, keepdims: 0 }),
  'ArgMin of rows': (g, x) => g.node('Cast', [g.node('ArgMin', [x], { axis: 1, keepdims: 1 })], { to: 1 }),
  Softmax: (g, x) => g.node('Softmax', [x], { axis: -1 }),
  TopK: (g, x) => g.nodesOf('TopK', [x, ints(g, 2)], { axis: 2 }, 2)[0]!,
  Tile: (g, x) => g.node('Tile', [x, ints(g, 1, 2, 1, 3)]),
  'Expand of a mean': (g, x) => g.node('Expand', [g.node('ReduceMean', [x], { axes: [1, 2] }), ints(g, 4, 6, 3)]),
  'Squeeze and Unsqueeze': (g, x) => {
    const row = g.node('Slice', [x, ints(g, 1), ints(g, 2), ints(g, 1)]);
    const flat = g.node('Squeeze', [row, ints(g, 1)]);
    return g.node('Unsqueeze', [g.node('Relu', [flat]), ints(g, -3)]);
  },
  'Gather of channels': (g, x) => g.node('Gather', [x, ints(g, 2, 0)], { axis: 3 }),
  'Gather of one row': (g, x) => g.node('Gather', [x, g.scalar(1, 'int64')], { axis: 1 }),
  Where: (g, x) => g.node('Where', [g.node('Greater', [x, g.scalar(0)]), x, g.constant(ramp([3]))]),
  'Reshape of a pooled picture': (g, x) =>
    g.node('Reshape', [g.node('ReduceMean', [x], { axes: [1, 2] }), ints(g, 1, 3)]),
  'Flatten of a pooled picture': (g, x) => g.node('Flatten', [g.node('ReduceMax', [x], { axes: [1, 2] })]),
  'quantized and back': (g, x) => {
    const scale = g.constant(tensorOf('float32', [0.1, 0.2, 0.3]));
    const quantized = g.node('QuantizeLinear', [x, scale, g.constant(tensorOf('uint8', [100, 120, 140]))], { axis: 3 });
    return g.node('DequantizeLinear', [quantized, scale, g.constant(tensorOf('uint8', [100, 120, 140]))], { axis: -1 });
  },
};

describe('a channels-last network becomes NCHW', () => {
  it.each(Object.entries(layoutCases))('through %s', async (name, build) => {
    const model = channelsLast(build);
    const graph = await expectSame(model);
    // The input stays as it is, and so do rows and channels that leave without the axes between them.
    const odd = ['Sum over rows', 'Gather of one row'].includes(name);
    const [before, after] = [model.graph, graph].map((each) => operators(each).Transpose ?? 0);
    expect(after).toBeLessThanOrEqual(odd ? before! : Math.min(2, before! - 1));
  });

  it('but not through what needs the layout', async () => {
    const kept = channelsLast((g, x) => g.node('Reshape', [x, ints(g, 1, 6, 4, 3)]));
    expect(operators(await expectSame(kept)).Transpose).toBe(operators(kept.graph).Transpose);
    const product = channelsLast((g, x) => g.node('MatMul', [x, g.constant(ramp([3, 5]))]));
    await expectSame(product);
  });

  it('where an output is within', async () => {
    const model = channelsLast((g, x) => {
      const relu = g.node('Relu', [x]);
      g.output(relu, 'inner');
      return g.node('Neg', [relu]);
    });
    await expectSame(model);
  });

  it('and names what it computes there', () => {
    const { nodes } = simplify(channelsLast(layoutCases['squeeze and excite']!)).graph;
    expect(nodes.map(({ outputs }) => outputs[0])).toContain('ReduceMean/nchw');
  });
});

describe('random graphs between random Transposes compute the same', () => {
  const perms4 = [
    [0, 2, 3, 1],
    [0, 3, 1, 2],
    [0, 1, 3, 2],
    [3, 2, 1, 0],
    [1, 0, 2, 3],
    [0, 1, 2, 3],
  ];
  const step = fc.record({
    kind: fc.constantFrom(
      'transpose',
      'transpose',
      'unary',
      'channel',
      'join',
      'concat',
      'reduce',
      'slice',
      'pad',
      'softmax',
      'arg',
      'tile',
      'read',
    ),
    from: fc.nat(),
    other: fc.nat(),
    axis: fc.nat(3),
    perm: fc.constantFrom(...perms4),
    keep: fc.boolean(),
  });

  /** Appends one step where it fits the shapes there are. */
  function grow(
    graph: GraphBuilder,
    values: Value[],
    { kind, from, other, axis, perm, keep }: typeof step extends fc.Arbitrary<infer T> ? T : never,
  ) {
    const x = values[from % values.length]!;
    const rank = x.shape.length;
    const at = rank > 0 ? axis % rank : 0;
    const emit = (op: string, inputs: Value[], attributes: Attributes = {}) =>
      values.push(graph.node(op, inputs, attributes));
    const same = values.filter((value) => `${value.shape}` === `${x.shape}`);
    const partner = same[other % same.length]!;
    if (kind === 'unary') emit(['Relu', 'Neg', 'Abs'][other % 3]!, [x]);
    else if (kind === 'transpose') emit('Transpose', [x], rank === 4 ? { perm } : {});
    else if (kind === 'channel') emit('Add', [x, graph.constant(ramp(x.shape.slice(at)))]);
    else if (kind === 'join') emit(other % 2 ? 'Mul' : 'Max', [x, partner]);
    else if (rank === 0 || sizeOf(x.shape) > 2000) return;
    else if (kind === 'concat') emit('Concat', [x, partner], { axis: at - (keep ? rank : 0) });
    else if (kind === 'reduce' && rank > 1) emit('ReduceMax', [x], { axes: [at], keepdims: keep ? 1 : 0 });
    else if (kind === 'slice') emit('Slice', [x, ints(graph, keep ? 0 : 1), ints(graph, 100), ints(graph, at - rank)]);
    else if (kind === 'pad')
      emit('Pad', [x, ints(graph, ...Array.from({ length: 2 * rank }, (_, i) => (i === at ? 1 : 0)))]);
    else if (kind === 'softmax') emit('Softmax', [x], { axis: at });
    else if (kind === 'arg' && rank > 1)
      emit('Cast', [graph.node('ArgMax', [x], { axis: at, keepdims: keep ? 1 : 0 })], { to: 1 });
    else if (kind === 'tile') emit('Tile', [x, ints(graph, ...x.shape.map((_, i) => (i === at ? 2 : 1)))]);
    else if (kind === 'read') emit('Reshape', [x, ints(graph, -1)]);
  }

  it('whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const graph = new GraphBuilder('random');
        const values: Value[] = [graph.input('x', 'float32', [2, 3, 4, 5])];
        for (const each of steps) grow(graph, values, each);
        const finite = values.filter((value) => sizeOf(value.shape) > 0);
        graph.output(graph.node('Identity', [finite.at(-1)!]), 'y');
        if (finite.length > 2) graph.output(finite[Math.floor(finite.length / 2)]!, 'z');
        await expectSame(modelOf(graph.build()));
      }),
      { numRuns: 150 },
    );
  });
});

describe('simplify', () => {
  const info = (name: string, shape: number[] = [4]) => ({ name, dtype: 'float32' as const, shape });
  const node = (opType: string, inputs: string[], outputs: string[], attributes: Attributes = {}): Node => ({
    opType,
    domain: '',
    name: '',
    inputs,
    outputs,
    attributes,
  });
  const modelOfNodes = (nodes: Node[], initializers: Record<string, Tensor> = {}, outputs = ['y']): Model =>
    modelOf({
      name: 'plain',
      nodes,
      initializers: new Map(Object.entries(initializers)),
      inputs: [info('x')],
      outputs: outputs.map((name) => info(name)),
    });

  it('makes weights of stored integers', async () => {
    const model = modelOfNodes([node('DequantizeLinear', ['q', 's', 'z'], ['w']), node('Add', ['x', 'w'], ['y'])], {
      q: tensorOf('uint8', [0, 100, 200, 255]),
      s: tensorOf('float32', [0.1], []),
      z: tensorOf('uint8', [128], []),
    });
    const graph = await expectSame(model);
    expect(operators(graph)).toEqual({ Add: 1 });
    expect([...graph.initializers.keys()]).toEqual(['w']);
    expect(graph.initializers.get('w')!.dtype).toBe('float32');
  });

  it('takes out Identity and Dropout, and keeps the names of outputs', async () => {
    const graph = await expectSame(
      modelOfNodes([
        node('Identity', ['x'], ['a']),
        node('Neg', ['a'], ['b']),
        node('Dropout', ['b'], ['c', 'mask']),
        node('Identity', ['c'], ['y']),
      ]),
    );
    expect(graph.nodes.map(({ opType, inputs, outputs }) => [opType, inputs, outputs])).toEqual([
      ['Neg', ['x'], ['y']],
    ]);
  });

  it.each<[string, Node[], string[]]>([
    ['an input handed through', [node('Identity', ['x'], ['y'])], ['y']],
    [
      'one tensor under three names',
      [node('Neg', ['x'], ['a']), node('Identity', ['a'], ['y']), node('Identity', ['a'], ['z'])],
      ['a', 'y', 'z'],
    ],
    [
      'two names of one hidden tensor',
      [node('Neg', ['x'], ['a']), node('Identity', ['a'], ['y']), node('Identity', ['a'], ['z'])],
      ['y', 'z'],
    ],
    [
      'a chain of names',
      [
        node('Neg', ['x'], ['a']),
        node('Identity', ['a'], ['b']),
        node('Identity', ['b'], ['y']),
        node('Abs', ['b'], ['z']),
      ],
      ['y', 'z'],
    ],
    [
      'a name read again',
      [node('Neg', ['x'], ['a']), node('Identity', ['a'], ['y']), node('Abs', ['y'], ['z']), node('Exp', ['a'], ['v'])],
      ['z', 'y', 'v'],
    ],
    ['a constant output', [node('Constant', [], ['y'], { value: tensorOf('float32', [1, 2, 3, 4]) })], ['y']],
    [
      'a transpose undone at the output',
      [node('Transpose', ['x'], ['a'], { perm: [0] }), node('Identity', ['a'], ['y'])],
      ['y'],
    ],
  ])('gives %s', async (_, nodes, outputs) => {
    await expectSame(modelOfNodes(nodes, {}, outputs));
  });

  it('keeps a Dropout that trains', async () => {
    const nodes = [node('Dropout', ['x', 'r', 't'], ['y'])];
    const model = modelOfNodes(nodes, { r: tensorOf('float32', [0.5], []), t: tensorOf('bool', [1], []) });
    expect(operators(simplify(model).graph)).toEqual({ Dropout: 1 });
  });

  it.each<[string, [string, number?, number?][], Record<string, number>, number[]]>([
    ['Relu and Clip', [['Relu'], ['Clip', 0, 1.5]], { Clip: 1 }, [0, 1.5]],
    ['Clip and Relu', [['Clip', -1, 1.5], ['Relu']], { Clip: 1 }, [0, 1.5]],
    [
      'three Clips',
      [
        ['Clip', -1, 6],
        ['Clip', -0.5, 1],
        ['Clip', -3, 0.75],
      ],
      { Clip: 1 },
      [-0.5, 0.75],
    ],
    [
      'Clips that do not overlap',
      [
        ['Clip', -1, 0],
        ['Clip', 1, 2],
      ],
      { Clip: 1 },
      [1, 1],
    ],
    ['Relus', [['Relu'], ['Relu']], { Relu: 1 }, []],
    ['a Clip that is a Relu', [['Clip', 0]], { Relu: 1 }, []],
  ])('makes one of %s', async (_, steps, counts, bounds) => {
    const initializers: Record<string, Tensor> = {};
    const nodes = steps.map(([op, low, high], i) => {
      const bound = (value: number | undefined, name: string) => {
        if (value === undefined) return '';
        initializers[name] = tensorOf('float32', [value], []);
        return name;
      };
      const inputs = [i ? `t${i}` : 'x', bound(low, `l${i}`), bound(high, `h${i}`)];
      while (inputs.at(-1) === '') inputs.pop();
      return node(op, inputs, [i === steps.length - 1 ? 'y' : `t${i + 1}`]);
    });
    const graph = await expectSame(modelOfNodes(nodes, initializers));
    expect(operators(graph)).toEqual(counts);
    const limits = graph.nodes[0]!.inputs.slice(1).map((name) => graph.initializers.get(name)!);
    expect(limits.flatMap(numbersOf)).toEqual(bounds);
    for (const limit of limits) expect(limit.shape).toEqual([]);
  });

  it('keeps a Clip that is read twice', async () => {
    const graph = await expectSame(
      modelOfNodes([node('Relu', ['x'], ['a']), node('Relu', ['a'], ['b']), node('Add', ['a', 'b'], ['y'])]),
    );
    expect(operators(graph)).toEqual({ Relu: 2, Add: 1 });
  });

  it('leaves defaults of inputs alone: they can be fed', () => {
    const base = modelOfNodes([node('Neg', ['w'], ['v']), node('Add', ['x', 'v'], ['y'])], {
      w: tensorOf('float32', [1]),
    });
    const model = { ...base, graph: { ...base.graph, inputs: [...base.graph.inputs, info('w', [1])] } };
    expect(operators(simplify(model).graph)).toEqual({ Neg: 1, Add: 1 });
  });

  it('does the same twice', () => {
    const once = simplify(channelsLast((g, x) => g.node('Softmax', [g.node('Relu', [x])], { axis: 3 })));
    expect(simplify(once).graph.nodes).toEqual(once.graph.nodes);
  });
});
