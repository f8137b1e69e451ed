import { addGradients } from '@fovea/autodiff';
import {
  encodeModel,
  float,
  GraphBuilder,
  type Model,
  modelOf,
  type Node,
  type Tensor,
  tensorOf,
  type Value,
} from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { frozenInitializers, graphLayer, matchNames, trainableInitializers } from './graph-layer.js';
import { initialize, RecordingSource } from './index.js';
import { type BuildContext, ConstantSource, FlatSource, type ParameterLayout } from './parameters.js';

let seed = 1;
const tensor = (shape: number[], offset = 0): Tensor => {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32 - 0.5 + offset;
  });
  return { dtype: 'float32', shape, data };
};
const node = (opType: string, inputs: string[], output: string, attributes: Node['attributes'] = {}): Node => ({
  opType,
  domain: '',
  name: `/${output}/${opType}`,
  inputs,
  outputs: [output],
  attributes,
});

/** Twice the same convolution with a normalization each, then PRelu, a mean, a shift, a scale by a number, a product. */
const model: Model = modelOf({
  name: 'loaded',
  inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 2, 4, 4] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['n', 3] }],
  initializers: new Map([
    ['scale of the input', tensor([1, 2, 1, 1], 2)],
    ['conv', tensor([2, 2, 3, 3])],
    ['bn1.scale', tensor([2], 1)],
    ['bn1.bias', tensor([2])],
    ['bn1.mean', tensor([2])],
    ['bn1.variance', tensor([2], 1)],
    ['bn2.scale', tensor([2], 1)],
    ['bn2.bias', tensor([2])],
    ['bn2.mean', tensor([2])],
    ['bn2.variance', tensor([2], 1)],
    ['slope', tensor([2, 1, 1])],
    ['shift', tensor([2])],
    ['factor', tensor([], 3)],
    ['fc', tensor([2, 3])],
  ]),
  nodes: [
    node('Mul', ['x', 'scale of the input'], 'scaled'),
    node('Conv', ['scaled', 'conv'], 'c1', { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }),
    node('BatchNormalization', ['c1', 'bn1.scale', 'bn1.bias', 'bn1.mean', 'bn1.variance'], 'n1', {
      epsilon: float(1e-3),
    }),
    node('Conv', ['n1', 'conv'], 'c2', { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }),
    node('BatchNormalization', ['c2', 'bn2.scale', 'bn2.bias', 'bn2.mean', 'bn2.variance'], 'n2'),
    node('PRelu', ['n2', 'slope'], 'p'),
    node('GlobalAveragePool', ['p'], 'g'),
    node('Flatten', ['g'], 'f'),
    node('Add', ['f', 'shift'], 's'),
    node('Mul', ['s', 'factor'], 'm'),
    node('MatMul', ['m', 'fc'], 'y'),
  ],
});
const trainable = ['conv', 'bn1.scale', 'bn1.bias', 'bn2.scale', 'bn2.bias', 'slope', 'shift', 'fc'];
const images = tensor([3, 2, 4, 4]);

function recorded(options: Parameters<typeof graphLayer>[4] = {}, training = false, name = '') {
  const graph = new GraphBuilder('layout');
  const source = new RecordingSource(graph);
  const x = graph.input('x', 'float32', images.shape);
  const statistics = new Map<string, Value>();
  const values = graphLayer({ graph, source, training, statistics }, name, model, { x }, options);
  return { layout: source.layout, statistics, values };
}
const start = (layout: ParameterLayout) => ({
  weights: initialize(layout.parameters, layout.size, () => 0.5),
  buffers: initialize(layout.buffers, layout.bufferSize, () => 0.5),
});
async function run(bytes: Uint8Array, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const inputs = Object.entries(feeds).map(([name, { data, shape }]) => [
    name,
    new ort.Tensor('float32', data as Float32Array, [...shape]),
  ]);
  const outputs = await session.run(Object.fromEntries(inputs));
  await session.release();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data, dims }]) => [
      name,
      { dtype: 'float32', shape: dims, data: data as Float32Array },
    ]),
  );
}
const near = (a: Tensor | undefined, b: Tensor | undefined) => {
  expect(a!.shape).toEqual(b!.shape);
  (a!.data as Float32Array).forEach((value, i) => {
    expect(value).toBeCloseTo((b!.data as Float32Array)[i]!, 4);
  });
};

