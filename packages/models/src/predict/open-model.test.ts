import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeImage, renderSamplePicture } from '@fovea/image';
import { initialize, seededRandom } from '@fovea/nn';
import { decodeModel, encodeModel } from '@fovea/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDetector } from '../detector/open.js';
import { exportNetwork } from '../export.js';
import { type Network, networkLayout } from '../network.js';
import { classifierNetwork } from '../networks/classifier.js';
import { embedderNetwork } from '../networks/embedder.js';
import { segmenterNetwork } from '../networks/segmenter.js';
import { unplaceLabels } from './decode-outputs.js';
import { type OpenModel, openModel } from './open-model.js';

const size = { stem: 8, stride: 4 as const, stages: [8, 8, 8, 8].map((channels) => ({ channels, blocks: 1 })) };
const classNames = ['a', 'b', 'c', 'd'];
let folder: string;
let picture: Uint8Array;
const open: OpenModel[] = [];

async function model<T extends OpenModel['task']>(network: Network & { task: T }): Promise<OpenModel & { task: T }> {
  const layout = networkLayout(network);
  const random = seededRandom(4);
  const weights = initialize(layout.parameters, layout.size, random).map((value) => value + 0.2 * (random() - 0.5));
  const buffers = initialize(layout.buffers, layout.bufferSize, random);
  const path = join(folder, `${network.task}.onnx`);
  await writeFile(path, exportNetwork(network, layout, weights, buffers, classNames));
  const opened = await openModel(path);
  open.push(opened);
  return opened as OpenModel & { task: T };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-model-'));
  picture = (await renderSamplePicture(5)).bytes;
});
afterAll(async () => {
  await Promise.all(open.map((each) => each.close()));
  await rm(folder, { recursive: true, force: true });
});

describe('openModel', () => {
  it('says of a picture which classes it is likely to be of', async () => {
    const opened = await model(classifierNetwork({ classes: 4, width: 64, height: 64, size }));
    expect(await opened.predict([])).toEqual([]);
    const [one, two] = await opened.predict([picture, await decodeImage(picture)], { topK: 9 });
    expect(one!.classes).toEqual(two!.classes);
    expect(one).toMatchObject({ task: 'classification', width: 480, height: 320 });
    expect(one!.classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    const probabilities = one!.classes.map(({ probability }) => probability);
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
    for (const { className, classIndex } of one!.classes) expect(className).toBe(classNames[classIndex]);
    expect((await opened.predict([picture], { topK: 2 }))[0]!.classes).toEqual(one!.classes.slice(0, 2));
    await expect(openDetector(join(folder, 'classification.onnx'))).rejects.toMatchObject({ code: 'missing_spec' });
  });

  it('gives every pixel of a picture a class', async () => {
    const opened = await model(
      segmenterNetwork({ classes: 4, width: 96, height: 64, size: { backbone: size, decoder: 8 } }),
    );
    const wide = { data: new Uint8Array(150 * 20 * 3).fill(90), width: 150, height: 20 };
    const [result, strip] = await opened.predict([picture, wide]);
    expect(result!.labelMap.length).toBe(480 * 320);
    expect(result!.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    result!.shares.forEach((share, label) => {
      expect(share).toBeCloseTo(result!.labelMap.filter((own) => own === label).length / (480 * 320), 9);
    });
    expect(strip).toMatchObject({ width: 150, height: 20, classNames });
    expect(strip!.labelMap.length).toBe(3000);
  });

  it('embeds pictures so that like ones are near', async () => {
    const opened = await model(embedderNetwork({ classes: 0, width: 64, height: 64, dimensions: 16, size }));
    const [one, same, other] = await opened.predict([picture, picture, (await renderSamplePicture(8)).bytes]);
    const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    expect(one!.embedding).toHaveLength(16);
    expect(cosine(one!.embedding, one!.embedding)).toBeCloseTo(1, 5);
    expect(cosine(one!.embedding, same!.embedding)).toBeCloseTo(1, 5);
    expect(cosine(one!.embedding, other!.embedding)).toBeLessThan(1);
    await expect(opened.predict([Buffer.from('no picture')])).rejects.toMatchObject({ code: 'unreadable_image' });
  });

  it('tells where a model does not keep to its spec', async () => {
    const network = classifierNetwork({ classes: 4, width: 64, height: 64, size });
    const layout = networkLayout(network);
    const bytes = exportNetwork(network, layout, new Float32Array(layout.size), new Float32Array(layout.bufferSize), [
      'too',
      'few',
    ]);
    const path = join(folder, 'wrong.onnx');
    await writeFile(path, bytes);
    const opened = await openModel(path);
    open.push(opened);
    await expect(opened.predict([picture])).rejects.toMatchObject({ code: 'wrong_output' });
    const without = join(folder, 'without.onnx');
    await writeFile(without, encodeModel({ ...decodeModel(bytes), metadata: {} }));
    await expect(openModel(without)).rejects.toMatchObject({ code: 'missing_spec' });
  });
});

describe('unplaceLabels', () => {
  const labels = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8);
  const from = (width: number, height: number, fit: Parameters<typeof unplaceLabels>[3]['fit']) =>
    Array.from(unplaceLabels(labels, 3, 3, { width, height, fit }));

  it('leaves out what the picture does not cover, repeats where it is larger, and takes the nearest outside', () => {
    expect(from(3, 2, { scaleX: 1, scaleY: 1 })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(from(6, 1, { scaleX: 0.5, scaleY: 3 })).toEqual([3, 3, 4, 4, 5, 5]);
    expect(from(5, 1, { scaleX: 1, scaleY: 1, left: -1, top: 1 })).toEqual([3, 3, 4, 5, 5]);
  });
});
