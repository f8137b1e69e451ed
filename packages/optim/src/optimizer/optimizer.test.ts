import { encodeModel, GraphBuilder, modelOf } from '@fovea/onnx';
import fc from 'fast-check';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { adamW } from './adam-w.js';
import { type OptimizerSettings, optimizerNames, optimizerOf } from './index.js';
import type { ElementVectors, Optimizer } from './optimizer.js';

const size = 7;
const decay = Float32Array.of(1, 1, 0, 1, 0, 1, 1);
const rate = Float32Array.of(1, 0.5, 1, 0, 2, 0.1, 0);
const start = Float32Array.of(0.5, -1, 2, 0, -0.25, 3, 1e-3);
type Vectors = Record<string, Float32Array>;

/** Compiles the optimizer; gives a step over plain vectors. */
async function compile(optimizer: Optimizer, workers = 1, vectors: ElementVectors = { decay }) {
  const graph = new GraphBuilder('optimizer');
  const names = ['parameters', 'average', ...optimizer.slots];
  const vector = (name: string) => graph.input(name, 'float32', [size]);
  const state = Object.fromEntries(names.map((name) => [name, vector(name)]));
  const gradients = Array.from({ length: workers }, (_, i) => vector(`gradient${i}`));
  const hyperSize = optimizer.hyperNames.length;
  const next = optimizer.apply(graph, state, gradients, vectors, graph.input('hyper', 'float32', [hyperSize]));
  expect(Object.keys(next.state).sort()).toEqual([...names].sort());
  for (const name of names) graph.output(next.state[name]!, `next.${name}`);
  graph.output(next.gradientNorm, 'norm');
  const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  return async (from: Vectors, gradientLists: readonly Float32Array[], hyper: Float32Array) => {
    const feeds: Record<string, ort.Tensor> = { hyper: new ort.Tensor('float32', hyper, [hyperSize]) };
    for (const name of names) feeds[name] = new ort.Tensor('float32', from[name]!, [size]);
    gradientLists.forEach((list, i) => {
      feeds[`gradient${i}`] = new ort.Tensor('float32', list, [size]);
    });
    const outputs = await session.run(feeds);
    expect(outputs.norm!.dims).toEqual([1]);
    const vectorOf = (name: string) => outputs[name]!.data as Float32Array;
    return {
      state: Object.fromEntries(names.map((name) => [name, vectorOf(`next.${name}`)])) as Vectors,
      norm: vectorOf('norm')[0]!,
    };
  };
}

/** One step of one element in plain doubles, as the papers write it; `s` holds the element's slots and is updated. */
type Rule = (
  config: OptimizerSettings,
  t: number,
  lr: number,
  g: number,
  theta: number,
  s: number[],
  d: number,
) => number;

const rules: Record<OptimizerSettings['name'], Rule> = {
  // Loshchilov & Hutter 2019, algorithm 2, lines 6 to 12.
  adamw(config, t, lr, g, theta, s, d) {
    const {
      beta1 = 0.9,
      beta2 = 0.999,
      epsilon = 1e-8,
      weightDecay = 0.05,
    } = config as unknown as Record<string, number>;
    s[0] = beta1 * s[0]! + (1 - beta1) * g;
    s[1] = beta2 * s[1]! + (1 - beta2) * g * g;
    const mean = s[0] / (1 - beta1 ** t);
    const variance = s[1] / (1 - beta2 ** t);
    return theta - lr * (mean / (Math.sqrt(variance) + epsilon) + weightDecay * d * theta);
  },
  // The loop in the documentation of torch.optim.SGD (dampening 0); decoupled: algorithm 1 of Loshchilov & Hutter.
  sgd(config, _t, lr, g, theta, s, d) {
    const { momentum = 0.9, weightDecay = 1e-4 } = config as unknown as Record<string, number>;
    const { nesterov, decayKind } = config as { nesterov?: boolean; decayKind?: string };
    const gradient = decayKind === 'decoupled' ? g : g + weightDecay * d * theta;
    s[0] = momentum * s[0]! + gradient;
    const direction = nesterov ? gradient + momentum * s[0] : s[0];
    return theta - lr * direction - (decayKind === 'decoupled' ? lr * weightDecay * d * theta : 0);
  },
  // Chen et al. 2023, algorithm 2.
  lion(config, _t, lr, g, theta, s, d) {
    const { beta1 = 0.9, beta2 = 0.99, weightDecay = 0.5 } = config as unknown as Record<string, number>;
    const update = Math.sign(beta1 * s[0]! + (1 - beta1) * g);
    s[0] = beta2 * s[0]! + (1 - beta2) * g;
    return theta - lr * (update + weightDecay * d * theta);
  },
};

