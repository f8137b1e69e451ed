import { readFileSync } from 'node:fs';
import { encodeModel, float, type Graph, GraphBuilder, modelOf, tensorOf, type Value } from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { addGradients, differentiable } from './gradients.js';

const sum = (graph: GraphBuilder, value: Value): Value => graph.node('ReduceSum', [value], { keepdims: 0 });

async function run(graph: Graph, feeds: Record<string, readonly number[]>, threads = 1) {
  const session = await ort.InferenceSession.create(encodeModel(modelOf(graph)), {
    logSeverityLevel: 3,
    intraOpNumThreads: threads,
  });
  const shapes = Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, shape as number[]]));
  const tensors = Object.entries(feeds).map(
    ([name, values]) => [name, new ort.Tensor('float32', Float32Array.from(values), shapes[name]!)] as const,
  );
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...(data as Float32Array)]]));
}

describe('addGradients', () => {
  it('names an operator without a rule, where it stands, and what is covered', () => {
    const add = () => {
      const graph = new GraphBuilder();
      const x = graph.input('x', 'float32', [3]);
      const before = graph.node('Exp', [x]);
      const strange = graph.scoped('layer7', () => graph.node('Tan', [before]));
      return addGradients(graph, sum(graph, graph.node('Neg', [strange])), [x]);
    };
    expect(add).toThrow(/"layer7\/Tan" \(Tan\), number 2 of 4, after "Exp" \(Exp\) and before "Neg" \(Neg\)/);
    expect(add).toThrow(/covered are Abs, Add, .*Where/);
    expect(add).toThrow(
      expect.objectContaining({
        code: 'unsupported_gradient',
        details: expect.objectContaining({ node: 'layer7/Tan', opType: 'Tan', index: 1, nodes: 4 }),
      }),
    );
  });

  it('lets an operator without a rule be where no gradient goes', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [3]);
    const y = graph.input('y', 'float32', [3]);
    const loss = sum(graph, graph.node('Mul', [x, graph.node('Tan', [y])]));
    expect(addGradients(graph, loss, [x])[0]!.shape).toEqual([3]);
  });

  it('takes a stopped value as constant', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [3]);
    const stopped = graph.node('Exp', [x]);
    const loss = sum(graph, stopped);
    expect(addGradients(graph, loss, [x], [stopped])).toEqual([null]);
  });

  it('has no gradient through comparisons, shapes and positions', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [3]);
    const greater = graph.node('Cast', [graph.node('Greater', [x, graph.scalar(0)])], { to: 1 });
    const position = graph.node('Cast', [graph.node('ArgMax', [x])], { to: 1 });
    const loss = sum(graph, graph.node('Add', [greater, graph.node('Add', [position, graph.node('Round', [x])])]));
    expect(addGradients(graph, loss, [x])).toEqual([null]);
  });

  it('adds up what comes back over several ways', async () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [2]);
    const y = graph.node('Mul', [x, x]);
    const loss = sum(graph, graph.node('Add', [graph.node('Mul', [y, x]), y]));
    graph.output(addGradients(graph, loss, [x])[0]!, 'g');
    expect((await run(graph.build(), { x: [2, -1] })).g).toEqual([3 * 4 + 4, 3 - 2]);
  });

  it('wants a scalar loss', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [3]);
    expect(() => addGradients(graph, x, [x])).toThrow(expect.objectContaining({ code: 'invalid_loss' }));
  });
});

describe('the page of this room', () => {
  it('lists the operators there are rules for', () => {
    const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const list = /`src\/rules\/<operator>\.ts`:\s+([^.]+)\./.exec(page)![1]!;
    expect(list.split(/,\s+/)).toEqual(differentiable);
  });
});

