import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeImage, renderSamplePicture } from '@fovea/image';
import { initialize, RecordingSource, seededRandom } from '@fovea/nn';
import { decodeModel, encodeModel, GraphBuilder, modelOf } from '@fovea/onnx';
import { createSession, type Session } from '@fovea/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evalGraph, exportNetwork, specOf } from '../export.js';
import { networkLayout } from '../network.js';
import { detectorNetwork } from '../networks/detector.js';
import { decodeSpec, encodeSpec, type ModelSpec } from '../spec.js';
import { detector, detectorPositions, smallDetector } from './architecture.js';
import { type Detector, openDetector } from './open.js';

const classNames = ['bolt', 'nut', 'washer'];
const config = { classes: 3, width: 96, height: 64, size: smallDetector };
const network = detectorNetwork(config);
const layout = networkLayout(network);
const positions = detectorPositions(96, 64).x.length;

// Weights as a trained network may have them: every normalization scale and running statistic is something else.
const weights = initialize(layout.parameters, layout.size, seededRandom(5));
const random = seededRandom(6);
for (const { name, offset, shape } of layout.parameters)
  if (/\.(scale|bias)/.test(name))
    for (let i = 0; i < shape[0]!; i++)
      weights[offset + i]! += 0.2 * (random() - 0.5) + (name.includes('scale') ? 0.3 : 0);
const buffers = Float32Array.from({ length: layout.bufferSize }, (_, i) => {
  const { name } = layout.buffers.findLast(({ offset }) => offset <= i)!;
  return name.includes('variance') ? 0.5 + random() : random() - 0.5;
});
// Half of the positions are confident of something, so that there is something to see.
const prior = layout.parameters.find(({ name }) => name.startsWith('head.score.out.bias'))!;
weights.fill(0, prior.offset, prior.offset + 3);

const exported = exportNetwork(network, layout, weights, buffers, classNames);
const picture = (seed: number): Uint8Array => {
  const draw = seededRandom(seed);
  return Uint8Array.from({ length: 96 * 64 * 3 }, () => 256 * draw());
};
const planes = (pixels: Uint8Array) =>
  Float32Array.from({ length: pixels.length }, (_, i) => {
    const plane = pixels.length / 3;
    return pixels[(i % plane) * 3 + Math.floor(i / plane)]!;
  });
const join3 = <T extends Float32Array | Uint8Array>(list: T[]): T => {
  const joined = new (list[0]!.constructor as { new (n: number): T })(list.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of list) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};
const worstOf = (a: Float32Array, b: Float32Array) => {
  expect(a.length).toBe(b.length);
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!) / Math.max(1, Math.abs(b[i]!))), 0);
};

let session: Session;
let folder: string;
let path: string;
beforeAll(async () => {
  session = await createSession(exported);
  folder = await mkdtemp(join(tmpdir(), 'fovea-detector-'));
  path = join(folder, 'model.onnx');
  await writeFile(path, exported);
});
afterAll(async () => {
  await session.release();
  await rm(folder, { recursive: true, force: true });
});
const predict = async (...pictures: Uint8Array[]) => {
  const images = { dtype: 'float32', shape: [pictures.length, 3, 64, 96], data: join3(pictures.map(planes)) } as const;
  const { boxes, scores } = await session.run({ images });
  return { boxes: boxes!, scores: scores! };
};

