import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addGradients } from '@fovea/autodiff';
import { decodeImage, letterbox, resample } from '@fovea/image';
import { FlatSource, initialize, type ParameterLayout, seededRandom } from '@fovea/nn';
import {
  decodeModel,
  encodeModel,
  float,
  type Graph,
  GraphBuilder,
  modelOf,
  type Tensor,
  tensorOf,
  type Value,
} from '@fovea/onnx';
import { createSession } from '@fovea/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportNetwork } from '../export.js';
import { type Network, networkLayout, positionsOf } from '../network.js';
import { classifierNetwork } from '../networks/classifier.js';
import { detectorNetwork } from '../networks/detector.js';
import { cityscapesClasses, cocoClasses } from '../pretrained/class-lists.js';
import { openPretrainedSource, type PretrainedSource } from '../pretrained/source.js';
import { prepareBody } from './body.js';
import { matchClasses } from './class-names.js';
import { finetuneNetwork } from './finetune-network.js';

const shared = process.env.FOVEA_SHARED ?? join(import.meta.dirname, '../../../../../shared');
const folders = [join(shared, 'models')];
const present = existsSync(folders[0]!);
if (!present) console.warn(`Pretrained models are not tested: ${folders[0]} is not there.`);

const start = (layout: ParameterLayout) => ({
  weights: initialize(layout.parameters, layout.size, seededRandom(1)),
  buffers: initialize(layout.buffers, layout.bufferSize, seededRandom(1)),
});
const exported = (network: Network, classNames: readonly string[]) => {
  const layout = networkLayout(network);
  const { weights, buffers } = start(layout);
  return exportNetwork(network, layout, weights, buffers, classNames);
};
async function run(model: Uint8Array, feeds: Record<string, Tensor>) {
  const session = await createSession(model, { optimization: 'basic' });
  const outputs = await session.run(feeds);
  await session.release();
  return outputs;
}
const worst = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
};
/** Pixels [H, W, 3] as planes [1, 3, H, W]. */
function planes(pixels: Uint8Array, width: number, height: number): Tensor {
  const plane = width * height;
  const data = Float32Array.from({ length: 3 * plane }, (_, i) => pixels[(i % plane) * 3 + Math.floor(i / plane)]!);
  return { dtype: 'float32', shape: [1, 3, height, width], data };
}

describe('matchClasses', () => {
  it('finds classes by name, number, spelling and common other names', () => {
    const wanted = [
      'Sky',
      'Buildings',
      'Column_Pole',
      'Road',
      'Pavement',
      'Tree',
      'SignSymbol',
      'Pedestrian',
      'Bicyclist',
    ];
    const names = matchClasses(wanted, cityscapesClasses).map((index) => cityscapesClasses[index!]);
    expect(names).toEqual([
      'sky',
      'building',
      'pole',
      'road',
      'sidewalk',
      'vegetation',
      'traffic sign',
      'person',
      'rider',
    ]);
    expect(matchClasses(['car', 'RBC', 'bus', 'cars', 'Sofa'], cocoClasses)).toEqual([2, null, 5, 2, 57]);
    expect(matchClasses(['x'], [])).toEqual([null]);
  });
});