describe('what differences cannot show', () => {
  it('drops the gradient of what Dropout dropped', async () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [64]);
    const inputs = [x, graph.scalar(0.25), graph.constant(tensorOf('bool', [1], []))];
    const [y] = graph.nodesOf('Dropout', inputs, { seed: 3 }, 2);
    graph.output(y!, 'y');
    graph.output(addGradients(graph, sum(graph, y!), [x])[0]!, 'g');
    const result = await run(graph.build(), { x: new Array(64).fill(1) });
    // Of ones, the gradient is the output: 0 where dropped, 1 / (1 - ratio) elsewhere.
    expect(result.g).toEqual(result.y);
    expect(new Set(result.g!.map((value) => value.toFixed(4)))).toEqual(new Set(['0.0000', '1.3333']));
  });

  it('gives the learned step size the gradient of Esser et al.', async () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [4]);
    const scale = graph.input('scale', 'float32', []);
    const zero = graph.constant(tensorOf('int8', [0], []));
    const q = graph.node('QuantizeLinear', [x, scale, zero]);
    const loss = sum(graph, graph.node('DequantizeLinear', [q, scale, zero]));
    graph.output(addGradients(graph, loss, [scale])[0]!, 'g');
    const values = [3, -7, 1000, -1000];
    const step = 0.5;
    // Round(v) - v within the range, the limit outside, with v = x / s (equation 3).
    const expected = values.map((value) => {
      const v = value / step;
      return v >= 127 ? 127 : v <= -128 ? -128 : Math.round(v) - v;
    });
    const { g } = await run(graph.build(), { x: values, scale: [step] });
    expect(g![0]).toBeCloseTo(
      expected.reduce((a, b) => a + b, 0),
      4,
    );
  });

  it('has one subgradient at ties and bends', async () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [2]);
    const y = graph.input('y', 'float32', [2]);
    const parts = {
      max: graph.node('Max', [x, y]),
      reduceMax: graph.node('ReduceMax', [x], { axes: [0], keepdims: 0 }),
      norm: graph.node('ReduceL2', [graph.node('Sub', [x, y])], { keepdims: 0 }),
      product: graph.node('ReduceProd', [graph.node('Sub', [x, y])], { keepdims: 0 }),
      relu: graph.node('Relu', [graph.node('Sub', [x, y])]),
      leaky: graph.node('LeakyRelu', [graph.node('Sub', [x, y])], { alpha: float(0.5) }),
      power: graph.node('Pow', [graph.node('Sub', [x, y]), graph.constant(tensorOf('float32', [0, 2]))]),
    };
    for (const [name, value] of Object.entries(parts)) {
      const loss = value.shape.length ? sum(graph, value) : value;
      graph.output(addGradients(graph, loss, [x, ...(name === 'max' ? [y] : [])])[0]!, name);
    }
    const result = await run(graph.build(), { x: [1, 1], y: [1, 1] });
    expect(result).toEqual({
      max: [1, 1],
      reduceMax: [0.5, 0.5],
      norm: [0, 0],
      product: [0, 0],
      relu: [0, 0],
      leaky: [0.5, 0.5],
      power: [0, 0],
    });
  });

  it('adds every row of a repeated index, with several threads too', async () => {
    const graph = new GraphBuilder();
    const [rows, taken] = [300, 20_000];
    const x = graph.input('x', 'float32', [rows, 2]);
    const shift = graph.input('shift', 'float32', []);
    const places = graph.constant(
      tensorOf(
        'int64',
        Array.from({ length: taken }, (_, i) => i % rows),
      ),
    );
    const computed = graph.node('Add', [places, graph.node('Cast', [shift], { to: 7 })]);
    const loss = sum(graph, graph.node('Gather', [x, computed]));
    graph.output(addGradients(graph, loss, [x])[0]!, 'g');
    const { g } = await run(graph.build(), { x: new Array(2 * rows).fill(0), shift: [0] }, 4);
    expect(g!.reduce((a, b) => a + b, 0)).toBe(2 * taken);
  });
});

describe('forms a rule does not cover are refused by name', () => {
  const x1 = (graph: GraphBuilder) => graph.input('x', 'float32', [2, 2]);
  const wrong: [string, RegExp, (graph: GraphBuilder, x: Value) => Value][] = [
    ['a diagonal', /"ii->i"/, (g, x) => g.node('Einsum', [x], { equation: 'ii->i' })],
    [
      'a Dropout without its mask',
      /mask/,
      (g, x) => g.node('Dropout', [x, g.scalar(0.5), g.constant(tensorOf('bool', [1], []))]),
    ],
    [
      'updates that multiply',
      /"mul"/,
      (g, x) =>
        g.node(
          'ScatterND',
          [x, g.node('Reshape', [g.ints([0]), g.ints([1, 1])]), g.node('Slice', [x, g.ints([0]), g.ints([1])])],
          {
            reduction: 'mul',
          },
        ),
    ],
    ['a smoothed Resize', /antialias/, (g, x) => g.node('Resize', [x, null, null, g.ints([1, 1])], { antialias: 1 })],
    [
      'the mean a LayerNormalization found',
      /mean/,
      (g, x) => g.nodesOf('LayerNormalization', [x, g.constant(tensorOf('float32', [1, 1]))], {}, 3)[1]!,
    ],
  ];
  it.each(wrong)('%s', (_, message, build) => {
    const graph = new GraphBuilder();
    const x = x1(graph);
    const loss = sum(graph, build(graph, x));
    expect(() => addGradients(graph, loss, [x])).toThrow(expect.objectContaining({ code: 'unsupported_gradient' }));
    expect(() => addGradients(graph, loss, [x])).toThrow(message);
  });
});
