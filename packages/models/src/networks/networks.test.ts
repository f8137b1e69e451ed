import { addGradients } from '@fovea/autodiff';
import { FlatSource, initialize, RecordingSource, seededRandom } from '@fovea/nn';
import { decodeModel, encodeModel, GraphBuilder, modelOf, type Tensor, type Value } from '@fovea/onnx';
import { createSession } from '@fovea/runtime';
import { describe, expect, it } from 'vitest';
import { smallDetector } from '../detector/architecture.js';
import { evalGraph, exportNetwork, specOf } from '../export.js';
import { type Network, networkLayout, positionsOf, upsampleLogits } from '../network.js';
import { decodeSpec } from '../spec.js';
import { classifierNetwork } from './classifier.js';
import { detectorNetwork } from './detector.js';
import { embedderNetwork } from './embedder.js';
import { segmenterNetwork } from './segmenter.js';

const tiny = {
  stem: 8,
  stride: 4 as const,
  stages: [8, 12, 16, 16].map((channels) => ({ channels, blocks: 1 })),
};
const makers: Record<string, (width: number, height: number) => Network> = {
  classification: (width, height) => classifierNetwork({ classes: 3, width, height, size: tiny }),
  detection: (width, height) =>
    detectorNetwork({
      classes: 3,
      width,
      height,
      size: { ...smallDetector, stem: 8, stages: [8, 12, 16], pyramid: 8 },
    }),
  segmentation: (width, height) =>
    segmenterNetwork({ classes: 3, width, height, size: { backbone: tiny, decoder: 8 } }),
  embedding: (width, height) => embedderNetwork({ classes: 3, width, height, dimensions: 10, size: tiny }),
};
const names = ['a', 'b', 'c'];

/** Weights as training may leave them: no normalization scale is 0, no statistic is 0 or 1. */
function trained(network: Network) {
  const layout = networkLayout(network);
  const weights = initialize(layout.parameters, layout.size, seededRandom(5));
  const random = seededRandom(6);
  for (let i = 0; i < weights.length; i++) weights[i]! += 0.1 * (random() - 0.5);
  const buffers = initialize(layout.buffers, layout.bufferSize, seededRandom(0));
  for (let i = 0; i < buffers.length; i++) buffers[i]! += 0.4 * (random() - 0.5);
  return { layout, weights, buffers };
}

const numbers = (tensor: Tensor | undefined) => Float32Array.from(tensor!.data as Float32Array);

describe.each(Object.keys(makers))('the %s network trained from scratch', (task) => {
  const network = makers[task]!(96, 64);

  it('asks for the same parameters and buffers for every input size, and when it is trained', () => {
    const facts = (of: Network) => {
      const { parameters, buffers } = networkLayout(of);
      return [...parameters, ...buffers].map(({ name, shape, offset }) => ({ name, shape, offset }));
    };
    expect(facts(makers[task]!(64, 128))).toEqual(facts(network));
    const graph = new GraphBuilder('training');
    const source = new RecordingSource(graph);
    const statistics = new Map<string, Value>();
    const images = graph.input('images', 'float32', [2, 3, 64, 96]);
    network.build({ graph, source, training: true, statistics }, images);
    expect(source.layout.parameters.map(({ name }) => name)).toEqual(
      networkLayout(network).parameters.map(({ name }) => name),
    );
    expect([...statistics.keys()].sort()).toEqual(source.layout.buffers.map(({ name }) => name).sort());
  });

  it('gives a gradient to every parameter it is trained by', async () => {
    const { layout, weights } = trained(network);
    const graph = new GraphBuilder('step');
    const flat = graph.input('parameters', 'float32', [layout.size]);
    const noBuffers = graph.constant({
      dtype: 'float32',
      shape: [layout.bufferSize],
      data: new Float32Array(layout.bufferSize),
    });
    const source = new FlatSource(graph, flat, noBuffers, layout);
    const images = graph.input('images', 'float32', [2, 3, 64, 96]);
    const outputs = network.build({ graph, source, training: true, statistics: new Map() }, images);
    let loss = graph.scalar(0);
    for (const value of Object.values(outputs))
      loss = graph.node('Add', [loss, graph.node('ReduceMean', [graph.node('Mul', [value, value])], { keepdims: 0 })]);
    const gradients = addGradients(graph, loss, source.values);
    expect(gradients.every((gradient) => gradient !== null)).toBe(true);
    graph.output(source.flatten(gradients), 'gradient');
    const session = await createSession(encodeModel(modelOf(graph.build())));
    const random = seededRandom(1);
    const { gradient } = await session.run({
      parameters: { dtype: 'float32', shape: [layout.size], data: weights },
      images: {
        dtype: 'float32',
        shape: [2, 3, 64, 96],
        data: Float32Array.from({ length: 2 * 3 * 64 * 96 }, () => 255 * random()),
      },
    });
    await session.release();
    const values = gradient!.data as Float32Array;
    expect(values.every(Number.isFinite)).toBe(true);
    for (const { name, offset, shape } of layout.parameters) {
      const own = values.subarray(offset, offset + shape.reduce((a, b) => a * b, 1));
      expect(
        own.some((value) => value !== 0),
        name,
      ).toBe(true);
    }
  });

  it('is exported as it was measured in training, with its spec', async () => {
    const { layout, weights, buffers } = trained(network);
    const exported = exportNetwork(network, layout, weights, buffers, names, { metrics: { accuracy: 0.5 } });
    const model = decodeModel(exported);
    expect([...model.opsets]).toEqual([['', 17]]);
    expect(model.irVersion).toBe(8);
    expect(model.graph.inputs).toEqual([{ name: 'images', dtype: 'float32', shape: ['batch', 3, 64, 96] }]);
    expect(model.graph.initializers.has('classes.weight') && task === 'embedding').toBe(false);
    const spec = decodeSpec(model);
    expect(spec).toEqual(specOf(network, names, { metrics: { accuracy: 0.5 } }));
    const outputs = Object.values(spec.output as Record<string, string>);
    expect(model.graph.outputs.map(({ name }) => name).sort()).toEqual(outputs.sort());

    const served = await createSession(exported);
    const measured = await createSession(encodeModel(modelOf(evalGraph(network, layout, 2))));
    const random = seededRandom(2);
    const pixels = Uint8Array.from({ length: 2 * 64 * 96 * 3 }, () => 256 * random());
    const planes = Float32Array.from({ length: pixels.length }, (_, i) => {
      const plane = 64 * 96;
      const picture = Math.floor(i / (3 * plane));
      return pixels[picture * 3 * plane + (i % plane) * 3 + (Math.floor(i / plane) % 3)]!;
    });
    const first = await served.run({ images: { dtype: 'float32', shape: [2, 3, 64, 96], data: planes } });
    const second = await measured.run({
      parameters: { dtype: 'float32', shape: [layout.size], data: weights },
      buffers: { dtype: 'float32', shape: [layout.bufferSize], data: buffers },
      pictures: { dtype: 'uint8', shape: [2, 64, 96, 3], data: pixels },
    });
    // The batch is open: one picture alone gives the first one's share.
    const alone = await served.run({
      images: { dtype: 'float32', shape: [1, 3, 64, 96], data: planes.slice(0, planes.length / 2) },
    });
    for (const { name, shape } of model.graph.outputs) {
      expect(first[name]!.shape).toEqual([2, ...shape!.slice(1)]);
      const [a, b, c] = [numbers(first[name]), numbers(second[name]), numbers(alone[name])];
      for (let i = 0; i < a.length; i++)
        expect(Math.abs(a[i]! - b[i]!), name).toBeLessThan(2e-3 * (1 + Math.abs(b[i]!)));
      for (let i = 0; i < c.length; i++)
        expect(Math.abs(a[i]! - c[i]!), name).toBeLessThan(2e-3 * (1 + Math.abs(c[i]!)));
    }
    await Promise.all([served.release(), measured.release()]);
  });
});

