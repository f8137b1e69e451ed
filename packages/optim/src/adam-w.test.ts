import { encodeModel, GraphBuilder, modelOf } from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type AdamWOptions, adamW, adamWHyper } from './adam-w.js';

const size = 7;
const decay = Float32Array.of(1, 1, 0, 1, 0, 1, 1);
const names = ['parameters', 'momentum', 'variance', 'average'] as const;
type State = Record<(typeof names)[number], Float32Array>;

/** Compiles the optimizer; gives a step over plain vectors. */
async function compile(workers: number, options: AdamWOptions) {
  const graph = new GraphBuilder('optimizer');
  const vector = (name: string) => graph.input(name, 'float32', [size]);
  const state = {
    parameters: vector('parameters'),
    momentum: vector('momentum'),
    variance: vector('variance'),
    average: vector('average'),
  };
  const gradients = Array.from({ length: workers }, (_, i) => vector(`gradient${i}`));
  const next = adamW(graph, state, gradients, decay, graph.input('hyper', 'float32', [4]), options);
  for (const name of names) graph.output(next[name], `next.${name}`);
  graph.output(next.gradientNorm, 'norm');
  const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), { logSeverityLevel: 3 });
  return async (from: State, gradientLists: readonly Float32Array[], hyper: Float32Array) => {
    const feeds: Record<string, ort.Tensor> = { hyper: new ort.Tensor('float32', hyper, [4]) };
    for (const name of names) feeds[name] = new ort.Tensor('float32', from[name], [size]);
    gradientLists.forEach((list, i) => {
      feeds[`gradient${i}`] = new ort.Tensor('float32', list, [size]);
    });
    const outputs = await session.run(feeds);
    const vectorOf = (name: string) => outputs[name]!.data as Float32Array;
    return {
      state: Object.fromEntries(names.map((name) => [name, vectorOf(`next.${name}`)])) as State,
      norm: vectorOf('norm')[0]!,
    };
  };
}

/** Algorithm 2 of Loshchilov & Hutter in plain doubles, with clipping and the moving average. */
function reference(start: Float32Array, options: Required<AdamWOptions>) {
  const theta = [...start];
  const average = [...start];
  const m = new Array<number>(size).fill(0);
  const v = new Array<number>(size).fill(0);
  let t = 0;
  return (gradientLists: readonly Float32Array[], rate: number, averageDecay: number) => {
    t++;
    const { beta1, beta2, epsilon, weightDecay, clipNorm } = options;
    const mean = theta.map((_, i) => gradientLists.reduce((sum, list) => sum + list[i]!, 0) / gradientLists.length);
    const norm = Math.hypot(...mean);
    theta.forEach((_, i) => {
      const g = mean[i]! * Math.min(1, clipNorm / norm);
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
      const step = m[i]! / (1 - beta1 ** t) / (Math.sqrt(v[i]! / (1 - beta2 ** t)) + epsilon);
      theta[i]! -= rate * (step + weightDecay * decay[i]! * theta[i]!);
      average[i] = averageDecay * average[i]! + (1 - averageDecay) * theta[i]!;
    });
    return { theta: [...theta], average: [...average], m: [...m], v: [...v], norm };
  };
}

const start = Float32Array.of(0.5, -1, 2, 0, -0.25, 3, 1e-3);
const fresh = (): State => ({
  parameters: start.slice(),
  momentum: new Float32Array(size),
  variance: new Float32Array(size),
  average: start.slice(),
});
const wave = (step: number, worker: number, scale = 1) =>
  Float32Array.from({ length: size }, (_, i) => scale * Math.sin(1 + step * 1.7 + i * 0.9 + worker * 2.3));
const near = (actual: Float32Array, expected: number[], what: string) =>
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!), `${what}[${i}]: ${value}, ${expected[i]}`).toBeLessThan(
      2e-6 * Math.max(1, Math.abs(expected[i]!)),
    );
  });

describe('adamW is the paper over a dozen steps', () => {
  const defaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.05, clipNorm: 10 };
  const cases: [string, number, AdamWOptions, number][] = [
    ['with the defaults', 1, {}, 1],
    ['with the gradients of two workers', 2, {}, 1],
    ['with the gradients of three workers', 3, {}, 1],
    ['clipping every gradient', 1, { clipNorm: 0.5 }, 1],
    ['clipping the mean of two', 2, { clipNorm: 1 }, 40],
    ['with other settings', 1, { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.5 }, 1],
    ['without decay', 1, { weightDecay: 0 }, 1],
    ['with gradients of next to nothing', 1, {}, 1e-12],
  ];
  it.each(cases)('%s', async (_, workers, options, scale) => {
    const run = await compile(workers, options);
    const expected = reference(start, { ...defaults, ...options });
    let state = fresh();
    for (let step = 1; step <= 12; step++) {
      const gradients = Array.from({ length: workers }, (__, worker) => wave(step, worker, scale));
      const rate = 0.1 / step;
      const averageDecay = step / (step + 3);
      const known = expected(gradients, rate, averageDecay);
      const got = await run(state, gradients, adamWHyper(step, rate, averageDecay, options));
      expect(got.norm / known.norm).toBeCloseTo(1, 4);
      near(got.state.momentum, known.m, 'momentum');
      near(got.state.variance, known.v, 'variance');
      near(got.state.parameters, known.theta, 'parameters');
      near(got.state.average, known.average, 'average');
      state = got.state;
    }
  });
});

describe('adamW', () => {
  it('leaves the parameters as they are at a rate of 0', async () => {
    const run = await compile(1, {});
    const { state } = await run(fresh(), [wave(1, 0)], Float32Array.of(0, 1, 1, 0));
    expect(state.parameters).toEqual(start);
    expect(state.average).toEqual(start);
  });

  it('stays finite without a gradient', async () => {
    const run = await compile(1, { weightDecay: 0 });
    const { state, norm } = await run(fresh(), [new Float32Array(size)], adamWHyper(1, 0.1, 0.9));
    expect(norm).toBe(0);
    expect(state.parameters).toEqual(start);
  });

  it('decays only where the mask says so', async () => {
    const run = await compile(1, { weightDecay: 0.5 });
    const { state } = await run(fresh(), [new Float32Array(size)], adamWHyper(1, 0.1, 0));
    near(
      state.parameters,
      [...start].map((value, i) => value * (decay[i] ? 0.95 : 1)),
      'parameters',
    );
  });

  it('takes first steps as long as the rate, whatever the gradient', async () => {
    const run = await compile(1, { weightDecay: 0, clipNorm: 1e9 });
    for (const scale of [0.1, 1, 1e3]) {
      const gradient = wave(1, 0, scale);
      const { state } = await run(fresh(), [gradient], adamWHyper(1, 0.01, 0));
      near(
        state.parameters,
        [...start].map((value, i) => value - 0.01 * Math.sign(gradient[i]!)),
        'parameters',
      );
    }
  });
});