describe.skipIf(!present)('pretrained models', () => {
  const sources = new Map<string, PretrainedSource>();
  const source = (name: string) => sources.get(name)!;
  let photo: { data: Uint8Array; width: number; height: number };
  beforeAll(async () => {
    for (const name of ['mobilenet_v2', 'yolox_nano', 'osnet_x0_25', 'deeplab_cityscapes', 'deeplab_pascal'])
      sources.set(name, await openPretrainedSource(name, { folders }));
    photo = await decodeImage(join(shared, 'data/camvid/val/images/0016E5_07959.jpg'));
  });
  const picture = async (width: number, height: number) => resample(photo, width, height);

  /** The file's own output of a picture, prepared by hand as its model card says. */
  async function original(name: string, pixels: Uint8Array): Promise<Tensor> {
    const { input, model, path } = source(name);
    const { width, height, layout, colours, mean, std } = input;
    const data = new Float32Array(pixels.length);
    for (let at = 0; at < width * height; at++)
      for (let c = 0; c < 3; c++) {
        const from = colours === 'RGB' ? c : 2 - c;
        const to = layout === 'NHWC' ? at * 3 + c : c * width * height + at;
        data[to] = (pixels[at * 3 + from]! - mean[c]!) / std[c]!;
      }
    const shape = layout === 'NHWC' ? [1, height, width, 3] : [1, 3, height, width];
    const outputs = await run(await readFile(path), {
      [model.graph.inputs[0]!.name]: { dtype: 'float32', shape, data },
    });
    return outputs[model.graph.outputs[0]!.name]!;
  }

  it.each(['mobilenet_v2', 'yolox_nano', 'osnet_x0_25', 'deeplab_cityscapes', 'deeplab_pascal'])(
    '%s computes within Fovea what its file computes',
    async (name) => {
      const { model, input } = source(name);
      const pixels = await picture(input.width, input.height);
      const expected = await original(name, pixels);
      const body = prepareBody(model, input, input, [model.graph.outputs[0]!.name]);
      const outputs = await run(encodeModel(body.model), { images: planes(pixels, input.width, input.height) });
      const found = outputs.features0!.data;
      if (expected.dtype === 'int64') {
        const same = Array.from(found as BigInt64Array).filter((label, i) => label === expected.data[i]).length;
        expect(same / found.length).toBeGreaterThan(0.9999);
      } else {
        const scale = (expected.data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(worst(found as Float32Array, expected.data as Float32Array)).toBeLessThan(1e-4 * (1 + scale));
      }
      expect(body.model.graph.nodes.filter(({ opType }) => opType === 'Transpose').length).toBeLessThanOrEqual(1);
    },
  );

  it('YOLOX starts with the boxes and confidences of its own head', async () => {
    const classNames = ['car', 'person', 'something'];
    const pixels = new Uint8Array(416 * 416 * 3);
    await letterbox(photo, pixels, 416, 416);
    const own = (await original('yolox_nano', pixels)).data as Float32Array;
    const network = finetuneNetwork({ from: source('yolox_nano'), task: 'detection', classNames });
    expect(network).toMatchObject({ width: 416, height: 416, strides: [8, 16, 32], classes: 3 });
    const { boxes, scores } = await run(exported(network, classNames), { images: planes(pixels, 416, 416) });
    const { x, y, stride } = positionsOf(network as Network & { task: 'detection' });
    expect(x.length).toBe(3549);
    let best = 0;
    for (let at = 0; at < x.length; at++) {
      const [tx, ty, tw, th, object] = own.subarray(at * 85, at * 85 + 5) as unknown as number[];
      const s = stride[at]!;
      const [cx, cy] = [(x[at]! / s - 0.5 + tx!) * s, (y[at]! / s - 0.5 + ty!) * s];
      const [w, h] = [Math.exp(tw!) * s, Math.exp(th!) * s];
      const box = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2];
      expect(worst((boxes!.data as Float32Array).subarray(at * 4, at * 4 + 4), box)).toBeLessThan(0.02);
      for (const [row, coco] of [2, 0].entries()) {
        const score = object! * own[at * 85 + 5 + coco]!;
        best = Math.max(best, score);
        expect(Math.abs((scores!.data as Float32Array)[at * 3 + row]! - score)).toBeLessThan(1e-4);
      }
    }
    expect(best).toBeGreaterThan(0.5);
  });

  it('DeepLab starts with the labels of its own head, and follows the size of its input', async () => {
    const from = source('deeplab_cityscapes');
    const whole = finetuneNetwork({ from, task: 'segmentation', classNames: cityscapesClasses });
    expect(whole).toMatchObject({ outputStride: 4, alignment: 'align_corners', width: 513 });
    const pixels = await picture(513, 513);
    const expected = (await original('deeplab_cityscapes', pixels)).data as BigInt64Array;
    const { labels } = await run(exported(whole, cityscapesClasses), { images: planes(pixels, 513, 513) });
    const agree = Array.from(labels!.data as Uint8Array).filter((label, i) => BigInt(label) === expected[i]).length;
    // The file interpolates, clips and compares what is here compared alone: only ties come out otherwise.
    expect(agree / expected.length).toBeGreaterThan(0.999);

    // The same scene at its own aspect ratio: 15 pixels more on each side do not change what is seen.
    const classNames = ['sky', 'building', 'road', 'tree', 'car', 'weather balloon'];
    const network = finetuneNetwork({ from, task: 'segmentation', classNames, width: 480, height: 368 });
    expect(network).toMatchObject({ alignment: 'asymmetric', outputStride: 4, classes: 6 });
    const canvas = new Uint8Array(480 * 368 * 3);
    await letterbox(photo, canvas, 480, 368);
    const seen = (await run(exported(network, classNames), { images: planes(canvas, 480, 368) })).labels!.data;
    const truth = await decodeLabels(join(shared, 'data/camvid/val/labels/0016E5_07959.png'));
    const camvid = new Map([
      [0, 0],
      [1, 1],
      [3, 2],
      [5, 3],
      [8, 4],
    ]);
    let [right, all] = [0, 0];
    truth.forEach((label, i) => {
      const mine = camvid.get(label);
      if (mine === undefined) return;
      all++;
      if (seen[i] === mine) right++;
    });
    expect(right / all).toBeGreaterThan(0.8);
  });

  const cases: [string, Parameters<typeof finetuneNetwork>[0]['task'], number, number][] = [
    ['mobilenet_v2', 'classification', 96, 64],
    ['yolox_nano', 'detection', 96, 64],
    ['osnet_x0_25', 'embedding', 32, 64],
    ['deeplab_cityscapes', 'segmentation', 96, 64],
    ['deeplab_pascal', 'segmentation', 96, 64],
    ['mobilenet_v2', 'detection', 96, 64],
  ];
  it.each(cases)('%s can be trained for %s', async (name, task, width, height) => {
    const network = finetuneNetwork({ from: source(name), task, classNames: ['car', 'b'], width, height });
    const layout = networkLayout(network);
    const { weights } = start(layout);
    // As after some steps: a correction that starts at zero passes nothing back before it.
    const random = seededRandom(2);
    for (let i = 0; i < weights.length; i++) weights[i]! += 0.02 * (random() - 0.5);
    const { graph, gradient } = gradientGraph(network, layout, 2);
    graph.output(gradient, 'gradient');
    const { gradient: found } = await run(encodeModel(modelOf(graph.build())), {
      parameters: tensorOf('float32', weights),
      images: tensorOf(
        'float32',
        Array.from(planes(await picture(width, 2 * height), width, 2 * height).data as Float32Array),
        [2, 3, height, width],
      ),
    });
    const values = found!.data as Float32Array;
    expect(values.every(Number.isFinite)).toBe(true);
    const moved = layout.parameters.filter(({ offset, shape }) =>
      values.subarray(offset, offset + shape.reduce((a, b) => a * b, 1)).some((value) => value !== 0),
    );
    // A few layers of a ReLU network may be silent on two small pictures; a broken chain silences all before it.
    expect(moved.length / layout.parameters.length).toBeGreaterThan(0.9);
    expect(new Set(layout.parameters.map(({ rate }) => rate ?? 1))).toEqual(new Set([0.1, 1]));
  });

  it('what is frozen is no parameter, and a glob that matches nothing is told', () => {
    const config = { from: source('osnet_x0_25'), task: 'embedding' as const, classNames: [] };
    const all = networkLayout(finetuneNetwork(config));
    const part = networkLayout(finetuneNetwork({ ...config, freeze: ['/conv1/*', 'conv2.*'] }));
    expect(part.size).toBeLessThan(all.size);
    expect(part.parameters.some(({ name }) => name.startsWith('conv2.'))).toBe(false);
    const none = finetuneNetwork({ ...config, freeze: ['*'] });
    expect(networkLayout(none).parameters.map(({ name }) => name)).toEqual(['head.norm.scale', 'head.norm.bias']);
    expect(none.description).toContain('Kept as they were: *');
    expect(() => finetuneNetwork({ ...config, freeze: ['nothing*'] })).toThrow(
      expect.objectContaining({ code: 'unknown_parameters', message: expect.stringContaining('fc.0.weight') }),
    );
  });

  it('is cut where it is told, and says what there is to be cut at', () => {
    const from = source('mobilenet_v2');
    const config = { from, task: 'classification' as const, classNames: ['a', 'b'] };
    const early = finetuneNetwork({ ...config, cut: ['add618'] });
    expect(networkLayout(early).size).toBeLessThan(networkLayout(finetuneNetwork(config)).size);
    expect(() => finetuneNetwork({ ...config, cut: ['layer4'] })).toThrow(
      expect.objectContaining({ code: 'unknown_cut', message: expect.stringContaining('clip723') }),
    );
    expect(() => finetuneNetwork({ ...config, width: 100, height: 100 })).toThrow(
      expect.objectContaining({ code: 'invalid_input_size', message: expect.stringContaining('96x96') }),
    );
  });
});

