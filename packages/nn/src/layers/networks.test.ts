import { addGradients } from '@fovea/autodiff';
import { encodeModel, GraphBuilder, modelOf, type Value } from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../initializers.js';
import { denseCrossEntropy, weightedSum } from '../losses/index.js';
import { ConstantSource, FlatSource, initialize, RecordingSource } from '../parameters.js';
import {
  convTranspose,
  convUnit,
  dropout,
  globalAveragePool,
  invertedResidual,
  layerNorm,
  linear,
  maxPool,
  patchEmbedding,
  type RandomContext,
  squeezeExcite,
  upsampleLinear,
  vitBlock,
} from './index.js';

/** Networks of the layers there are: pictures [N, 3, 16, 16] to logits [N, 3], or [N, 3, 16, 16]. */
const networks: Record<string, (context: RandomContext, x: Value) => Value> = {
  'a vision transformer': (context, x) => {
    let tokens = patchEmbedding(context, 'patches', x, 16, 4);
    for (const block of ['first', 'second']) tokens = vitBlock(context, block, tokens, { heads: 2, dropPath: 0.1 });
    const mean = context.graph.node('ReduceMean', [layerNorm(context, 'norm', tokens)], { axes: [1], keepdims: 0 });
    return linear(context, 'head', dropout(context, 'dropout', mean, 0.1), 3);
  },
  'a mobile network': (context, x) => {
    let y = convUnit(context, 'stem', x, 8, { stride: 2, activation: 'hardSwish' });
    y = invertedResidual(context, 'first', y, 8, { expansion: 2, squeeze: 2 });
    y = invertedResidual(context, 'second', y, 12, { stride: 2, activation: 'silu' });
    return linear(context, 'head', dropout(context, 'dropout', globalAveragePool(context, y), 0.2), 3);
  },
  'a segmenter': (context, x) => {
    const fine = convUnit(context, 'fine', x, 8);
    const coarse = squeezeExcite(
      context,
      'squeeze',
      convUnit(context, 'coarse', maxPool(context, fine), 12, { groups: 4 }),
    );
    const up = convTranspose(context, 'up', coarse, 8, { bias: 0 });
    const smooth = upsampleLinear(context, convUnit(context, 'low', maxPool(context, coarse), 8, { dilation: 2 }), 4);
    const joined = context.graph.node('Concat', [fine, up, smooth], { axis: 1 });
    return convUnit(context, 'head', joined, 3, { kernel: 1, activation: 'identity' });
  },
};
const batch = 12;

interface State {
  parameters: Float32Array;
  momentum: Float32Array;
}

/** Pictures of noise, one colour of which is stronger: that is their class. */
function examples(seed: number) {
  const random = seededRandom(seed);
  const pictures = new Float32Array(batch * 3 * 256);
  const labels = new Uint8Array(batch);
  for (let n = 0; n < batch; n++) {
    labels[n] = Math.floor(random() * 3);
    for (let i = 0; i < 768; i++)
      pictures[n * 768 + i] = normal(random) + (Math.floor(i / 256) === labels[n] ? 0.7 : 0);
  }
  return { pictures, labels };
}