describe('sizes', () => {
  it('are refused where the stages would not halve them exactly', () => {
    for (const make of [classifierNetwork, segmenterNetwork, embedderNetwork])
      expect(() => make({ classes: 2, width: 480, height: 360 })).toThrow(
        expect.objectContaining({ code: 'invalid_input_size', message: expect.stringContaining('480x352') }),
      );
    expect(classifierNetwork({ classes: 2, width: 64, height: 80 }).width).toBe(64);
  });

  it('default to networks of one to five million parameters', () => {
    for (const network of [
      classifierNetwork({ classes: 10, width: 224, height: 224 }),
      embedderNetwork({ classes: 10, width: 64, height: 128 }),
      segmenterNetwork({ classes: 11, width: 320, height: 256 }),
      detectorNetwork({ classes: 1, width: 320, height: 256 }),
    ]) {
      const { size } = networkLayout(network);
      expect(size, network.task).toBeGreaterThan(1e6);
      expect(size, network.task).toBeLessThan(5e6);
    }
  });

  it('give a detector the positions of its strides', () => {
    const network = detectorNetwork({ classes: 1, width: 64, height: 32 });
    expect(positionsOf(network).x.length).toBe(8 * 4 + 4 * 2 + 2);
    expect(positionsOf({ ...network, strides: [16] }).stride).toEqual(new Float32Array(8).fill(16));
  });
});

describe('upsampleLogits', () => {
  // A ramp along one row of cells: where a pixel lies between two cells is what its value says.
  it.each([
    ['half_pixel', 4, 8, [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]],
    ['asymmetric', 4, 8, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]],
    ['align_corners', 3, 5, [0, 0.5, 1, 1.5, 2]],
    ['align_corners', 33, 513, Array.from({ length: 513 }, (_, i) => i / 16)],
  ] as const)('places the cells of %s: %i to %i', async (alignment, cells, pixels, expected) => {
    const graph = new GraphBuilder('upsample');
    const x = graph.input('x', 'float32', [1, 1, 1, cells]);
    const network = { ...segmenterNetwork({ classes: 1, width: 32, height: 32 }), width: pixels, height: 1, alignment };
    graph.output(upsampleLogits({ graph }, network, x), 'y');
    const session = await createSession(encodeModel(modelOf(graph.build())));
    const data = Float32Array.from({ length: cells }, (_, i) => i);
    const { y } = await session.run({ x: { dtype: 'float32', shape: [1, 1, 1, cells], data } });
    await session.release();
    expect(y!.shape).toEqual([1, 1, 1, pixels]);
    numbers(y).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 4);
    });
  });
});