/** The graph of the gradient of the outputs' mean squares, as a training step builds it. */
function gradientGraph(network: Network, layout: ParameterLayout, batch: number) {
  const graph = new GraphBuilder('step');
  const flat = graph.input('parameters', 'float32', [layout.size]);
  const images = graph.input('images', 'float32', [batch, 3, network.height, network.width]);
  const buffers = graph.constant(tensorOf('float32', new Float32Array(Math.max(1, layout.bufferSize))));
  const source = new FlatSource(graph, flat, buffers, layout);
  const statistics = new Map<string, Value>();
  const outputs = network.build({ graph, source, training: true, statistics }, images);
  expect([...statistics.keys()].sort()).toEqual(layout.buffers.map(({ name }) => name).sort());
  let loss = graph.scalar(0);
  for (const value of Object.values(outputs)) {
    const squares = graph.node('Mul', [value as Value, value as Value]);
    loss = graph.node('Add', [loss, graph.node('ReduceMean', [squares], { keepdims: 0 })]);
  }
  return { graph, gradient: source.flatten(addGradients(graph, loss, source.values)) };
}

async function decodeLabels(path: string): Promise<Uint8Array> {
  const { data } = await decodeImage(path);
  return Uint8Array.from({ length: data.length / 3 }, (_, i) => data[3 * i]!);
}

