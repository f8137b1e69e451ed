import { addGradients } from '@fovea/autodiff';
import { encodeModel, GraphBuilder, modelOf, type Shape, sizeOf, tensorOf, type Value } from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../initializers.js';
import { type BuildContext, RecordingSource } from '../parameters.js';
import {
  activation,
  activationNames,
  attention,
  averagePool,
  conv,
  convTranspose,
  depthwiseConv,
  globalAveragePool,
  globalMaxPool,
  invertedResidual,
  layerNorm,
  linear,
  maxPool,
  patchEmbedding,
  squeezeExcite,
  upsample,
  upsampleLinear,
  vitBlock,
} from './index.js';

/** A tensor in plain doubles. */
interface Plain {
  readonly shape: Shape;
  readonly data: number[];
}
type Weights = (name: string) => Plain;

interface Case {
  readonly name: string;
  readonly shape: Shape;
  readonly build: (context: BuildContext, x: Value) => Value;
  /** The layer straight from its paper, in doubles. */
  readonly reference: (x: Plain, weights: Weights) => Plain;
}

const range = (length: number) => Array.from({ length }, (_, i) => i);
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** A tensor by a function of its indices. */
function tensor(shape: Shape, at: (...index: number[]) => number): Plain {
  const data = range(sizeOf(shape)).map((flat) => {
    const index: number[] = [];
    let rest = flat;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index.unshift(rest % shape[axis]!);
      rest = Math.floor(rest / shape[axis]!);
    }
    return at(...index);
  });
  return { shape, data };
}
const get = ({ shape, data }: Plain, ...index: number[]): number =>
  data[index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0)]!;
const map = ({ shape, data }: Plain, f: (value: number) => number): Plain => ({ shape, data: data.map(f) });
const sum = (a: Plain, b: Plain): Plain => ({ shape: a.shape, data: a.data.map((value, i) => value + b.data[i]!) });

