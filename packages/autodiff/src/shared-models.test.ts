import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  addGraph,
  decodeModel,
  encodeModel,
  GraphBuilder,
  modelOf,
  simplify,
  sizeOf,
  tensorOf,
  upgradeModel,
  type Value,
} from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { addGradients } from './gradients.js';

const shared = process.env.FOVEA_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));

/** Exported by others' tools: convolutions with PReLU; with attention; with SiLU; plain; quantized, of TFLite. */
const models: readonly [string, readonly number[]][] = [
  ['fr_feature.onnx', [1, 3, 112, 112]],
  ['ppocrv4_rec.onnx', [1, 3, 48, 64]],
  ['yolox_nano.onnx', [1, 3, 416, 416]],
  ['yunet_n_dynamic.onnx', [1, 3, 64, 64]],
  ['mobilenet_v2_1.0_224.onnx', [1, 224, 224, 3]],
];

/** The model with its weights as inputs `w0`, `w1`, …, and the gradient of the mean square of its outputs. */
function withGradients(bytes: Uint8Array, shape: readonly number[]) {
  const model = simplify(upgradeModel(decodeModel(bytes)));
  const graph = new GraphBuilder('model');
  const weights: { value: Value; data: Float32Array }[] = [];
  const input = model.graph.inputs.find(({ name }) => !model.graph.initializers.has(name))!;
  const x = graph.input('x', input.dtype, shape);
  const initializer = (name: string, tensor: ReturnType<typeof tensorOf>) => {
    if (sizeOf(tensor.shape) < 2) return graph.constant(tensor, name);
    const value = graph.input(`w${weights.length}`, tensor.dtype, tensor.shape);
    weights.push({ value, data: Float32Array.from(tensor.data as Float32Array) });
    return value;
  };
  const values = addGraph(graph, model.graph, { [input.name]: x }, { initializer });
  const losses = model.graph.outputs.map(({ name }) => {
    const y = values.get(name)!;
    return graph.node('ReduceMean', [graph.node('Mul', [y, y])], { keepdims: 0 });
  });
  const loss = losses.length === 1 ? losses[0]! : graph.node('Sum', losses);
  const gradients = addGradients(
    graph,
    loss,
    weights.map(({ value }) => value),
  );
  graph.output(loss, 'loss');
  for (const [i, gradient] of gradients.entries()) if (gradient) graph.output(gradient, `g${i}`);
  return { graph: graph.build(), weights, dtype: input.dtype as 'float32' };
}

describe('gradients of models from elsewhere', () => {
  // Skipped, by the name of what is missing, where the shared folder is not there.
  for (const [name, shape] of models) {
    const path = join(shared, 'models', name);
    it.skipIf(!existsSync(path))(`${name}: the loss changes as its gradient foretells`, async () => {
      const { graph, weights, dtype } = withGradients(readFileSync(path), shape);
      const session = await ort.InferenceSession.create(encodeModel(modelOf(graph)), {
        logSeverityLevel: 3,
        intraOpNumThreads: 1,
        graphOptimizationLevel: 'basic',
      });
      const pixels = Array.from(
        { length: sizeOf(shape) },
        (_, i) => ((i * 7919) % 256) / (dtype === 'float32' ? 255 : 1),
      );
      const feeds = (move: (weight: number, i: number, at: number) => number) => ({
        x: new ort.Tensor(dtype, tensorOf(dtype, pixels).data as Float32Array, [...shape]),
        ...Object.fromEntries(
          weights.map(({ value, data }, i) => [
            value.name,
            new ort.Tensor(
              'float32',
              data.map((weight, at) => move(weight, i, at)),
              [...value.shape],
            ),
          ]),
        ),
      });
      const here = await session.run(feeds((weight) => weight));
      const gradients = weights.map((_, i) => here[`g${i}`]?.data as Float32Array | undefined);
      expect(gradients.filter(Boolean).length).toBeGreaterThan(weights.length * 0.8);
      const sum = (of: (i: number, at: number) => number) =>
        weights.reduce((total, { data }, i) => data.reduce((part, _, at) => part + of(i, at), total), 0);
      const slope = (i: number, at: number) => gradients[i]?.[at] ?? 0;
      // So far along the gradient that the loss should change by a part in 1000 each way.
      const step = (1e-3 * Number(here.loss!.data[0])) / sum((i, at) => slope(i, at) ** 2);
      const moved = (sign: number) => (weight: number, i: number, at: number) =>
        Math.fround(weight + sign * step * slope(i, at));
      const lossAt = async (sign: number) => Number((await session.run(feeds(moved(sign)), ['loss'])).loss!.data[0]);
      const change = (await lossAt(1)) - (await lossAt(-1));
      // What the gradient foretells for the weights as float32 has them: many a step is less than one of its steps.
      const foretold = sum((i, at) => {
        const weight = weights[i]!.data[at]!;
        return slope(i, at) * (moved(1)(weight, i, at) - moved(-1)(weight, i, at));
      });
      await session.release();
      expect(foretold).toBeGreaterThan(0);
      expect(change / foretold).toBeGreaterThan(0.98);
      expect(change / foretold).toBeLessThan(1.02);
    });
  }
});