/** The rule over all elements, with averaging over workers, clipping, rate factors and the moving average. */
function reference(config: OptimizerSettings, vectors: ElementVectors) {
  const theta = [...start];
  const average = [...start];
  const slots = theta.map(() => [0, 0]);
  let t = 0;
  return (gradientLists: readonly Float32Array[], learningRate: number, averageDecay: number) => {
    t++;
    const mean = theta.map((_, i) => gradientLists.reduce((sum, list) => sum + list[i]!, 0) / gradientLists.length);
    const norm = Math.hypot(...mean);
    const clip = Math.min(1, (config.clipNorm ?? 10) / norm);
    theta.forEach((value, i) => {
      const lr = learningRate * (vectors.rate?.[i] ?? 1);
      theta[i] = rules[config.name](config, t, lr, mean[i]! * clip, value, slots[i]!, vectors.decay[i]!);
      average[i] = averageDecay * average[i]! + (1 - averageDecay) * theta[i]!;
    });
    return { theta, average, slots, norm };
  };
}

const fresh = (optimizer: Optimizer): Vectors => ({
  parameters: start.slice(),
  average: start.slice(),
  ...Object.fromEntries(optimizer.slots.map((name) => [name, new Float32Array(size)])),
});
const wave = (step: number, worker: number, scale = 1) =>
  Float32Array.from({ length: size }, (_, i) => scale * Math.sin(1 + step * 1.7 + i * 0.9 + worker * 2.3));
const near = (actual: Float32Array, expected: readonly number[], what: string) =>
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!), `${what}[${i}]: ${value}, ${expected[i]}`).toBeLessThan(
      4e-6 * Math.max(1, Math.abs(expected[i]!)),
    );
  });

interface Case {
  readonly what: string;
  readonly config: OptimizerSettings;
  readonly workers?: number;
  readonly vectors?: ElementVectors;
  readonly scale?: number;
}

const shared = (name: OptimizerSettings['name']): Case[] => [
  { what: 'with the defaults', config: { name } },
  { what: 'with the gradients of two workers', config: { name }, workers: 2 },
  { what: 'with the gradients of three workers', config: { name }, workers: 3 },
  { what: 'clipping every gradient', config: { name, clipNorm: 0.5 } },
  { what: 'clipping the mean of two', config: { name, clipNorm: 1 }, workers: 2, scale: 40 },
  { what: 'never clipping', config: { name, clipNorm: Infinity }, scale: 40 },
  { what: 'with strong decay', config: { name, weightDecay: 0.7 } },
  { what: 'without decay', config: { name, weightDecay: 0 } },
  { what: 'with decay everywhere', config: { name }, vectors: { decay: new Float32Array(size).fill(1) } },
  { what: 'with rate factors', config: { name }, vectors: { decay, rate } },
  { what: 'at half the rate', config: { name }, vectors: { decay, rate: new Float32Array(size).fill(0.5) } },
];
const cases: Case[] = [
  ...optimizerNames.flatMap(shared),
  { what: 'with other settings', config: { name: 'adamw', beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.5 } },
  { what: 'with gradients of next to nothing', config: { name: 'adamw' }, scale: 1e-12 },
  { what: 'with gradients around epsilon', config: { name: 'adamw' }, scale: 1e-8 },
  { what: 'without momentum', config: { name: 'sgd', momentum: 0, weightDecay: 0.1 } },
  {
    what: 'without momentum, decoupled',
    config: { name: 'sgd', momentum: 0, weightDecay: 0.1, decayKind: 'decoupled' },
  },
  { what: "with Nesterov's momentum", config: { name: 'sgd', nesterov: true, weightDecay: 0.1 } },
  { what: 'decoupled', config: { name: 'sgd', nesterov: true, weightDecay: 0.1, decayKind: 'decoupled' } },
  {
    what: 'decoupled, with rate factors',
    config: { name: 'sgd', weightDecay: 0.1, decayKind: 'decoupled' },
    vectors: { decay, rate },
  },
  { what: 'with other settings', config: { name: 'lion', beta1: 0.95, beta2: 0.98, weightDecay: 1 } },
];

