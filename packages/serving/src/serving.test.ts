import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderSamplePicture } from '@fovea/image';
import { detectorNetwork, exportNetwork, networkLayout } from '@fovea/models';
import { registerModel, setAlias } from '@fovea/registry';
import { type Home, openHome } from '@fovea/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServing, type Serving } from './serving.js';
import { registerTinyModels, tinyClasses } from './testing.js';

let folder: string;
let home: Home;
let serving: Serving;
let pictures: Uint8Array[];

/** A detector of the real architecture whose weights are noise from a seed: what it sees is nonsense, but always the same. */
function noisyDetector(seed: number): Uint8Array {
  const network = detectorNetwork({ classes: 3, width: 160, height: 96 });
  const layout = networkLayout(network);
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const weights = Float32Array.from({ length: layout.size }, () => random() * 0.2);
  return exportNetwork(network, layout, weights, new Float32Array(layout.bufferSize).fill(1), ['a', 'b', 'c']);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-serving-'));
  home = await openHome(join(folder, 'home'));
  const { rows } = await home.pool.query<{ id: string }>(
    "insert into fovea.projects (name) values ('noise') returning id",
  );
  for (const [name, seed] of [
    ['one', 1],
    ['two', 2],
    ['one', 3],
  ] as const) {
    const onnxPath = join(folder, 'model.onnx');
    await writeFile(onnxPath, noisyDetector(seed));
    await registerModel(home, {
      name,
      projectId: Number(rows[0]!.id),
      onnxPath,
      card: { task: 'detection', classNames: ['a', 'b', 'c'], input: { width: 160, height: 96 }, metrics: {} },
    });
  }
  await setAlias(home, 'one', 'champion', 1);
  serving = createServing(home, { maxModels: 2, maxBatch: 4 });
  pictures = await Promise.all([1, 2, 3, 4, 5, 6].map(async (seed) => (await renderSamplePicture(seed)).bytes));
});
afterAll(async () => {
  await serving.close();
  await home.close();
  await rm(folder, { recursive: true, force: true });
});

const everything = { confidence: 0.01, maxDetections: 20 };

describe('createServing', () => {
  test('pictures asked for at once get what each would get alone', async () => {
    const alone = [];
    for (const picture of pictures) alone.push(await serving.predict('one', picture, everything));
    const together = await Promise.all(pictures.map((picture) => serving.predict('one', picture, everything)));
    for (const [index, answer] of together.entries()) {
      const expected = alone[index]!;
      expect(answer).toMatchObject({ width: 480, height: 320, model: { name: 'one', version: 1 } });
      expect(answer.detections.length).toBe(expected.detections.length);
      for (const [at, detection] of answer.detections.entries()) {
        expect(detection.classIndex).toBe(expected.detections[at]!.classIndex);
        expect(detection.confidence).toBeCloseTo(expected.detections[at]!.confidence, 4);
        for (const [side, value] of detection.box.entries())
          expect(value).toBeCloseTo(expected.detections[at]!.box[side]!, 1);
      }
    }
    expect(alone.some(({ detections }) => detections.length > 0)).toBe(true);
  });

  test('different thresholds at once do not mix', async () => {
    const [all, few, none] = await Promise.all([
      serving.predict('one', pictures[0]!, everything),
      serving.predict('one', pictures[0]!, { ...everything, maxDetections: 1 }),
      serving.predict('one', pictures[0]!, { confidence: 1 }),
    ]);
    expect(all.detections.length).toBeGreaterThan(1);
    expect(few.detections).toHaveLength(1);
    expect(none.detections).toEqual([]);
  });

  test('a name is its champion; a version and an alias are themselves; others are told', async () => {
    const versionOf = async (reference: string) => (await serving.predict(reference, pictures[0]!)).model.version;
    expect([await versionOf('one'), await versionOf('one@champion'), await versionOf('one@2')]).toEqual([1, 1, 2]);
    await expect(serving.predict('three', pictures[0]!)).rejects.toMatchObject({ code: 'unknown_model' });
    await expect(serving.predict('one@best', pictures[0]!)).rejects.toMatchObject({ code: 'unknown_version' });
    await expect(serving.predict('one', new Uint8Array(9))).rejects.toMatchObject({ code: 'unreadable_image' });
  });

  test('keeps as many models warm as it may, the last used ones', async () => {
    for (const reference of ['one@1', 'one@2', 'two']) await serving.predict(reference, pictures[0]!);
    expect(serving.warm).toEqual(['one@2', 'two@1']);
  });

  test('models of every task answer in their own way', async () => {
    await registerTinyModels(home, 'noise', folder);
    const [one, two] = await Promise.all([
      serving.predict('classification', pictures[0]!),
      serving.predict('classification', pictures[0]!, { topK: 1 }),
    ]);
    expect(one).toMatchObject({ task: 'classification', width: 480, height: 320, detections: [] });
    expect(one.classes).toHaveLength(3);
    expect(two.classes).toHaveLength(1);
    const { segmentation } = await serving.predict('segmentation', pictures[0]!);
    expect(segmentation!.labelMap).toHaveLength(480 * 320);
    expect(segmentation!.classNames).toEqual(tinyClasses);
    const { embedding } = await serving.predict('embedding', pictures[0]!);
    expect(Math.hypot(...embedding!)).toBeCloseTo(1, 5);
    expect((await serving.predict('one', pictures[0]!)).task).toBe('detection');
  });

  test('too large a picture is refused before it is decoded', async () => {
    const careful = createServing(home, { maxPixels: 1000 });
    await expect(careful.predict('one', pictures[0]!)).rejects.toMatchObject({ code: 'unreadable_image' });
    await careful.close();
  });

  test('closing waits for what runs', async () => {
    const closing = createServing(home);
    const answers = pictures.map((picture) => closing.predict('two', picture));
    await answers[0];
    await closing.close();
    expect(closing.warm).toEqual([]);
    await Promise.allSettled(answers);
  });
});
