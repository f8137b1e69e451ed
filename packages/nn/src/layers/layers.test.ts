import { encodeModel, GraphBuilder, modelOf, type Shape, type Value } from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { constantInit, seededRandom } from '../initializers.js';
import { type BuildContext, ConstantSource, FlatSource, initialize, RecordingSource } from '../parameters.js';
import { batchNorm, conv, convUnit, residualBlock, upsample } from './index.js';

type Build = (context: BuildContext, x: Value) => Value;

/** What a model asks for, with fresh values of it. */
function record(build: Build, shape: Shape) {
  const graph = new GraphBuilder('layout');
  const source = new RecordingSource(graph);
  build({ graph, source, training: false, statistics: new Map() }, graph.input('x', 'float32', shape));
  const { layout } = source;
  return {
    layout,
    weights: initialize(layout.parameters, layout.size, seededRandom(1)),
    buffers: initialize(layout.buffers, Math.max(1, layout.bufferSize), seededRandom(2)),
  };
}

/** Compiles a model on flat vectors; gives y and, when training, the batch's statistics by name. */
async function compile(build: Build, shape: Shape, training: boolean, model = record(build, shape)) {
  const graph = new GraphBuilder('model');
  const x = graph.input('x', 'float32', shape);
  const flat = graph.input('weights', 'float32', [model.layout.size]);
  const buffers = graph.input('buffers', 'float32', [Math.max(1, model.layout.bufferSize)]);
  const statistics = new Map<string, Value>();
  const source = new FlatSource(graph, flat, buffers, model.layout);
  graph.output(build({ graph, source, training, statistics }, x), 'y');
  for (const [name, value] of statistics) graph.output(value, `statistic:${name}`);
  const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  return async (input: Float32Array, weights = model.weights, running = model.buffers) => {
    const feeds: Record<string, ort.Tensor> = { x: new ort.Tensor('float32', input, [...shape]) };
    if (session.inputNames.includes('weights')) feeds.weights = new ort.Tensor('float32', weights, [weights.length]);
    if (session.inputNames.includes('buffers')) feeds.buffers = new ort.Tensor('float32', running, [running.length]);
    const outputs = await session.run(feeds);
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
  };
}

const shape = [3, 2, 4, 5] as const;
const plane = shape[2] * shape[3];

/** Numbers around 2 with deviation 3, another stream each seed. */
function picture(seed: number, of: Shape = shape): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: of.reduce((a, b) => a * b) }, () => 2 + 10 * (random() - 0.5));
}

/** Mean and variance over N, H, W of a channel. */
function channelStatistics(x: Float32Array, channel: number): [number, number] {
  const values = Array.from({ length: shape[0] }, (_, n) => {
    const start = (n * shape[1] + channel) * plane;
    return Array.from(x.subarray(start, start + plane));
  }).flat();
  const mean = values.reduce((a, b) => a + b) / values.length;
  return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length];
}

const close = (actual: Float32Array, expected: ArrayLike<number>, tolerance = 1e-4) => {
  expect(actual.length).toBe(expected.length);
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(worst).toBeLessThan(tolerance);
};