/** A small file from elsewhere: Conv, BatchNormalization, Relu, pool, Flatten, Gemm, Softmax; 32x32, RGB. */
function foreignModel(): Uint8Array {
  const random = seededRandom(3);
  const tensor = (shape: number[], offset = 0) =>
    tensorOf(
      'float32',
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() - 0.5 + offset),
      shape,
    );
  const node = (
    opType: string,
    inputs: string[],
    output: string,
    attributes: Graph['nodes'][number]['attributes'] = {},
  ) => ({
    opType,
    domain: '',
    name: `${opType}_${output}`,
    inputs,
    outputs: [output],
    attributes,
  });
  const graph: Graph = {
    name: 'foreign',
    inputs: [{ name: 'input', dtype: 'float32', shape: ['n', 3, 32, 32] }],
    outputs: [{ name: 'probabilities', dtype: 'float32', shape: ['n', 5] }],
    initializers: new Map([
      ['conv.weight', tensor([8, 3, 3, 3])],
      ['bn.scale', tensor([8], 1)],
      ['bn.bias', tensor([8])],
      ['bn.mean', tensor([8])],
      ['bn.variance', tensor([8], 1)],
      ['fc.weight', tensor([5, 8])],
      ['fc.bias', tensor([5])],
    ]),
    nodes: [
      node('Conv', ['input', 'conv.weight'], 'c', { pads: [1, 1, 1, 1], strides: [2, 2], kernel_shape: [3, 3] }),
      node('BatchNormalization', ['c', 'bn.scale', 'bn.bias', 'bn.mean', 'bn.variance'], 'b', { epsilon: float(1e-3) }),
      node('Relu', ['b'], 'r'),
      node('GlobalAveragePool', ['r'], 'p'),
      node('Flatten', ['p'], 'f'),
      node('Gemm', ['f', 'fc.weight', 'fc.bias'], 'g', { transB: 1 }),
      node('Softmax', ['g'], 'probabilities', { axis: -1 }),
    ],
  };
  return encodeModel(modelOf(graph));
}

describe('a model from elsewhere', () => {
  it('is cut before its last layer; its normalizations learn statistics, or keep them', async () => {
    const from = await openPretrainedSource('foreign.onnx', { bytes: foreignModel() });
    expect(from.description).toContain('ImageNet');
    expect(from.input).toMatchObject({ width: 32, height: 32, layout: 'NCHW', colours: 'RGB' });
    const network = finetuneNetwork({ from, task: 'classification', classNames: ['x', 'y'] });
    const layout = networkLayout(network);
    expect(layout.parameters.map(({ name, decay, rate }) => [name, decay, rate])).toEqual([
      ['conv.weight', true, 0.1],
      ['bn.scale', false, 0.1],
      ['bn.bias', false, 0.1],
      ['head.classes.weight', true, undefined],
      ['head.classes.bias', false, undefined],
    ]);
    expect(layout.buffers.map(({ name }) => name)).toEqual(['bn.mean', 'bn.variance']);
    gradientGraph(network, layout, 2);

    const kept = networkLayout(
      finetuneNetwork({ from, task: 'classification', classNames: ['x'], normalization: 'running' }),
    );
    expect(kept.bufferSize).toBe(0);
    const stated = await openPretrainedSource('foreign.onnx', {
      bytes: foreignModel(),
      input: { colours: 'BGR', mean: [0, 0, 0], std: [255, 255, 255] },
    });
    expect(stated.description).not.toContain('ImageNet');
  });

  it('has no maps for a detector, which is said with what there is', async () => {
    const from = await openPretrainedSource('foreign.onnx', { bytes: foreignModel() });
    expect(() => finetuneNetwork({ from, task: 'detection', classNames: ['x'] })).toThrow(
      expect.objectContaining({ code: 'no_cut', message: expect.stringContaining('strides 8, 16, 32') }),
    );
  });

  it('is what the catalogue has, or a file', async () => {
    await expect(openPretrainedSource('resnet')).rejects.toMatchObject({ code: 'unknown_pretrained' });
    await expect(openPretrainedSource('/nowhere/model.onnx')).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(openPretrainedSource('yolox_nano')).rejects.toMatchObject({ code: 'pretrained_missing' });
  });
});

