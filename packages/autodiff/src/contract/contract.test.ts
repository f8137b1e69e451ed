import { encodeModel, type Graph, GraphBuilder, modelOf, type Shape, sizeOf, tensorOf, type Value } from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { addGradients, differentiable } from '../gradients.js';
import type { GradientCase } from './case.js';
import { gradientCases } from './index.js';

type Real = 'float32' | 'float64';

/** How far a gradient may be from the differences, relative to the larger of it and 1. */
const tolerances = { float64: 2e-6, float32: 5e-3 } as const;
/** Half the distance between the two points a difference is taken of. */
const steps = { float64: 1e-5, float32: 1e-2 } as const;
/** How far the float32 gradient may be from the float64 differences. */
const singleTolerance = 5e-4;

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Values of the inputs: even over the range, away from kinks, or all at a distance from one another. */
function drawn({ shapes, range = [-2, 2], kinks = [], distinct }: GradientCase): number[][] {
  const next = random(7);
  const [low, high] = range;
  const total = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const places = Array.from({ length: total }, (_, i) => i);
  for (let i = total - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  const gap = Math.max((high - low) / Math.max(total, 1), 0.05);
  const draw = () => {
    if (distinct) return low + gap * (places.pop()! + 0.5);
    const value = low + (high - low) * next();
    const near = kinks.find((kink) => Math.abs(value - kink) < 0.1);
    return near === undefined ? value : near + (value < near ? -0.15 : 0.15);
  };
  return shapes.map((shape) => Array.from({ length: sizeOf(shape) }, draw));
}

const weightsOf = (shape: Shape): number[] => {
  const next = random(3);
  return Array.from({ length: sizeOf(shape) }, () => 2 * next() - 1);
};

function create(graph: Graph, opset = 17): Promise<ort.InferenceSession> {
  const model = modelOf(graph);
  const bytes = encodeModel({ ...model, opsets: new Map([...model.opsets, ['', opset]]) });
  return ort.InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 });
}

/** A session of what `make` builds, in double precision where ONNX Runtime has the kernels, else in single. */
async function createIn<T>(types: readonly Real[], make: (dtype: Real) => { graph: Graph; opset?: number; built: T }) {
  for (const dtype of types) {
    const { graph, opset, built } = make(dtype);
    try {
      return { dtype, built, session: await create(graph, opset) };
    } catch (error) {
      const missing = /NOT_IMPLEMENTED|Could not find an implementation|is invalid|not supported/i;
      if (dtype === types.at(-1) || !missing.test(String(error))) throw error;
    }
  }
  throw new Error('internal: no type to try');
}

const inputsOf = (graph: GraphBuilder, { shapes }: GradientCase, dtype: Real) =>
  shapes.map((shape, i) => graph.input(`x${i}`, dtype, shape));

/** The graph the differences are taken of. */
function forward(each: GradientCase, dtype: Real) {
  const graph = new GraphBuilder('forward');
  const y = (each.surrogate ?? each.build)(graph, ...inputsOf(graph, each, dtype));
  graph.output(y, 'y');
  return { graph: graph.build(), built: y.shape, ...(each.opset ? { opset: each.opset } : {}) };
}

/** A weighted sum of `y`, so that its gradient is the operator's own, weighted. */
function lossOf(graph: GraphBuilder, y: Value, factor = 1): Value {
  const weights = weightsOf(y.shape).map((weight) => factor * weight);
  const weighted = graph.node('Mul', [y, graph.constant(tensorOf(y.dtype, weights, y.shape))]);
  return graph.node('ReduceSum', [weighted], { keepdims: 0 });
}

/**
 * The graph of gradients: `all` together, `alone` one input at a time, and `twice`, where the operator stands in the
 * loss a second time, with weights of -1/2.
 */