interface Window {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

function convolved(x: Plain, w: Plain, b: Plain | null, window: Window): Plain {
  const { kernel, stride = 1, padding = 0, dilation = 1, groups = 1 } = window;
  const [n, c, height, width] = x.shape as [number, number, number, number];
  const out = (length: number) => Math.floor((length + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
  const [own, perGroup] = [c / groups, w.shape[0]! / groups];
  return tensor([n, w.shape[0]!, out(height), out(width)], (i, k, y, z) => {
    let value = b ? b.data[k]! : 0;
    const first = Math.floor(k! / perGroup) * own;
    for (let j = 0; j < own; j++)
      for (let u = 0; u < kernel; u++)
        for (let v = 0; v < kernel; v++) {
          const [row, column] = [y! * stride - padding + u * dilation, z! * stride - padding + v * dilation];
          if (row < 0 || column < 0 || row >= height || column >= width) continue;
          value += get(x, i!, first + j, row, column) * get(w, k!, j, u, v);
        }
    return value;
  });
}

/** Each input pixel spreads a window: the definition, not the adjoint of a convolution. */
function spread(x: Plain, w: Plain, b: Plain | null, { kernel, stride = 1 }: Window): Plain {
  const [n, c, height, width] = x.shape as [number, number, number, number];
  const channels = w.shape[1]!;
  const result = tensor([n, channels, height * stride, width * stride], (_, k) => (b ? b.data[k!]! : 0));
  const before = Math.floor(Math.max(0, kernel - stride) / 2);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < c; j++)
      for (let y = 0; y < height; y++)
        for (let z = 0; z < width; z++)
          for (let k = 0; k < channels; k++)
            for (let u = 0; u < kernel; u++)
              for (let v = 0; v < kernel; v++) {
                const [row, column] = [y * stride + u - before, z * stride + v - before];
                if (row < 0 || column < 0 || row >= height * stride || column >= width * stride) continue;
                result.data[((i * channels + k) * height * stride + row) * width * stride + column]! +=
                  get(x, i, j, y, z) * get(w, j, k, u, v);
              }
  return result;
}

function pooled(x: Plain, { kernel, stride = kernel, padding = 0 }: Window, of: (values: number[]) => number): Plain {
  const [n, c, height, width] = x.shape as [number, number, number, number];
  const out = (length: number) => Math.floor((length + 2 * padding - kernel) / stride) + 1;
  return tensor([n, c, out(height), out(width)], (i, j, y, z) =>
    of(
      range(kernel).flatMap((u) =>
        range(kernel).flatMap((v) => {
          const [row, column] = [y! * stride - padding + u, z! * stride - padding + v];
          if (row < 0 || column < 0 || row >= height || column >= width) return [];
          return [get(x, i!, j!, row, column)];
        }),
      ),
    ),
  );
}
const mean = (values: number[]) => total(values) / values.length;
const overPicture = (x: Plain, of: (values: number[]) => number): Plain =>
  tensor(x.shape.slice(0, 2), (i, j) =>
    of(range(x.shape[2]!).flatMap((y) => range(x.shape[3]!).map((z) => get(x, i!, j!, y, z)))),
  );

function product(x: Plain, w: Plain, b: Plain | null): Plain {
  const inner = w.shape[1]!;
  return tensor([...x.shape.slice(0, -1), w.shape[0]!], (...index) => {
    const k = index.pop()!;
    return (b ? b.data[k]! : 0) + total(range(inner).map((d) => get(x, ...index, d) * get(w, k, d)));
  });
}

function normalized(x: Plain, scale: Plain, bias: Plain): Plain {
  const width = x.shape.at(-1)!;
  return tensor(x.shape, (...index) => {
    const d = index.pop()!;
    const row = range(width).map((i) => get(x, ...index, i));
    const variance = mean(row.map((value) => (value - mean(row)) ** 2));
    return ((row[d]! - mean(row)) / Math.sqrt(variance + 1e-6)) * scale.data[d]! + bias.data[d]!;
  });
}

function attended(x: Plain, weights: Weights, name: string, heads: number): Plain {
  const [n, tokens, width] = x.shape as [number, number, number];
  const all = product(x, weights(`${name}.qkv.weight`), weights(`${name}.qkv.bias`));
  const each = width / heads;
  const mixed = tensor([n, tokens, width], (i, t, d) => {
    const first = Math.floor(d! / each) * each;
    const scores = range(tokens).map(
      (s) =>
        total(range(each).map((e) => get(all, i!, t!, first + e) * get(all, i!, s, width + first + e))) /
        Math.sqrt(each),
    );
    const parts = scores.map(Math.exp);
    return total(parts.map((part, s) => part * get(all, i!, s, 2 * width + d!))) / total(parts);
  });
  return product(mixed, weights(`${name}.out.weight`), weights(`${name}.out.bias`));
}

/** erf by its Taylor series (Abramowitz & Stegun 7.1.5). */
function erf(x: number): number {
  let [term, result] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    result += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * result;
}
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const clamp = (x: number, high: number) => Math.min(high, Math.max(0, x));
const functions: Record<(typeof activationNames)[number], (x: number) => number> = {
  identity: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => clamp(x, 6),
  silu: (x) => x * sigmoid(x),
  hardSwish: (x) => x * clamp(x / 6 + 0.5, 1),
  gelu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  sigmoid,
  tanh: Math.tanh,
};

/** Batch normalization as it stands, on its running statistics. */
function fixedNorm(x: Plain, weights: Weights, name: string): Plain {
  const [scale, bias, average, variance] = ['scale', 'bias', 'mean', 'variance'].map((part) =>
    weights(`${name}.${part}`),
  );
  return tensor(x.shape, (i, c, y, z) => {
    const value = (get(x, i!, c!, y!, z!) - average!.data[c!]!) / Math.sqrt(variance!.data[c!]! + 1e-5);
    return value * scale!.data[c!]! + bias!.data[c!]!;
  });
}

/** Linear interpolation at the centre of each new pixel, clamped at the borders. */
function enlarged(x: Plain, factor: number): Plain {
  const [n, c, height, width] = x.shape as [number, number, number, number];
  const around = (at: number, length: number) => {
    const centre = Math.min(length - 1, Math.max(0, (at + 0.5) / factor - 0.5));
    const low = Math.floor(centre);
    return [low, Math.min(length - 1, low + 1), centre - low] as const;
  };
  return tensor([n, c, height * factor, width * factor], (i, j, y, z) => {
    const [top, bottom, down] = around(y!, height);
    const [left, right, along] = around(z!, width);
    const row = (r: number) => get(x, i!, j!, r, left) * (1 - along) + get(x, i!, j!, r, right) * along;
    return row(top) * (1 - down) + row(bottom) * down;
  });
}

function mobile(x: Plain, weights: Weights, expanded: boolean, stride: number): Plain {
  const unit = (value: Plain, name: string, window: Window, of: (v: number) => number) =>
    map(fixedNorm(convolved(value, weights(`b.${name}.weight`), null, window), weights, `b.${name}.norm`), of);
  let y = expanded ? unit(x, 'expand', { kernel: 1 }, functions.relu6) : x;
  y = unit(y, 'depthwise', { kernel: 3, stride, padding: 1, groups: y.shape[1]! }, functions.relu6);
  return unit(y, 'project', { kernel: 1 }, functions.identity);
}

const cases: Case[] = [
  {
    name: 'conv',
    shape: [2, 3, 5, 6],
    build: (c, x) => conv(c, 'c', x, 4, { bias: 0.5 }),
    reference: (x, w) => convolved(x, w('c.weight'), w('c.bias'), { kernel: 3, padding: 1 }),
  },
  {
    name: 'conv, stride 2',
    shape: [1, 2, 6, 8],
    build: (c, x) => conv(c, 'c', x, 3, { stride: 2, kernel: 5 }),
    reference: (x, w) => convolved(x, w('c.weight'), null, { kernel: 5, stride: 2, padding: 2 }),
  },
  {
    name: 'conv, dilated',
    shape: [1, 2, 7, 6],
    build: (c, x) => conv(c, 'c', x, 3, { dilation: 2 }),
    reference: (x, w) => convolved(x, w('c.weight'), null, { kernel: 3, padding: 2, dilation: 2 }),
  },
  {
    name: 'conv in groups',
    shape: [2, 4, 4, 5],
    build: (c, x) => conv(c, 'c', x, 6, { groups: 2 }),
    reference: (x, w) => convolved(x, w('c.weight'), null, { kernel: 3, padding: 1, groups: 2 }),
  },
  {
    name: 'depthwiseConv',
    shape: [2, 3, 6, 4],
    build: (c, x) => depthwiseConv(c, 'c', x, { stride: 2, bias: 1 }),
    reference: (x, w) => convolved(x, w('c.weight'), w('c.bias'), { kernel: 3, stride: 2, padding: 1, groups: 3 }),
  },
  ...(
    [
      [2, 2],
      [4, 2],
      [3, 2],
      [3, 1],
      [2, 3],
    ] as const
  ).map(
    ([kernel, stride]): Case => ({
      name: `convTranspose, kernel ${kernel}, stride ${stride}`,
      shape: [2, 3, 3, 4],
      build: (c, x) => convTranspose(c, 'c', x, 2, { kernel, stride, bias: 0.1 }),
      reference: (x, w) => spread(x, w('c.weight'), w('c.bias'), { kernel, stride }),
    }),
  ),
  {
    name: 'linear',
    shape: [3, 4],
    build: (c, x) => linear(c, 'l', x, 5),
    reference: (x, w) => product(x, w('l.weight'), w('l.bias')),
  },
  {
    name: 'linear over tokens, without bias',
    shape: [2, 3, 4],
    build: (c, x) => linear(c, 'l', x, 5, { bias: null }),
    reference: (x, w) => product(x, w('l.weight'), null),
  },
  ...(
    [
      [{}, { kernel: 2 }],
      [
        { kernel: 3, stride: 2, padding: 1 },
        { kernel: 3, stride: 2, padding: 1 },
      ],
    ] as const
  ).flatMap(([options, window]): Case[] => [
    {
      name: `maxPool ${JSON.stringify(options)}`,
      shape: [2, 2, 6, 5],
      build: (c, x) => maxPool(c, x, options),
      reference: (x) => pooled(x, window, (values) => Math.max(...values)),
    },
    {
      name: `averagePool ${JSON.stringify(options)}`,
      shape: [2, 2, 6, 5],
      build: (c, x) => averagePool(c, x, options),
      reference: (x) => pooled(x, window, mean),
    },
  ]),
  {
    name: 'globalAveragePool',
    shape: [2, 3, 2, 4],
    build: globalAveragePool,
    reference: (x) => overPicture(x, mean),
  },
  {
    name: 'globalMaxPool',
    shape: [2, 3, 2, 4],
    build: globalMaxPool,
    reference: (x) => overPicture(x, (values) => Math.max(...values)),
  },
  ...activationNames.map(
    (name): Case => ({
      name: `activation ${name}`,
      shape: [4, 10],
      build: (c, x) => activation(c, c.graph.node('Mul', [x, c.graph.scalar(3)]), name),
      reference: (x) => map(x, (value) => functions[name](3 * value)),
    }),
  ),
  {
    name: 'layerNorm',
    shape: [2, 3, 6],
    build: (c, x) => layerNorm(c, 'n', x),
    reference: (x, w) => normalized(x, w('n.scale'), w('n.bias')),
  },
  {
    name: 'squeezeExcite',
    shape: [2, 10, 3, 2],
    build: (c, x) => squeezeExcite(c, 's', x, { activation: 'silu' }),
    reference: (x, w) => {
      const asMap = ({ shape, data }: Plain): Plain => ({ shape: [...shape, 1, 1], data });
      const inner = convolved(asMap(overPicture(x, mean)), w('s.reduce.weight'), w('s.reduce.bias'), { kernel: 1 });
      const outer = convolved(map(inner, functions.silu), w('s.expand.weight'), w('s.expand.bias'), { kernel: 1 });
      return tensor(x.shape, (i, j, y, z) => get(x, i!, j!, y!, z!) * sigmoid(get(outer, i!, j!, 0, 0)));
    },
  },
  {
    name: 'invertedResidual around a shortcut',
    shape: [1, 3, 4, 4],
    build: (c, x) => invertedResidual(c, 'b', x, 3, { expansion: 2 }),
    reference: (x, w) => sum(x, mobile(x, w, true, 1)),
  },
  {
    name: 'invertedResidual, stride 2',
    shape: [1, 4, 4, 6],
    build: (c, x) => invertedResidual(c, 'b', x, 2, { expansion: 1, stride: 2 }),
    reference: (x, w) => mobile(x, w, false, 2),
  },
  ...[1, 2].map(
    (heads): Case => ({
      name: `attention, heads ${heads}`,
      shape: [2, 3, 4],
      build: (c, x) => attention(c, 'a', x, heads),
      reference: (x, w) => attended(x, w, 'a', heads),
    }),
  ),
  {
    name: 'vitBlock',
    shape: [2, 3, 4],
    build: (c, x) => vitBlock(c, 'v', x, { heads: 2, expansion: 2 }),
    reference: (x, w) => {
      const own = (name: string) => w(`v.${name}`);
      const middle = sum(x, attended(normalized(x, own('norm1.scale'), own('norm1.bias')), w, 'v.attention', 2));
      const wide = product(
        normalized(middle, own('norm2.scale'), own('norm2.bias')),
        own('expand.weight'),
        own('expand.bias'),
      );
      return sum(middle, product(map(wide, functions.gelu), own('project.weight'), own('project.bias')));
    },
  },
  {
    name: 'patchEmbedding',
    shape: [2, 3, 4, 6],
    build: (c, x) => patchEmbedding(c, 'p', x, 5, 2),
    reference: (x, w) => {
      const patches = convolved(x, w('p.weight'), w('p.bias'), { kernel: 2, stride: 2 });
      return tensor([2, 6, 5], (i, t, d) => {
        const [row, column] = [Math.floor(t! / 3), t! % 3];
        return get(patches, i!, d!, row, column) + get(w('p.position'), 0, t!, d!);
      });
    },
  },
  {
    name: 'upsample',
    shape: [1, 2, 2, 3],
    build: (c, x) => upsample(c, x, 3),
    reference: (x) => tensor([1, 2, 6, 9], (i, j, y, z) => get(x, i!, j!, Math.floor(y! / 3), Math.floor(z! / 3))),
  },
  ...[2, 4].map(
    (factor): Case => ({
      name: `upsampleLinear by ${factor}`,
      shape: [1, 2, 3, 2],
      build: (c, x) => upsampleLinear(c, x, factor),
      reference: (x) => enlarged(x, factor),
    }),
  ),
];

/** Builds on weights that are inputs of the graph; gives the output and the gradients of a random sum of it by name. */
async function compile({ shape, build }: Case) {
  const graph = new GraphBuilder('layer');
  const x = graph.input('x', 'float32', shape);
  const source = new RecordingSource(graph);
  const y = build({ graph, source, training: false, statistics: new Map() }, x);
  const { parameters, buffers } = source.layout;
  const random = seededRandom(5);
  const factors = Array.from({ length: sizeOf(y.shape) }, () => 2 * random() - 1);
  const weighted = graph.node('Mul', [y, graph.constant(tensorOf('float32', factors, y.shape))]);
  const loss = graph.node('ReduceSum', [weighted], { keepdims: 0 });
  const trained = ['x', ...parameters.map(({ name }) => name)];
  const gradients = addGradients(
    graph,
    loss,
    trained.map((name) => graph.values.get(name)!),
  );
  graph.output(y, 'result');
  gradients.forEach((gradient, i) => {
    expect(gradient, `gradient of ${trained[i]}`).not.toBeNull();
    expect(gradient!.shape).toEqual(graph.values.get(trained[i]!)!.shape);
    graph.output(gradient!, `gradient:${trained[i]}`);
  });
  const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  const draw = seededRandom(6);
  const at: Record<string, Plain> = { x: tensor(shape, () => normal(draw)) };
  for (const { name, shape: own } of parameters) at[name] = tensor(own, () => 0.2 + 0.6 * normal(draw));
  for (const { name, shape: own } of buffers) at[name] = tensor(own, () => 0.5 + draw());
  const feeds = Object.entries(at).map(
    ([name, value]) => [name, new ort.Tensor('float32', Float32Array.from(value.data), [...value.shape])] as const,
  );
  const outputs = await session.run(Object.fromEntries(feeds));
  return { y, at, factors, trained, got: (name: string) => Array.from(outputs[name]!.data as Float32Array) };
}

describe.each(cases)('$name', (layer) => {
  it('is its formula, and its gradients the slopes of that', async () => {
    const { y, at, factors, trained, got } = await compile(layer);
    const known = layer.reference(at.x!, (name) => at[name]!);
    expect(y.shape).toEqual(known.shape);
    const off = (value: number, expected: number) => Math.abs(value - expected) / Math.max(1, Math.abs(expected));
    got('result').forEach((value, i) => {
      expect(off(value, known.data[i]!), `[${i}]: ${value}, ${known.data[i]}`).toBeLessThan(2e-5);
    });
    const step = 1e-5;
    for (const name of trained) {
      const gradient = got(`gradient:${name}`);
      const { data } = at[name]!;
      const stride = Math.max(1, Math.floor(data.length / 24));
      for (let i = 0; i < data.length; i += stride) {
        const middle = data[i]!;
        const lossAt = (value: number) => {
          data[i] = value;
          return total(layer.reference(at.x!, (key) => at[key]!).data.map((v, k) => v * factors[k]!));
        };
        const slope = (lossAt(middle + step) - lossAt(middle - step)) / (2 * step);
        data[i] = middle;
        expect(off(gradient[i]!, slope), `d ${name}[${i}]: ${gradient[i]}, ${slope}`).toBeLessThan(3e-4);
      }
    }
  });
});
