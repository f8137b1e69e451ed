import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { addGraph, type Use } from './add-graph.js';
import { GraphBuilder } from './builder.js';
import { encodeModel, modelOf } from './codec.js';
import type { Graph, Model } from './graph.js';
import { loadModel, readModelFile } from './load.js';
import { simplify } from './simplify/index.js';
import { sizeOf, type Tensor } from './tensor.js';
import { upgradeModel } from './upgrade/index.js';

const models = join(
  process.env.FOVEA_SHARED ?? join(fileURLToPath(import.meta.url), '../../../../../shared'),
  'models',
);
const files = existsSync(models) ? readdirSync(models).filter((file) => file.endsWith('.onnx')) : [];
if (files.length === 0) console.info(`No models in ${models}: the tests on real ones are skipped.`);

/** Transposes that are left in files converted from channels-last formats: the one of the input. */
const channelsLast = ['deeplab_edgetpu_slim_cityscapes', 'deeplabv3_mnv2_pascal', 'mobilenet_v2_1.0_224'];

const count = (graph: Graph, opType: string): number => graph.nodes.filter((node) => node.opType === opType).length;

/** Noise between -1 and 1, the same every time. */
function noise(size: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function feedsOf({ graph }: Model, batch: number): Record<string, Tensor> {
  const fed = graph.inputs.filter((input) => !graph.initializers.has(input.name));
  return Object.fromEntries(
    fed.map(({ name, shape }) => {
      const dims = shape!.map((n, axis) => (typeof n === 'number' && n > 0 ? n : axis === 0 ? batch : 64));
      return [name, { dtype: 'float32' as const, shape: dims, data: noise(sizeOf(dims)) }];
    }),
  );
}

async function run(bytes: Uint8Array, feeds: Record<string, Tensor>): Promise<ort.InferenceSession.OnnxValueMapType> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const outputs = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([name, { shape, data }]) => [
        name,
        new ort.Tensor('float32', data as Float32Array, [...shape]),
      ]),
    ),
  );
  await session.release();
  return outputs;
}

/** Results are the same to the rounding of another order of sums; classes of pixels but for a few near ties. */
function expectSame(actual: ort.InferenceSession.OnnxValueMapType, expected: ort.InferenceSession.OnnxValueMapType) {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, { dims, type, data }] of Object.entries(expected)) {
    expect(actual[name]).toMatchObject({ dims, type });
    const [wanted, own] = [data, actual[name]!.data].map((values) => Array.from(values as Float32Array, Number));
    if (type === 'int64') {
      expect(wanted!.filter((value, i) => value !== own![i]).length).toBeLessThanOrEqual(wanted!.length * 1e-4);
      continue;
    }
    const scale = wanted!.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    const worst = wanted!.reduce((most, value, i) => Math.max(most, Math.abs(value - own![i]!)), 0);
    expect(worst / scale, name).toBeLessThan(1e-5);
  }
}

/** The model's graph replayed in a builder at the shapes of `feeds`. */
function replay(model: Model, feeds: Record<string, Tensor>, initializer?: Parameters<typeof addGraph>[3]): Model {
  const builder = new GraphBuilder('replayed');
  const inputs = Object.entries(feeds).map(([name, { dtype, shape }]) => builder.input(name, dtype, shape));
  const values = addGraph(builder, model.graph, Object.fromEntries(inputs.map((value) => [value.name, value])), {
    prefix: 'body',
    ...initializer,
  });
  for (const { name } of model.graph.outputs) builder.output(values.get(name)!, name);
  return modelOf(builder.build());
}

describe.skipIf(files.length === 0)('real models compute the same', () => {
  it.each(files)('%s upgraded, simplified and replayed', async (file) => {
    const path = join(models, file);
    const original = await loadModel(path);
    const upgraded = upgradeModel(original);
    const simple = simplify(original);
    const feeds = feedsOf(original, 1);
    const expected = await run(await readModelFile(path), feeds);
    expectSame(await run(encodeModel(upgraded), feeds), expected);
    expectSame(await run(encodeModel(simple), feeds), expected);
    const replayed = replay(simple, feeds);
    expectSame(await run(encodeModel(replayed), feeds), expected);
    for (const known of ['Constant', 'Shape', 'DequantizeLinear', 'Identity', 'Gather', 'Range'])
      expect(count(replayed.graph, known) - (known === 'Identity' ? replayed.graph.outputs.length : 0), known).toBe(0);
    if (channelsLast.some((name) => file.startsWith(name))) {
      expect(count(original.graph, 'Transpose')).toBeGreaterThan(100);
      expect(count(simple.graph, 'Transpose')).toBe(1);
    }
  });

  it.each(files)('%s of any batch where the file allows it', async (file) => {
    const model = upgradeModel(await loadModel(join(models, file)));
    if (model.graph.inputs.some(({ shape }) => typeof shape?.[0] === 'number')) return;
    const feeds = feedsOf(model, 3);
    expectSame(await run(encodeModel(replay(model, feeds)), feeds), await run(encodeModel(model), feeds));
  });

  it.each(files)('%s offers all its weights to be trained, and those only', async (file) => {
    const model = simplify(await loadModel(join(models, file)));
    const weights = new Map<string, readonly Use[]>();
    const builder = new GraphBuilder('trained');
    const inputs = Object.entries(feedsOf(model, 1)).map(([name, { dtype, shape }]) =>
      builder.input(name, dtype, shape),
    );
    addGraph(builder, model.graph, Object.fromEntries(inputs.map((value) => [value.name, value])), {
      initializer: (name, tensor, uses) => {
        weights.set(name, uses);
        return builder.input(`weight:${name}`, tensor.dtype, tensor.shape);
      },
    });
    const kernels = builder.nodes.filter(({ opType }) => opType === 'Conv');
    expect(kernels.length).toBe(count(model.graph, 'Conv'));
    for (const { inputs: read } of kernels)
      for (const name of read.slice(1)) expect(name === '' || name.startsWith('weight:'), name).toBe(true);
    for (const [name, uses] of weights) {
      expect(uses.length).toBeGreaterThan(0);
      for (const { node, input } of uses) expect(node.inputs[input]).toBe(name);
      expect(uses.some(({ node: { opType } }) => ['Clip', 'Reshape', 'Resize', 'Slice', 'Tile'].includes(opType))).toBe(
        false,
      );
    }
  });
});
