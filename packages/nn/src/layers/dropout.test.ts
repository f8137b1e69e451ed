import { addGradients } from '@fovea/autodiff';
import { encodeModel, GraphBuilder, modelOf, type Shape } from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { RecordingSource } from '../parameters.js';
import { dropout, dropPath, type RandomContext } from './dropout.js';

const shape = [8, 25, 50] as const;
const size = 8 * 25 * 50;

type Build = (context: RandomContext, x: ReturnType<GraphBuilder['input']>) => typeof x;

/** Gives y and dx for x all ones, so both are the mask. */
async function compile(build: Build, of: Shape = shape) {
  const graph = new GraphBuilder('dropout');
  const x = graph.input('x', 'float32', of);
  const seed = graph.input('seed', 'int64', [1]);
  const y = build({ graph, source: new RecordingSource(graph), training: true, statistics: new Map(), seed }, x);
  const [gradient] = addGradients(graph, graph.node('ReduceSum', [y], { keepdims: 0 }), [x]);
  graph.output(y, 'y');
  graph.output(gradient!, 'gradient');
  const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  return async (at: number) => {
    const ones = new Float32Array(of.reduce((a, b) => a * b)).fill(1);
    const outputs = await session.run({
      x: new ort.Tensor('float32', ones, [...of]),
      seed: new ort.Tensor('int64', BigInt64Array.of(BigInt(at)), [1]),
    });
    return { y: outputs.y!.data as Float32Array, gradient: outputs.gradient!.data as Float32Array };
  };
}

const seeds = [0, 1, 2, 3, 1000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

describe('dropout', () => {
  it.each([0.1, 0.5, 0.9])('drops a part of %d and keeps the mean', async (rate) => {
    const run = await compile((context, x) => dropout(context, 'layer', x, rate));
    for (const seed of seeds) {
      const { y, gradient } = await run(seed);
      const dropped = y.filter((value) => value === 0).length;
      // Five standard deviations of a binomial distribution.
      expect(Math.abs(dropped - rate * size)).toBeLessThan(5 * Math.sqrt(size * rate * (1 - rate)));
      expect(y.every((value) => value === 0 || Math.abs(value - 1 / (1 - rate)) < 1e-6)).toBe(true);
      expect(gradient).toEqual(y);
    }
  });

  it('draws the same from the same seed and name, in another session too; else others, independently', async () => {
    const build =
      (name: string): Build =>
      (context, x) =>
        dropout(context, name, x, 0.5);
    const [one, again, other] = [await compile(build('a')), await compile(build('a')), await compile(build('b'))];
    const masks: Float32Array[] = [];
    for (const seed of seeds) {
      const { y } = await one(seed);
      expect((await again(seed)).y).toEqual(y);
      masks.push(y, (await other(seed)).y);
    }
    masks.forEach((mask, i) => {
      for (const rival of masks.slice(0, i)) {
        const common = mask.filter((value, k) => value === rival[k]).length;
        expect(Math.abs(common - size / 2)).toBeLessThan(5 * Math.sqrt(size / 4));
      }
    });
  });

  it('draws neighbours of all distances independently', async () => {
    const run = await compile((context, x) => dropout(context, 'layer', x, 0.5));
    for (const seed of [3, 77]) {
      const { y } = await run(seed);
      for (const distance of [1, 2, 3, 25, 50, 51, 100, 1250, 2500]) {
        let common = 0;
        for (let i = distance; i < size; i++) if (y[i] === y[i - distance]) common++;
        const count = size - distance;
        expect(Math.abs(common - count / 2), `distance ${distance}`).toBeLessThan(5 * Math.sqrt(count / 4));
      }
    }
  });

  it('is nothing outside of training and at a rate of 0', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', shape);
    const context = { graph, source: new RecordingSource(graph), training: false, statistics: new Map() };
    expect(dropout(context, 'layer', x, 0.5)).toBe(x);
    expect(dropout({ ...context, training: true }, 'layer', x, 0)).toBe(x);
  });

  it('asks for a seed, and for a rate below 1', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', shape);
    const context = { graph, source: new RecordingSource(graph), training: true, statistics: new Map() };
    expect(() => dropout(context, 'head.dropout', x, 0.5)).toThrow(/"head.dropout" drops at random.*seed/);
    for (const rate of [1, -0.1, NaN]) expect(() => dropout(context, 'layer', x, rate)).toThrow(/dropout rate/);
  });
});

describe('dropPath', () => {
  it('drops whole examples', async () => {
    const run = await compile((context, x) => dropPath(context, 'branch', x, 0.25), [64, 3, 2]);
    let dropped = 0;
    for (let seed = 0; seed < 50; seed++) {
      const { y } = await run(seed);
      for (let n = 0; n < 64; n++) {
        const example = [...y.subarray(n * 6, n * 6 + 6)];
        expect(new Set(example).size).toBe(1);
        if (example[0] === 0) dropped++;
      }
    }
    expect(Math.abs(dropped - 800)).toBeLessThan(5 * Math.sqrt(3200 * 0.25 * 0.75));
  });
});