describe('a dozen steps are those of the paper', () => {
  it.each(cases)('$config.name $what', async ({ config, workers = 1, vectors = { decay }, scale = 1 }) => {
    const optimizer = optimizerOf(config);
    const run = await compile(optimizer, workers, vectors);
    const expected = reference(config, vectors);
    let state = fresh(optimizer);
    for (let step = 1; step <= 12; step++) {
      const gradients = Array.from({ length: workers }, (_, worker) => wave(step, worker, scale));
      const learningRate = 0.1 / step;
      const averageDecay = step / (step + 3);
      const known = expected(gradients, learningRate, averageDecay);
      const got = await run(state, gradients, optimizer.hyper(step, learningRate, averageDecay));
      expect(got.norm / known.norm).toBeCloseTo(1, 4);
      near(got.state.parameters!, known.theta, 'parameters');
      near(got.state.average!, known.average, 'average');
      for (const [slot, name] of optimizer.slots.entries())
        near(
          got.state[name]!,
          known.slots.map((values) => values[slot]!),
          name,
        );
      state = got.state;
    }
  });
});

describe.each(optimizerNames)('%s', (name) => {
  const optimizer = optimizerOf({ name });
  const used = (): Vectors => ({
    ...fresh(optimizer),
    average: start.map((value) => value + 0.3),
    ...Object.fromEntries(optimizer.slots.map((slot, i) => [slot, start.map((value) => Math.abs(value) / (3 + i))])),
  });

  it('says what its numbers are', () => {
    expect(optimizer.name).toBe(name);
    expect(optimizer.hyperNames[0]).toBe('learningRate');
    expect(optimizer.hyperNames.at(-1)).toBe('averageDecay');
    for (const hyper of [optimizer.idleHyper(), optimizer.hyper(1, 0.125, 0.25), optimizer.hyper(1e6, 0.125, 0.25)]) {
      expect(hyper.length).toBe(optimizer.hyperNames.length);
      expect(hyper.every(Number.isFinite)).toBe(true);
    }
    expect(optimizer.hyper(3, 0.125, 0.25)[0]).toBe(0.125);
    expect(optimizer.hyper(3, 0.125, 0.25).at(-1)).toBe(0.25);
  });

  it('leaves the parameters exactly as they are at a rate of 0', async () => {
    const run = await compile(optimizer);
    for (const step of [1, 2, 1000]) {
      const { state } = await run(used(), [wave(step, 0, 1e4)], optimizer.hyper(step, 0, 0.5));
      expect(state.parameters).toEqual(start);
    }
  });

  it('leaves everything exactly as it is when idle', async () => {
    const run = await compile(optimizer, 2);
    for (const state of [fresh(optimizer), used()]) {
      expect((await run(state, [wave(1, 0), wave(1, 1)], optimizer.idleHyper())).state).toEqual(state);
      const none = new Float32Array(size);
      expect((await run(state, [none, none], optimizer.idleHyper())).state).toEqual(state);
    }
  });

  it('stays where it is without a gradient or decay', async () => {
    const run = await compile(optimizerOf({ name, weightDecay: 0 }));
    const { state, norm } = await run(fresh(optimizer), [new Float32Array(size)], optimizer.hyper(1, 0.1, 0.9));
    expect(norm).toBe(0);
    expect(state.parameters).toEqual(start);
  });

  it('decays only where the mask says so', async () => {
    const run = await compile(optimizerOf({ name, weightDecay: 0.5 }));
    const { state } = await run(fresh(optimizer), [new Float32Array(size)], optimizer.hyper(1, 0.1, 0));
    near(
      state.parameters!,
      [...start].map((value, i) => value * (decay[i] ? 0.95 : 1)),
      'parameters',
    );
  });

  it('does not move what has rate 0, however it is pulled', async () => {
    const run = await compile(optimizer, 1, { decay, rate });
    let state = fresh(optimizer);
    for (let step = 1; step <= 5; step++)
      ({ state } = await run(state, [wave(step, 0, 100)], optimizer.hyper(step, 0.1, 0.5)));
    rate.forEach((factor, i) => {
      if (factor === 0) expect(state.parameters![i]).toBe(start[i]);
      else expect(state.parameters![i]).not.toBe(start[i]);
    });
  });

  it('keeps the average: the parameters themselves at decay 0, as it was at decay 1', async () => {
    const run = await compile(optimizer);
    const before = used();
    const followed = (await run(before, [wave(1, 0)], optimizer.hyper(1, 0.1, 0))).state;
    expect(followed.average).toEqual(followed.parameters);
    const kept = (await run(before, [wave(1, 0)], optimizer.hyper(1, 0.1, 1))).state;
    expect(kept.average).toEqual(before.average);
  });

  it('takes the same step for gradients beyond the clip, whatever their length', async () => {
    const run = await compile(optimizerOf({ name, clipNorm: 0.1 }));
    const step = async (scale: number) => [
      ...(await run(fresh(optimizer), [wave(1, 0, scale)], optimizer.hyper(1, 0.1, 0))).state.parameters!,
    ];
    const one = await step(1);
    for (const scale of [10, 1e4, 1e8]) near(Float32Array.from(await step(scale)), one, `scale ${scale}`);
  });

  it('tells of gradients that are not finite by their norm', async () => {
    const run = await compile(optimizer);
    for (const bad of [NaN, Infinity, -Infinity]) {
      const gradient = wave(1, 0);
      gradient[3] = bad;
      expect(Number.isFinite((await run(fresh(optimizer), [gradient], optimizer.hyper(1, 0.1, 0))).norm)).toBe(false);
    }
  });

  it('goes downhill: a bowl, from anywhere', async () => {
    const run = await compile(optimizerOf({ name, weightDecay: 0 }));
    const at = fc.float({ min: -5, max: 5, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(at, { minLength: size, maxLength: size }), async (values) => {
        let state: Vectors = { ...fresh(optimizer), parameters: Float32Array.from(values) };
        for (let step = 1; step <= 150; step++) {
          const gradient = state.parameters!.map((value) => value - 1);
          ({ state } = await run(state, [gradient], optimizer.hyper(step, 0.2 * (1 - step / 151), 0)));
        }
        for (const value of state.parameters!) expect(Math.abs(value - 1)).toBeLessThan(0.05);
      }),
      { numRuns: 3 },
    );
  });

  it('refuses what does not fit, in words', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [size]);
    const short = graph.input('short', 'float32', [size - 1]);
    const hyper = graph.input('hyper', 'float32', [optimizer.hyperNames.length]);
    const state = Object.fromEntries(['parameters', 'average', ...optimizer.slots].map((key) => [key, x]));
    const { average: _, ...lacking } = state;
    expect(() => optimizer.apply(graph, lacking, [x], { decay }, hyper)).toThrow(/lacks "average"/);
    expect(() => optimizer.apply(graph, state, [], { decay }, hyper)).toThrow(/at least one gradient/);
    expect(() => optimizer.apply(graph, state, [x, short], { decay }, hyper)).toThrow(/"gradient 1" has shape \[6\]/);
    expect(() => optimizer.apply(graph, state, [x], { decay: decay.subarray(1) }, hyper)).toThrow(/"decay"/);
    expect(() => optimizer.apply(graph, state, [x], { decay, rate: rate.subarray(1) }, hyper)).toThrow(/"rate"/);
    expect(() => optimizer.apply(graph, state, [x], { decay }, x)).toThrow(/hyper has shape/);
    expect(() => optimizerOf({ name, weightDecay: -1 })).toThrow(/weightDecay is -1/);
    expect(() => optimizerOf({ name, clipNorm: 0 })).toThrow(/clipNorm is 0/);
    expect(() => optimizerOf({ name, clipNorm: NaN })).toThrow(/clipNorm is NaN/);
  });
});