describe('the exported detector', () => {
  it('is standard operators alone, with its weights inside and its batch open', () => {
    const model = decodeModel(exported);
    expect([...model.opsets.keys()]).toEqual(['']);
    expect(model.graph.nodes.every(({ domain }) => domain === '')).toBe(true);
    expect(model.graph.inputs).toEqual([{ name: 'images', dtype: 'float32', shape: ['batch', 3, 64, 96] }]);
    expect(model.graph.outputs).toEqual([
      { name: 'boxes', dtype: 'float32', shape: ['batch', positions, 4] },
      { name: 'scores', dtype: 'float32', shape: ['batch', positions, 3] },
    ]);
    expect([...model.graph.initializers.keys()]).toEqual(expect.arrayContaining(['stem.weight']));
    expect(decodeSpec(model)).toEqual(specOf(network, classNames));
  });

  it('says what the graph measured in training says', async () => {
    const graph = encodeModel(modelOf(evalGraph(network, layout, 2)));
    const evaluation = await createSession(graph);
    const outputs = await evaluation.run({
      parameters: { dtype: 'float32', shape: [layout.size], data: weights },
      buffers: { dtype: 'float32', shape: [layout.bufferSize], data: buffers },
      pictures: { dtype: 'uint8', shape: [2, 64, 96, 3], data: join3([picture(1), picture(2)]) },
    });
    await evaluation.release();
    const served = await predict(picture(1), picture(2));
    for (const name of ['boxes', 'scores'] as const)
      expect(worstOf(outputs[name]!.data as Float32Array, served[name].data as Float32Array), name).toBeLessThan(1e-3);
  });

  it('says the same of a picture alone and among others', async () => {
    const together = await predict(picture(1), picture(2), picture(3));
    expect(together.boxes.shape).toEqual([3, positions, 4]);
    expect(together.scores.shape).toEqual([3, positions, 3]);
    for (const [i, seed] of [1, 2, 3].entries()) {
      const alone = await predict(picture(seed));
      for (const [name, size] of [
        ['boxes', positions * 4],
        ['scores', positions * 3],
      ] as const) {
        const own = (together[name].data as Float32Array).slice(i * size, (i + 1) * size);
        expect(worstOf(own, alone[name].data as Float32Array), name).toBeLessThan(1e-4);
      }
    }
    const [first, second] = [await predict(picture(1)), await predict(picture(2))];
    expect(worstOf(first.scores.data as Float32Array, second.scores.data as Float32Array)).toBeGreaterThan(1e-3);
  });

  it('gives every position a box around it, and confidences in [0, 1]', async () => {
    const { boxes, scores } = await predict(picture(4));
    const { x, y } = detectorPositions(96, 64);
    const box = boxes.data as Float32Array;
    let around = true;
    for (let at = 0; at < positions; at++) {
      const [x0, y0, x1, y1] = box.subarray(at * 4, at * 4 + 4);
      around &&= x0! < x[at]! && x1! > x[at]! && y0! < y[at]! && y1! > y[at]!;
    }
    expect(around).toBe(true);
    expect((scores.data as Float32Array).every((score) => score >= 0 && score <= 1)).toBe(true);
  });

  it('starts from a prior of one in a hundred', async () => {
    const fresh = initialize(layout.parameters, layout.size, seededRandom(1));
    const start = initialize(layout.buffers, layout.bufferSize, seededRandom(0));
    const own = await createSession(exportNetwork(network, layout, fresh, start, classNames));
    const data = planes(picture(1));
    const { scores } = await own.run({ images: { dtype: 'float32', shape: [1, 3, 64, 96], data } });
    const values = scores!.data as Float32Array;
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean).toBeGreaterThan(0.003);
    expect(mean).toBeLessThan(0.03);
    await own.release();
  });
});

describe('the architecture', () => {
  it('has a position for every cell of each level, at its centre', () => {
    const { x, y, stride } = detectorPositions(64, 32);
    expect(x.length).toBe(8 * 4 + 4 * 2 + 2);
    expect([x[0], y[0], stride[0]]).toEqual([4, 4, 8]);
    expect([x[9], y[9]]).toEqual([12, 12]);
    expect([x[32], y[32], stride[32]]).toEqual([8, 8, 16]);
    expect([x.at(-1), y.at(-1), stride.at(-1)]).toEqual([48, 16, 32]);
  });

  it('asks for the same parameters whatever the picture size', () => {
    const other = networkLayout(detectorNetwork({ ...config, width: 320, height: 256 }));
    const plain = ({ parameters, buffers: own }: typeof layout) =>
      [...parameters, ...own].map(({ name, shape, offset }) => ({ name, shape, offset }));
    expect(plain(other)).toEqual(plain(layout));
  });

  it('keeps statistics for every normalization, each level its own', () => {
    const graph = new GraphBuilder('training');
    const statistics = new Map();
    const source = new RecordingSource(graph);
    const images = graph.input('images', 'float32', [2, 3, 64, 96]);
    detector({ graph, source, training: true, statistics }, images, 3, smallDetector);
    expect([...statistics.keys()].sort()).toEqual(source.layout.buffers.map(({ name }) => name).sort());
    expect(new Set([...statistics.values()].map(({ name }) => name)).size).toBe(statistics.size);
  });
});