describe('batchNorm', () => {
  const norm: Build = (context, x) => batchNorm(context, 'norm', x);

  it('normalizes by the batch in training and tells its statistics', async () => {
    const run = await compile(norm, shape, true);
    for (let step = 0; step < 5; step++) {
      const x = picture(step);
      const weights = Float32Array.of(1.5, -2, 0.25, 3);
      const { y, ...statistics } = await run(x, weights);
      const known = [0, 1].map((channel) => channelStatistics(x, channel));
      close(
        statistics['statistic:norm.mean']!,
        known.map(([mean]) => mean),
      );
      close(
        statistics['statistic:norm.variance']!,
        known.map(([, variance]) => variance),
        1e-3,
      );
      close(
        y!,
        x.map((value, i) => {
          const channel = Math.floor(i / plane) % 2;
          const [mean, variance] = known[channel]!;
          return ((value - mean) / Math.sqrt(variance + 1e-5)) * weights[channel]! + weights[2 + channel]!;
        }),
      );
    }
  });

  it('normalizes by the running statistics otherwise', async () => {
    const run = await compile(norm, shape, false);
    const x = picture(3);
    const { y } = await run(x, Float32Array.of(2, 1, 0, -1), Float32Array.of(1, 2, 4, 0.25));
    close(
      y!,
      x.map((value, i) =>
        Math.floor(i / plane) % 2 === 0
          ? ((value - 1) / Math.sqrt(4 + 1e-5)) * 2
          : (value - 2) / Math.sqrt(0.25 + 1e-5) - 1,
      ),
    );
  });

  it('starts as the identity on its running statistics', () => {
    const { layout, weights, buffers } = record(norm, shape);
    expect([...weights]).toEqual([1, 1, 0, 0]);
    expect([...buffers]).toEqual([0, 0, 1, 1]);
    expect(layout.parameters.map(({ name, decay }) => [name, decay])).toEqual([
      ['norm.scale', false],
      ['norm.bias', false],
    ]);
  });

  it('keeps equal layers apart over many steps, though the operator writes over its inputs', async () => {
    // ONNX Runtime merges initializers of equal contents; merged scratch inputs would carry one layer's statistics into
    // the other's. It shows where statistics are used inside the graph, as the training step does: outputs of the graph
    // have memory of their own.
    const layers = 4;
    const graph = new GraphBuilder('twins');
    const x = graph.input('x', 'float32', shape);
    const statistics = new Map<string, Value>();
    const context = { graph, source: new RecordingSource(graph), training: true, statistics };
    for (let i = 0; i < layers; i++) {
      const input = i === 0 ? x : graph.node('Mul', [x, graph.scalar(i + 1)]);
      graph.output(batchNorm(context, `norm${i}`, input), `y${i}`);
    }
    const names = Array.from({ length: layers }, (_, i) => [`norm${i}.mean`, `norm${i}.variance`]).flat();
    const all = names.map((name) => statistics.get(name)!);
    graph.output(graph.node('Concat', all, { axis: 0 }), 'statistics');
    const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), {
      logSeverityLevel: 3,
      intraOpNumThreads: 1,
    });
    const parameters = Object.fromEntries(
      session.inputNames
        .filter((name) => name !== 'x')
        .map((name) => [
          name,
          new ort.Tensor('float32', new Float32Array(2).fill(name.endsWith('scale') ? 1 : 0), [2]),
        ]),
    );
    for (let step = 0; step < 5; step++) {
      const input = picture(step);
      const outputs = await session.run({ ...parameters, x: new ort.Tensor('float32', input, [...shape]) });
      const known = [0, 1].map((channel) => channelStatistics(input, channel));
      const expected = Array.from({ length: layers }, (_, i) => [
        ...known.map(([mean]) => mean * (i + 1)),
        ...known.map(([, variance]) => variance * (i + 1) ** 2),
      ]).flat();
      close(outputs.statistics!.data as Float32Array, expected, 0.01);
      // A multiple of a map is normalized to the same.
      const first = outputs.y0!.data as Float32Array;
      for (let i = 1; i < layers; i++) close(outputs[`y${i}`]!.data as Float32Array, first);
    }
  });
});

describe('conv', () => {
  it('keeps the size at stride 1 and halves it at stride 2', () => {
    for (const [kernel, stride, expected] of [
      [3, 1, [1, 8, 6, 10]],
      [1, 1, [1, 8, 6, 10]],
      [5, 1, [1, 8, 6, 10]],
      [3, 2, [1, 8, 3, 5]],
    ] as const) {
      const graph = new GraphBuilder();
      const context = { graph, source: new RecordingSource(graph), training: false, statistics: new Map() };
      const y = conv(context, 'c', graph.input('x', 'float32', [1, 3, 6, 10]), 8, { kernel, stride });
      expect(y.shape).toEqual(expected);
    }
  });

  it('has a bias only where asked, without decay', () => {
    const specs = record((context, x) => conv(context, 'c', x, 4, { bias: -2 }), shape);
    expect(specs.layout.parameters.map(({ name, shape, decay }) => ({ name, shape, decay }))).toEqual([
      { name: 'c.weight', shape: [4, 2, 3, 3], decay: true },
      { name: 'c.bias', shape: [4], decay: false },
    ]);
    expect([...specs.weights.subarray(72)]).toEqual([-2, -2, -2, -2]);
    expect(record((context, x) => conv(context, 'c', x, 4), shape).layout.size).toBe(72);
  });

  it('sums what is under its window', async () => {
    const run = await compile((context, x) => conv(context, 'c', x, 1, { init: constantInit(1) }), [1, 1, 3, 3], false);
    expect([...(await run(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9))).y!]).toEqual([
      12, 21, 16, 27, 45, 33, 24, 39, 28,
    ]);
  });
});