describe.each(Object.entries(networks))('%s', (_, build) => {
  const recorded = () => {
    const graph = new GraphBuilder('layout');
    const source = new RecordingSource(graph);
    build({ graph, source, training: false, statistics: new Map() }, graph.input('x', 'float32', [1, 3, 16, 16]));
    return source.layout;
  };

  async function compileStep() {
    const layout = recorded();
    const graph = new GraphBuilder('step');
    const x = graph.input('x', 'float32', [batch, 3, 16, 16]);
    const flat = graph.input('parameters', 'float32', [layout.size]);
    const noBuffers = graph.constant({
      dtype: 'float32',
      shape: [layout.bufferSize],
      data: new Float32Array(layout.bufferSize),
    });
    const source = new FlatSource(graph, flat, noBuffers, layout);
    const seed = graph.input('seed', 'int64', [1]);
    const logits = build({ graph, source, training: true, statistics: new Map(), seed }, x);
    const labels = graph.input('labels', 'uint8', [batch, ...logits.shape.slice(2)]);
    const each = denseCrossEntropy(graph, logits, labels);
    const places = logits.shape.slice(2).reduce((a, b) => a * b, 1);
    const loss = weightedSum(graph, each, graph.scalar(1 / (batch * places)));
    const gradients = addGradients(graph, loss, source.values);
    layout.parameters.forEach(({ name }, i) => {
      expect(gradients[i], name).not.toBeNull();
    });
    graph.output(loss, 'loss');
    graph.output(source.flatten(gradients), 'gradient');
    const options = { logSeverityLevel: 3 as const, intraOpNumThreads: 1 };
    const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), options);
    const run = async (step: number, parameters: Float32Array) => {
      const example = examples(step);
      const spread = Uint8Array.from({ length: batch * places }, (__, i) => example.labels[Math.floor(i / places)]!);
      const feeds: Record<string, ort.Tensor> = {
        x: new ort.Tensor('float32', example.pictures, [...x.shape]),
        parameters: new ort.Tensor('float32', parameters, [layout.size]),
        labels: new ort.Tensor('uint8', spread, [...labels.shape]),
      };
      if (session.inputNames.includes('seed'))
        feeds.seed = new ort.Tensor('int64', BigInt64Array.of(BigInt(step)), [1]);
      const outputs = await session.run(feeds);
      return { loss: (outputs.loss!.data as Float32Array)[0]!, gradient: outputs.gradient!.data as Float32Array };
    };
    return { layout, run };
  }

  it('learns, and repeats exactly when it is resumed', async () => {
    const { layout, run } = await compileStep();
    /** Losses of steps of gradient descent with momentum, which change the state. */
    const learn = async (state: State, from: number, to: number, by = run) => {
      const losses: number[] = [];
      for (let step = from; step < to; step++) {
        const { loss, gradient } = await by(step, state.parameters);
        losses.push(loss);
        state.momentum = state.momentum.map((value, i) => 0.9 * value + gradient[i]!);
        state.parameters = state.parameters.map((value, i) => value - 0.03 * state.momentum[i]!);
      }
      return losses;
    };
    const state: State = {
      parameters: initialize(layout.parameters, layout.size, seededRandom(1)),
      momentum: new Float32Array(layout.size),
    };
    const mean = (list: number[]) => list.reduce((a, b) => a + b) / list.length;
    expect(mean(await learn(state, 0, 3))).toBeGreaterThan(0.7);
    await learn(state, 3, 50);
    const checkpoint = structuredClone(state);
    const losses = await learn(state, 50, 60);
    expect(mean(losses)).toBeLessThan(0.35);

    const again = await compileStep();
    expect(await learn(checkpoint, 50, 60, again.run)).toEqual(losses);
  });

  it('takes batches of any length once exported, with the same result', async () => {
    const layout = recorded();
    const graph = new GraphBuilder('exported');
    const weights = initialize(layout.parameters, layout.size, seededRandom(1));
    const buffers = initialize(layout.buffers, layout.bufferSize, seededRandom(2));
    const source = new ConstantSource(graph, weights, buffers, layout);
    const x = graph.input('x', 'float32', [1, 3, 16, 16]);
    const y = build({ graph, source, training: false, statistics: new Map() }, x);
    graph.output(y, 'logits', ['batch', ...y.shape.slice(1)]);
    const built = graph.build();
    const inputs = [{ name: 'x', dtype: 'float32' as const, shape: ['batch', 3, 16, 16] }];
    const model = modelOf({ ...built, inputs });
    const options = { logSeverityLevel: 3 as const, intraOpNumThreads: 1 };
    const session = await ort.InferenceSession.create(encodeModel(model), options);
    const { pictures } = examples(1);
    const run = async (from: number, count: number) => {
      const part = pictures.slice(from * 768, (from + count) * 768);
      const outputs = await session.run({ x: new ort.Tensor('float32', part, [count, 3, 16, 16]) });
      return Array.from(outputs.logits!.data as Float32Array);
    };
    const [all, one, rest] = [await run(0, 5), await run(0, 1), await run(1, 4)];
    [...one, ...rest].forEach((value, i) => {
      expect(value).toBeCloseTo(all[i]!, 4);
    });
    expect([...model.opsets.keys()]).toEqual(['']);
  });
});