describe('optimizerOf', () => {
  it('lists what it knows', () => {
    expect(() => optimizerOf({ name: 'adagrad' } as never)).toThrow(
      expect.objectContaining({ code: 'unknown_optimizer', message: expect.stringContaining('adamw, sgd, lion') }),
    );
  });

  it('refuses settings without sense', () => {
    const bad: OptimizerSettings[] = [
      { name: 'adamw', beta1: 1 },
      { name: 'adamw', beta2: -0.1 },
      { name: 'adamw', epsilon: 0 },
      { name: 'sgd', momentum: 1 },
      { name: 'sgd', momentum: 0, nesterov: true },
      { name: 'sgd', decayKind: 'l1' as never },
      { name: 'lion', beta2: 2 },
    ];
    for (const config of bad)
      expect(() => optimizerOf(config)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });

  it('keeps nothing for SGD without momentum', () => {
    expect(optimizerOf({ name: 'sgd', momentum: 0 }).slots).toEqual([]);
  });
});

describe('adamW', () => {
  it('corrects for the zeros that the moments start from', () => {
    const { hyper } = adamW();
    // 0.5 sqrt(1 - 0.999) / (1 - 0.9), and next to no correction after many steps.
    expect(hyper(1, 0.5, 0)[1]).toBeCloseTo(5 * Math.sqrt(1e-3), 6);
    expect(hyper(100_000, 0.5, 0)[1]).toBeCloseTo(0.5, 6);
  });

  it('takes first steps as long as the rate, whatever the gradient', async () => {
    const optimizer = adamW({ weightDecay: 0, clipNorm: Infinity });
    const run = await compile(optimizer);
    for (const scale of [0.1, 1, 1e3]) {
      const gradient = wave(1, 0, scale);
      const { state } = await run(fresh(optimizer), [gradient], optimizer.hyper(1, 0.01, 0));
      near(
        state.parameters!,
        [...start].map((value, i) => value - 0.01 * Math.sign(gradient[i]!)),
        'parameters',
      );
    }
  });
});
