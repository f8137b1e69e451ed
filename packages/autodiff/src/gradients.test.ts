import { encodeModel, float, GraphBuilder, modelOf, type Shape, sizeOf, tensorOf, type Value } from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { addGradients } from './gradients.js';

/** One way to call an operator: inputs by shape (values drawn in `range`), and what to build of them. */
interface Case {
  readonly name: string;
  readonly shapes: readonly Shape[];
  readonly build: (graph: GraphBuilder, ...inputs: Value[]) => Value;
  readonly range?: readonly [number, number];
  /** float32 where ONNX Runtime has no double kernel; the tolerance is looser then. */
  readonly dtype?: 'float64' | 'float32';
}

const on =
  (opType: string, attributes = {}, domain = '') =>
  (graph: GraphBuilder, ...inputs: Value[]) =>
    graph.node(opType, inputs, attributes, domain);

const elementwise = ['Abs', 'Exp', 'Identity', 'Neg', 'Relu', 'Sigmoid', 'Tanh', 'Sqrt', 'Log', 'Reciprocal'];
const cases: Case[] = [
  ...elementwise.map(
    (name): Case => ({
      name,
      shapes: [[2, 3]],
      build: on(name),
      range: ['Sqrt', 'Log', 'Reciprocal'].includes(name) ? [0.5, 2] : [-2, 2],
    }),
  ),
  { name: 'Softplus', shapes: [[5]], build: on('Softplus'), dtype: 'float32' },
  { name: 'HardSwish', shapes: [[7]], build: on('HardSwish'), dtype: 'float32', range: [-4, 4] },
  { name: 'LeakyRelu', shapes: [[6]], build: on('LeakyRelu', { alpha: float(0.1) }), dtype: 'float32' },
  ...['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max'].flatMap((name): Case[] => [
    {
      name: `${name} alike`,
      shapes: [
        [2, 3],
        [2, 3],
      ],
      build: on(name),
      range: [0.5, 2],
    },
    {
      name: `${name} broadcast`,
      shapes: [
        [2, 1, 3],
        [4, 1],
      ],
      build: on(name),
      range: [0.5, 2],
    },
    { name: `${name} scalar`, shapes: [[2, 3], []], build: on(name), range: [0.5, 2] },
  ]),
  { name: 'Pow', shapes: [[2, 3], [3]], build: on('Pow'), range: [0.5, 2] },
  { name: 'Clip', shapes: [[6]], build: (g, x) => g.node('Clip', [x, g.scalar(-1, x.dtype), g.scalar(1, x.dtype)]) },
  {
    name: 'Where',
    shapes: [[2, 3], [3]],
    build: (g, a, b) => g.node('Where', [g.node('Greater', [a, b]), a, b]),
  },
  {
    name: 'MatMul',
    shapes: [
      [3, 4],
      [4, 2],
    ],
    build: on('MatMul'),
  },
  {
    name: 'MatMul batched, broadcast',
    shapes: [
      [2, 3, 4],
      [4, 2],
    ],
    build: on('MatMul'),
  },
  { name: 'Softmax', shapes: [[3, 4]], build: on('Softmax', { axis: -1 }) },
  { name: 'LogSoftmax', shapes: [[3, 4]], build: on('LogSoftmax', { axis: -1 }) },
  ...['ReduceMean', 'ReduceMax', 'ReduceMin'].flatMap((name): Case[] => [
    { name: `${name} kept`, shapes: [[2, 3, 4]], build: on(name, { axes: [1], keepdims: 1 }) },
    { name: `${name} dropped`, shapes: [[2, 3, 4]], build: on(name, { axes: [0, -1], keepdims: 0 }) },
  ]),
  { name: 'ReduceSum', shapes: [[2, 3]], build: (g, x) => g.node('ReduceSum', [x, g.ints([1])], { keepdims: 0 }) },
  { name: 'ReduceSum all', shapes: [[2, 3]], build: (g, x) => g.node('ReduceSum', [x], { keepdims: 0 }) },
  { name: 'Flatten', shapes: [[2, 3, 2]], build: on('Flatten', { axis: 1 }) },
  { name: 'Sum', shapes: [[2, 3], [3], [2, 1]], build: on('Sum') },
  { name: 'Cast', shapes: [[4]], build: (g, x) => g.node('Cast', [g.node('Mul', [x, x])], { to: 11 }) },
  { name: 'Reshape', shapes: [[2, 6]], build: (g, x) => g.node('Reshape', [x, g.ints([3, -1])]) },
  { name: 'Transpose', shapes: [[2, 3, 4]], build: on('Transpose', { perm: [2, 0, 1] }) },
  {
    name: 'Concat',
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: on('Concat', { axis: 1 }),
  },
  {
    name: 'Split, one part unused',
    shapes: [[2, 5]],
    build: (g, x) => g.nodesOf('Split', [x, g.ints([2, 3])], { axis: 1 }, 2)[1]!,
  },
  {
    name: 'Slice from the end',
    shapes: [[4, 5]],
    build: (g, x) => g.node('Slice', [x, g.ints([-3, 1]), g.ints([1000, 4]), g.ints([0, 1])]),
  },
  { name: 'Pad', shapes: [[2, 3]], build: (g, x) => g.node('Pad', [x, g.ints([1, 0, 0, 2])]) },
  { name: 'Expand', shapes: [[3, 1]], build: (g, x) => g.node('Expand', [x, g.ints([2, 3, 4])]) },
  { name: 'Unsqueeze', shapes: [[3]], build: (g, x) => g.node('Unsqueeze', [x, g.ints([0])]) },
  { name: 'Squeeze', shapes: [[1, 3]], build: (g, x) => g.node('Squeeze', [x, g.ints([0])]) },
  { name: 'Gather', shapes: [[3, 4]], build: (g, x) => g.node('Gather', [x, g.ints([2, 0, 2])], { axis: 1 }) },
  {
    name: 'Resize',
    shapes: [[1, 2, 2, 3]],
    dtype: 'float32',
    build: (g, x) =>
      g.node('Resize', [x, null, null, g.ints([1, 2, 4, 9])], {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
  },
  { name: 'GlobalAveragePool', shapes: [[2, 3, 2, 4]], build: on('GlobalAveragePool'), dtype: 'float32' },
  {
    name: 'MaxPool',
    shapes: [[2, 2, 5, 6]],
    build: on('MaxPool', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
    dtype: 'float32',
  },
  ...convCases(),
  {
    name: 'BatchNormalization training',
    dtype: 'float32',
    shapes: [[4, 2, 3, 3], [2], [2]],
    build: (g, x, scale, bias) => {
      // Contents of their own, or ONNX Runtime merges them with other constants, and the operator writes over them.
      const statistic = (value: number) => g.constant(tensorOf(x.dtype, [value, value]));
      const inputs = [x, scale, bias, statistic(-7.25), statistic(7.25)];
      return g.nodesOf('BatchNormalization', inputs, { momentum: float(0), training_mode: 1 }, 3)[0]!;
    },
  },
  {
    name: 'BatchNormalization frozen',
    dtype: 'float32',
    shapes: [[2, 2, 3], [2], [2]],
    build: (g, x, scale, bias) =>
      g.node('BatchNormalization', [
        x,
        scale,
        bias,
        g.constant(tensorOf(x.dtype, [0.3, -0.2])),
        g.constant(tensorOf(x.dtype, [2, 0.5])),
      ]),
  },
];

function convCases(): Case[] {
  const variants: [string, Shape, Shape, Record<string, number | number[]>][] = [
    ['1x1', [2, 3, 4, 5], [6, 3, 1, 1], {}],
    ['1x1 on a large map', [2, 2, 40, 40], [3, 2, 1, 1], {}],
    ['3x3', [2, 3, 5, 4], [2, 3, 3, 3], { pads: [1, 1, 1, 1] }],
    ['3x3 on a large map', [1, 2, 36, 36], [2, 2, 3, 3], { pads: [1, 1, 1, 1] }],
    ['5x3, uneven pads', [1, 2, 7, 6], [3, 2, 5, 3], { pads: [2, 0, 1, 1] }],
    ['stride 2, even size', [2, 3, 6, 8], [4, 3, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }],
    ['stride 2, odd size', [1, 2, 7, 5], [3, 2, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }],
    ['stride 2, 1x1', [1, 2, 6, 6], [3, 2, 1, 1], { strides: [2, 2] }],
    ['dilated', [1, 2, 7, 7], [2, 2, 3, 3], { pads: [2, 2, 2, 2], dilations: [2, 2] }],
    ['grouped', [1, 4, 5, 5], [6, 2, 3, 3], { pads: [1, 1, 1, 1], group: 2 }],
    ['depthwise', [2, 3, 5, 5], [3, 1, 3, 3], { pads: [1, 1, 1, 1], group: 3 }],
    ['depthwise, stride 2', [2, 3, 6, 5], [3, 1, 3, 3], { pads: [1, 1, 1, 1], group: 3, strides: [2, 2] }],
  ];
  return variants.map(([name, x, w, attributes]) => ({
    name: `Conv ${name}`,
    dtype: 'float32',
    shapes: [x, w, [w[0]!]],
    build: on('Conv', attributes),
  }));
}

function random(seed: number, low: number, high: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + ((high - low) * state) / 2 ** 32;
  };
}

/** The loss is a weighted sum of the output, so that its gradient is the operator's own, weighted. */
async function check({ shapes, build, range = [-2, 2], dtype = 'float64' }: Case): Promise<void> {
  const graph = new GraphBuilder('test');
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, dtype, shape));
  const y = build(graph, ...inputs);
  const draw = random(7, ...range);
  const weights = Float64Array.from({ length: sizeOf(y.shape) }, random(3, -1, 1));
  const weighted = graph.node('Mul', [y, graph.constant(tensorOf(dtype, weights, y.shape))]);
  const loss = graph.node('ReduceSum', [weighted], { keepdims: 0 });
  const gradients = addGradients(graph, loss, inputs);
  graph.output(y, 'y');
  for (const [i, gradient] of gradients.entries()) graph.output(gradient!, `g${i}`);
  const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), { logSeverityLevel: 3 });
  const values = shapes.map((shape) => Array.from({ length: sizeOf(shape) }, draw));
  const run = (at: number[][]) =>
    session.run(
      Object.fromEntries(
        at.map((v, i) => [`x${i}`, new ort.Tensor(dtype, tensorOf(dtype, v).data as Float32Array, [...shapes[i]!])]),
      ),
    );
  const lossAt = async (at: number[][]) => {
    const out = (await run(at)).y!.data as Float64Array;
    return out.reduce((sum, value, i) => sum + value * weights[i]!, 0);
  };
  const outputs = await run(values);
  const step = dtype === 'float64' ? 1e-6 : 1e-2;
  const tolerance = dtype === 'float64' ? 1e-6 : 2e-2;
  for (const [i, list] of values.entries()) {
    const analytic = outputs[`g${i}`]!.data as Float64Array;
    const stride = Math.max(1, Math.floor(list.length / 40));
    for (let at = 0; at < list.length; at += stride) {
      const original = list[at]!;
      list[at] = original + step;
      const above = await lossAt(values);
      list[at] = original - step;
      const below = await lossAt(values);
      list[at] = original;
      const numeric = (above - below) / (2 * step);
      const error = Math.abs(numeric - analytic[at]!) / Math.max(1, Math.abs(numeric));
      expect(error, `input ${i}, element ${at}: ${analytic[at]} against ${numeric}`).toBeLessThan(tolerance);
    }
  }
  await session.release();
}

describe('gradient rules agree with central differences', () => {
  it.each(cases)('$name', check);
});

describe('addGradients', () => {
  it('names an operator without a rule and where it stands', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [3]);
    const loss = graph.node('ReduceSum', [graph.node('Erf', [x])], { keepdims: 0 });
    expect(() => addGradients(graph, loss, [x])).toThrow(/"Erf" \(Erf\).*Conv/s);
  });

  it('takes a stopped value as constant', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [3]);
    const stopped = graph.node('Exp', [x]);
    const loss = graph.node('ReduceSum', [stopped], { keepdims: 0 });
    expect(addGradients(graph, loss, [x], [stopped])).toEqual([null]);
  });
});