describe('blocks', () => {
  it('start as they should: a residual block is the identity on positive maps, in training and out of it', async () => {
    const x = picture(5).map(Math.abs);
    for (const training of [true, false]) {
      const run = await compile((context, value) => residualBlock(context, 'block', value), shape, training);
      close((await run(x)).y!, x, 1e-5);
    }
  });

  it('end in a ReLU', async () => {
    const run = await compile((context, x) => convUnit(context, 'unit', x, 3, { stride: 2 }), shape, true);
    const { y } = await run(picture(6));
    expect(y!.every((value) => value >= 0)).toBe(true);
    expect(y!.some((value) => value > 0)).toBe(true);
    expect(y!.length).toBe(3 * 3 * 2 * 3);
  });

  it('double by repeating', async () => {
    const run = await compile(upsample, [1, 1, 2, 2], false);
    expect([...(await run(Float32Array.of(1, 2, 3, 4))).y!]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });
});

describe('parameters', () => {
  const build: Build = (context, x) => convUnit(context, 'b', residualBlock(context, 'a', x), 3);

  it('lie one behind the other, none twice', () => {
    const { layout } = record(build, shape);
    for (const [specs, size] of [
      [layout.parameters, layout.size],
      [layout.buffers, layout.bufferSize],
    ] as const) {
      let end = 0;
      for (const spec of specs) {
        expect(spec.offset).toBe(end);
        end += spec.shape.reduce((a, b) => a * b, 1);
      }
      expect(end).toBe(size);
      expect(new Set(specs.map(({ name }) => name)).size).toBe(specs.length);
    }
  });

  it('compute the same baked in as cut from flat vectors', async () => {
    const model = record(build, shape);
    const graph = new GraphBuilder('baked');
    const source = new ConstantSource(graph, model.weights, model.buffers, model.layout);
    const x = graph.input('x', 'float32', shape);
    graph.output(build({ graph, source, training: false, statistics: new Map() }, x), 'y');
    const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), {
      logSeverityLevel: 3,
      intraOpNumThreads: 1,
    });
    const input = picture(8);
    const baked = (await session.run({ x: new ort.Tensor('float32', input, [...shape]) })).y!.data as Float32Array;
    const flat = await compile(build, shape, false, model);
    close((await flat(input)).y!, baked, 1e-4);
  });

  it('flatten in the order they were cut in, zeros where there is nothing', async () => {
    const model = record(build, shape);
    const graph = new GraphBuilder('round');
    const flat = graph.input('weights', 'float32', [model.layout.size]);
    const source = new FlatSource(graph, flat, flat, model.layout);
    graph.output(source.flatten(source.values), 'all');
    graph.output(source.flatten(source.values.map((value, i) => (i === 1 ? null : value))), 'holed');
    const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), {
      logSeverityLevel: 3,
      intraOpNumThreads: 1,
    });
    const weights = Float32Array.from({ length: model.layout.size }, (_, i) => i + 1);
    const { all, holed } = await session.run({ weights: new ort.Tensor('float32', weights, [weights.length]) });
    expect([...(all!.data as Float32Array)]).toEqual([...weights]);
    const { offset, shape: gone } = model.layout.parameters[1]!;
    const expected = weights.slice();
    expected.fill(0, offset, offset + gone[0]!);
    expect([...(holed!.data as Float32Array)]).toEqual([...expected]);
  });
});