describe('a loaded graph as a layer', () => {
  it('has the weights of its operators as parameters, and what is part of a formula as constants', () => {
    expect([...trainableInitializers(model.graph)]).toEqual(trainable);
    const { layout } = recorded({ rate: 0.1 });
    expect(layout.parameters.map(({ name }) => name)).toEqual(trainable);
    expect(layout.parameters.filter(({ decay }) => decay).map(({ name }) => name)).toEqual(['conv', 'fc']);
    expect(layout.parameters.every(({ rate }) => rate === 0.1)).toBe(true);
    expect(layout.buffers.map(({ name }) => name)).toEqual(['bn1.mean', 'bn1.variance', 'bn2.mean', 'bn2.variance']);
    expect(recorded({}, false, 'body').layout.parameters[0]!.name).toBe('body.conv');
    for (const { name, offset, shape } of layout.parameters) {
      const size = shape.reduce((a, b) => a * b, 1);
      expect(start(layout).weights.subarray(offset, offset + size)).toEqual(model.graph.initializers.get(name)!.data);
    }
  });

  it('computes what the file computes, from flat vectors and from constants', async () => {
    const expected = await run(encodeModel(model), { x: images });
    const { layout } = recorded();
    const { weights, buffers } = start(layout);
    const build = (source: (graph: GraphBuilder) => BuildContext['source'], feeds: Record<string, Tensor>) => {
      const graph = new GraphBuilder('again');
      const x = graph.input('x', 'float32', images.shape);
      const context = { graph, source: source(graph), training: false, statistics: new Map() };
      graph.output(graphLayer(context, '', model, { x }).get('y')!, 'out');
      return run(encodeModel(modelOf(graph.build())), { x: images, ...feeds });
    };
    const baked = await build((graph) => new ConstantSource(graph, weights, buffers, layout), {});
    const flat = await build(
      (graph) =>
        new FlatSource(
          graph,
          graph.input('parameters', 'float32', [layout.size]),
          graph.input('buffers', 'float32', [layout.bufferSize]),
          layout,
        ),
      { parameters: tensorOf('float32', weights), buffers: tensorOf('float32', buffers) },
    );
    near(baked.out, expected.y);
    near(flat.out, expected.y);
  });

  it('learns with the statistics of the batch, which it records, and passes gradients to all', async () => {
    const { layout } = recorded();
    const { weights } = start(layout);
    const graph = new GraphBuilder('training');
    const x = graph.input('x', 'float32', images.shape);
    const source = new FlatSource(
      graph,
      graph.input('parameters', 'float32', [layout.size]),
      graph.constant(tensorOf('float32', new Float32Array(layout.bufferSize))),
      layout,
    );
    const statistics = new Map<string, Value>();
    const values = graphLayer({ graph, source, training: true, statistics }, '', model, { x });
    expect([...statistics.keys()].sort()).toEqual(layout.buffers.map(({ name }) => name).sort());
    const y = values.get('y')!;
    const loss = graph.node('ReduceSum', [graph.node('Mul', [y, y])], { keepdims: 0 });
    const gradients = addGradients(graph, loss, source.values);
    expect(gradients.every((gradient) => gradient !== null)).toBe(true);
    graph.output(source.flatten(gradients), 'gradient');
    graph.output(values.get('n1')!, 'normalized');
    graph.output(values.get('c1')!, 'convolved');
    for (const [name, value] of statistics) graph.output(value, `statistic ${name}`);
    const found = await run(encodeModel(modelOf(graph.build())), {
      x: images,
      parameters: tensorOf('float32', weights),
    });
    const initial = (name: string) => model.graph.initializers.get(name)!.data as Float32Array;
    for (let channel = 0; channel < 2; channel++) {
      const own = (data: Float32Array) => data.filter((_, i) => Math.floor(i / 16) % 2 === channel);
      const convolved = own(found.convolved!.data as Float32Array);
      const mean = convolved.reduce((a, b) => a + b, 0) / convolved.length;
      const variance = convolved.reduce((sum, value) => sum + (value - mean) ** 2, 0) / convolved.length;
      expect((found['statistic bn1.mean']!.data as Float32Array)[channel]).toBeCloseTo(mean, 4);
      expect((found['statistic bn1.variance']!.data as Float32Array)[channel]).toBeCloseTo(variance, 4);
      own(found.normalized!.data as Float32Array).forEach((value, i) => {
        const scale = initial('bn1.scale')[channel]! / Math.sqrt(variance + 1e-3);
        expect(value).toBeCloseTo((convolved[i]! - mean) * scale + initial('bn1.bias')[channel]!, 3);
      });
    }
    const gradient = found.gradient!.data as Float32Array;
    expect(gradient.every(Number.isFinite) && gradient.some((value) => value !== 0)).toBe(true);
  });

  it('keeps the running statistics where it is told, without buffers', () => {
    const { layout, statistics } = recorded({ normalization: 'running' }, true);
    expect(layout.bufferSize).toBe(0);
    expect(statistics.size).toBe(0);
    expect(layout.parameters.map(({ name }) => name)).toEqual(trainable);
  });

  it('stops where it is told, and needs no more than that', () => {
    const { layout, values, statistics } = recorded({ until: ['n1'] }, true);
    expect(layout.parameters.map(({ name }) => name)).toEqual(['conv', 'bn1.scale', 'bn1.bias']);
    expect([...statistics.keys()]).toEqual(['bn1.mean', 'bn1.variance']);
    expect(values.get('n1')!.shape).toEqual([3, 2, 4, 4]);
    expect(() => recorded({ until: ['nowhere'] })).toThrow(expect.objectContaining({ code: 'unknown_tensor' }));
  });

  it('freezes by glob, by node and by tensor, normalizations with their statistics', () => {
    const names = (options: Parameters<typeof graphLayer>[4]) =>
      recorded(options).layout.parameters.map(({ name }) => name);
    expect(names({ freeze: ['bn?.*'] })).toEqual(['conv', 'slope', 'shift', 'fc']);
    expect(recorded({ freeze: ['bn1*'] }, true).layout.buffers.map(({ name }) => name)).toEqual([
      'bn2.mean',
      'bn2.variance',
    ]);
    expect(names({ freeze: ['/n2/*'] })).toEqual(['conv', 'bn1.scale', 'bn1.bias', 'slope', 'shift', 'fc']);
    expect(names({ freezeUntil: ['n2'] })).toEqual(['slope', 'shift', 'fc']);
    expect(names({ freeze: ['*'] })).toEqual([]);
    expect(() => names({ freeze: ['conv.*'] })).toThrow(
      expect.objectContaining({ code: 'unknown_parameters', message: expect.stringContaining('"fc"') }),
    );
    expect([...frozenInitializers(model.graph, ['s????'])]).toEqual(['slope', 'shift']);
    expect([...matchNames(['a.b*'], ['a.bc', 'aXb', 'a.b'])]).toEqual(['a.bc', 'a.b']);
  });
});