function backward(each: GradientCase, dtype: Real) {
  const graph = new GraphBuilder('backward');
  const inputs = inputsOf(graph, each, dtype);
  const y = each.build(graph, ...inputs);
  expect(graph.nodes.map((node) => node.opType)).toContain(each.op);
  const loss = lossOf(graph, y);
  const output = (name: string, gradient: Value | null | undefined, i: number): void => {
    expect(gradient, `gradient of input ${i}`).toBeTruthy();
    expect(gradient!.dtype).toBe(dtype);
    expect(gradient!.shape, `shape of the gradient of input ${i}`).toEqual(each.shapes[i]);
    graph.output(gradient!, `${name}${i}`);
  };
  for (const [i, gradient] of addGradients(graph, loss, inputs).entries()) output('all', gradient, i);
  if (inputs.length > 1)
    for (const [i, input] of inputs.entries()) output('alone', addGradients(graph, loss, [input])[0], i);
  const second = lossOf(graph, each.build(graph, ...inputs), -0.5);
  const both = graph.node('Add', [loss, second]);
  for (const [i, gradient] of addGradients(graph, both, inputs).entries()) output('twice', gradient, i);
  return { graph: graph.build(), built: undefined };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

async function prepare(each: GradientCase) {
  const differences = await createIn(['float64', 'float32'], (dtype) => forward(each, dtype));
  return { each, differences };
}

const feedsOf = ({ shapes }: GradientCase, dtype: Real, values: readonly number[][]) =>
  Object.fromEntries(
    shapes.map((shape, i) => [
      `x${i}`,
      new ort.Tensor(dtype, tensorOf(dtype, values[i]!).data as Float32Array, [...shape]),
    ]),
  );

/** Central differences of the loss by every element of every input (of large ones, some 16 evenly). */
async function differencesOf({ each, differences }: Prepared, values: number[][]) {
  const { session, dtype, built: shape } = differences;
  const weights = weightsOf(shape);
  const lossAt = async () => {
    const y = (await session.run(feedsOf(each, dtype, values))).y!.data as Float64Array;
    return y.reduce((sum, value, i) => sum + value * weights[i]!, 0);
  };
  const found: { input: number; at: number; slope: number }[] = [];
  for (const [input, list] of values.entries()) {
    const stride = Math.max(1, Math.ceil(list.length / 16));
    for (let at = 0; at < list.length; at += stride) {
      const original = list[at]!;
      const [above, below] = [original + steps[dtype], original - steps[dtype]];
      list[at] = above;
      const high = await lossAt();
      list[at] = below;
      const low = await lossAt();
      list[at] = original;
      const rounded = dtype === 'float32' ? Math.fround(above) - Math.fround(below) : above - below;
      found.push({ input, at, slope: (high - low) / rounded });
    }
  }
  return found;
}

const distance = (a: number, b: number) => Math.abs(a - b) / Math.max(1, Math.abs(b));

async function check(prepared: Prepared): Promise<void> {
  const { each, differences } = prepared;
  const values = drawn(each);
  const slopes = await differencesOf(prepared, values);
  await differences.session.release();
  const types: Real[][] = [['float32']];
  if (differences.dtype === 'float64') types.unshift(['float64', 'float32']);
  for (const tried of types) {
    const { session, dtype } = await createIn(tried, (type) => backward(each, type));
    const result = await session.run(feedsOf(each, dtype, values));
    await session.release();
    const tolerance = dtype === differences.dtype ? tolerances[dtype] : singleTolerance;
    for (const [i, shape] of each.shapes.entries()) expect(result[`all${i}`]!.dims).toEqual(shape);
    for (const { input, at, slope } of slopes) {
      const of = (name: string) => (result[`${name}${input}`]?.data as Float64Array | undefined)?.[at];
      const message = (name: string) => `${dtype} ${name}, input ${input}, element ${at}: ${of(name)} against ${slope}`;
      expect(distance(of('all')!, slope), message('all')).toBeLessThan(tolerance);
      if (each.shapes.length > 1) expect(distance(of('alone')!, slope), message('alone')).toBeLessThan(tolerance);
      expect(distance(2 * of('twice')!, slope), message('twice')).toBeLessThan(2 * tolerance);
    }
  }
}

/** The same case with one tensor for all inputs of one shape. */
function aliased(each: GradientCase): GradientCase[] {
  const [first] = each.shapes;
  const same = each.shapes.length > 1 && each.shapes.every((shape) => `${shape}` === `${first}`);
  if (!same || each.alias === false) return [];
  const spread =
    (build: GradientCase['build']): GradientCase['build'] =>
    (graph, x) =>
      build(graph, ...each.shapes.map(() => x!));
  return [
    {
      ...each,
      name: `${each.name}, one tensor for all inputs`,
      shapes: [first!],
      build: spread(each.build),
      ...(each.surrogate ? { surrogate: spread(each.surrogate) } : {}),
    },
  ];
}

// Sessions are made before the tests, whose names say in which precision the differences are taken.
const prepared: (readonly [string, GradientCase, Prepared | Error])[] = [];
for (const each of gradientCases.flatMap((one) => [one, ...aliased(one)]))
  prepared.push(
    await prepare(each).then(
      (made) => [`${each.op}, ${each.name} (${made.differences.dtype} differences)`, each, made] as const,
      (error: Error) => [`${each.op}, ${each.name} (does not run)`, each, error] as const,
    ),
  );

describe('gradient rules agree with central differences', () => {
  it.each(prepared)('%s', async (_, __, made) => {
    if (made instanceof Error) throw made;
    await check(made);
  });

  it('has cases for every rule', () => {
    expect([...new Set(gradientCases.map(({ op }) => op))].sort()).toEqual(differentiable);
  });
});