describe('openDetector', () => {
  let opened: Detector;
  beforeAll(async () => {
    opened = await openDetector(path);
  });
  afterAll(() => opened.close());

  it('knows its classes and its input from the file alone', () => {
    expect(opened.spec).toEqual(specOf(network, classNames));
  });

  it('finds things inside the picture, best first, the same from bytes, path and pixels', async () => {
    const { bytes } = await renderSamplePicture(11);
    const file = join(folder, 'picture.jpg');
    await writeFile(file, bytes);
    const raw = await decodeImage(bytes);
    const results = await opened.predict([bytes, file, raw], { confidence: 0.05 });
    expect(results).toHaveLength(3);
    const [first] = results;
    expect(first).toMatchObject({ width: 480, height: 320 });
    expect(first!.detections.length).toBeGreaterThan(0);
    for (const { box, className, classIndex, confidence } of first!.detections) {
      const [x0, y0, x1, y1] = box;
      expect(x0 >= 0 && y0 >= 0 && x1 <= 480 && y1 <= 320 && x0 <= x1 && y0 <= y1, `${box}`).toBe(true);
      expect(className).toBe(classNames[classIndex]);
      expect(confidence).toBeGreaterThanOrEqual(0.05);
    }
    const confidences = first!.detections.map(({ confidence }) => confidence);
    expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
    for (const other of results.slice(1)) expect(other.detections).toEqual(first!.detections);
    for (const value of Object.values(first!.timings)) expect(value).toBeGreaterThanOrEqual(0);
  });

  it('heeds the limits of a call', async () => {
    const { bytes } = await renderSamplePicture(12);
    const count = async (options: object) => (await opened.predict([bytes], options))[0]!.detections.length;
    const all = await count({ confidence: 0 });
    expect(all).toBeLessThanOrEqual(100);
    expect(await count({ confidence: 0, maxDetections: 5 })).toBe(5);
    expect(await count({ confidence: 1.01 })).toBe(0);
    const limit = { confidence: 0, maxDetections: 10_000 };
    expect(await count({ ...limit, iouThreshold: 0.1 })).toBeLessThan(await count({ ...limit, iouThreshold: 0.9 }));
  });

  it('takes pictures of any shape, and none', async () => {
    expect(await opened.predict([])).toEqual([]);
    for (const [width, height] of [
      [1, 1],
      [7, 900],
      [900, 7],
      [96, 64],
    ] as const) {
      const raw = { data: new Uint8Array(width * height * 3).fill(90), width, height };
      const [result] = await opened.predict([raw], { confidence: 0 });
      expect(result).toMatchObject({ width, height });
      for (const { box } of result!.detections) expect(box[2] <= width && box[3] <= height).toBe(true);
    }
  });

  it('goes on after what is no picture, and after a call given up', async () => {
    await expect(opened.predict([Buffer.from('no picture')])).rejects.toMatchObject({ code: 'unreadable_image' });
    await expect(opened.predict([join(folder, 'none.jpg')])).rejects.toMatchObject({ code: expect.any(String) });
    const { bytes } = await renderSamplePicture(13);
    await expect(opened.predict([bytes], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    expect(await opened.predict([bytes])).toHaveLength(1);
  });

  it('refuses a model without a spec, one with half of it, and what is no model', async () => {
    const model = decodeModel(exported);
    const half = { ...specOf(network, classNames), input: undefined };
    const metadata: Record<string, string>[] = [
      {},
      { fovea: 'no JSON' },
      { fovea: 'null' },
      { fovea: '{}' },
      { fovea: JSON.stringify(half) },
      encodeSpec({ ...specOf(network, classNames), task: 'segmentation' } as unknown as ModelSpec),
    ];
    for (const [i, entries] of metadata.entries()) {
      const file = join(folder, `spec${i}.onnx`);
      await writeFile(file, encodeModel({ ...model, metadata: entries }));
      await expect(openDetector(file), entries.fovea).rejects.toMatchObject({ code: 'missing_spec' });
    }
    await writeFile(join(folder, 'text.onnx'), 'no model');
    await expect(openDetector(join(folder, 'text.onnx'))).rejects.toMatchObject({ code: 'invalid_model' });
    await writeFile(join(folder, 'cut.onnx'), exported.subarray(0, exported.length >> 1));
    await expect(openDetector(join(folder, 'cut.onnx'))).rejects.toMatchObject({ name: 'OnnxError' });
  });
});