describe('a model Fovea trained', () => {
  const size = { stem: 8, stride: 4 as const, stages: [8, 8, 8, 8].map((channels) => ({ channels, blocks: 1 })) };
  const logits = async (model: Uint8Array, output: string) => {
    const random = seededRandom(9);
    const data = Float32Array.from({ length: 3 * 64 * 64 }, () => 255 * random());
    return (await run(model, { images: { dtype: 'float32', shape: [1, 3, 64, 64], data } }))[output]!
      .data as Float32Array;
  };

  it('goes on with its classes in another order, and with new ones', async () => {
    const network = classifierNetwork({ classes: 3, width: 64, height: 64, size });
    const bytes = exported(network, ['a', 'b', 'c']);
    const from = await openPretrainedSource('run.onnx', { bytes });
    const same = finetuneNetwork({ from, task: 'classification', classNames: ['c', 'a', 'b'] });
    const [before, after] = [
      await logits(bytes, 'probabilities'),
      await logits(exported(same, ['c', 'a', 'b']), 'probabilities'),
    ];
    expect(worst(after, [before[2]!, before[0]!, before[1]!])).toBeLessThan(1e-5);
    const more = finetuneNetwork({ from, task: 'classification', classNames: ['a', 'z'] });
    expect(more.description).toContain('It knew of a before.');
    const other = finetuneNetwork({ from, task: 'embedding', classNames: [] });
    expect(other).toMatchObject({ task: 'embedding', dimensions: 8 });
    const frozen = networkLayout(
      finetuneNetwork({ from, task: 'classification', classNames: ['a'], freeze: ['stem*'] }),
    );
    expect(frozen.parameters.some(({ name }) => name.startsWith('stem'))).toBe(false);
  });

  it('goes on after it was fine-tuned, at another size too', async () => {
    const first = await openPretrainedSource('foreign.onnx', { bytes: foreignModel() });
    const tuned = finetuneNetwork({
      from: first,
      task: 'classification',
      classNames: ['x', 'y'],
      width: 64,
      height: 64,
    });
    const bytes = exported(tuned, ['x', 'y']);
    const from = await openPretrainedSource('tuned.onnx', { bytes });
    const again = finetuneNetwork({ from, task: 'classification', classNames: ['y', 'x'] });
    const [before, after] = [
      await logits(bytes, 'probabilities'),
      await logits(exported(again, ['y', 'x']), 'probabilities'),
    ];
    expect(worst(after, [before[1]!, before[0]!])).toBeLessThan(1e-5);
    expect(finetuneNetwork({ from, task: 'classification', classNames: ['x'], width: 96, height: 32 }).width).toBe(96);
  });

  it('keeps its boxes when it learns another class', async () => {
    const network = detectorNetwork({ classes: 1, width: 64, height: 64 });
    const bytes = exported(network, ['car']);
    expect(decodeModel(bytes).metadata).toHaveProperty(['fovea.structure']);
    const from = await openPretrainedSource('run.onnx', { bytes });
    const more = exported(finetuneNetwork({ from, task: 'detection', classNames: ['dog', 'car'] }), ['dog', 'car']);
    expect(worst(await logits(more, 'boxes'), await logits(bytes, 'boxes'))).toBeLessThan(1e-3);
    const [scores, one] = [await logits(more, 'scores'), await logits(bytes, 'scores')];
    expect(
      worst(
        scores.filter((_, i) => i % 2 === 1),
        one,
      ),
    ).toBeLessThan(1e-5);
  });
});
