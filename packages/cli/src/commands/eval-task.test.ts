import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeLabelMap, type LabelledPicture, type ParsedDataset } from '@fovea/formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Predictor } from '../predictor.js';
import type { Problem } from '../problems.js';
import type { Session } from '../session.js';
import { evaluateTask } from './eval-task.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-eval-task-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const terminal = { progress() {}, endProgress() {}, say() {} } as unknown as Session['terminal'];
const session: Session = { terminal, signal: new AbortController().signal };

/** A predictor that answers by the first byte of what it is given. */
function predictorOf(task: string, classNames: string[], answers: Partial<Answer>[]): Predictor {
  return {
    model: { name: 'm', version: 1 },
    task,
    classNames,
    predict: async (bytes) => ({ width: 2, height: 2, detections: [], ...answers[bytes[0]!]! }),
  };
}

/** A picture whose bytes say which answer it gets. */
async function picture(n: number, more: Partial<LabelledPicture>): Promise<LabelledPicture> {
  const path = join(folder, `${n}.bin`);
  await writeFile(path, Uint8Array.of(n));
  return { path, name: `${n}.bin`, annotations: [], labelled: true, ...more };
}
const dataset = (classNames: string[], pictures: LabelledPicture[]): ParsedDataset => ({
  format: 'class-folders',
  classNames,
  pictures,
  problems: [],
});
const likely = (ant: number) => ({
  classes: [
    { className: 'ant', classIndex: 0, probability: ant },
    { className: 'bee', classIndex: 1, probability: 1 - ant },
  ],
});

describe('evaluateTask', () => {
  it('measures a classifier by name, and says what it left out', async () => {
    const pictures = [
      await picture(0, { classNames: ['ant'] }),
      await picture(1, { classNames: ['bee'] }),
      await picture(2, { classNames: ['bee'] }),
      await picture(3, { classNames: ['wasp'] }),
      await picture(4, { classNames: ['ant', 'bee'] }),
    ];
    const predictor = predictorOf('classification', ['ant', 'bee'], [likely(0.9), likely(0.2), likely(0.7)]);
    const problems: Problem[] = [];
    // The folder's order of classes is not the model's.
    const data = dataset(['bee', 'ant', 'wasp'], pictures);
    const { figures, pictures: measured } = await evaluateTask(predictor, data, 'folder', problems, session);
    expect(measured).toBe(3);
    expect(figures.accuracy).toBeCloseTo(2 / 3, 12);
    expect(problems.map(({ file, code }) => [file, code])).toEqual([
      ['3.bin', 'unknown_class'],
      ['4.bin', 'several_classes'],
    ]);
  });

  it('measures a segmenter at the picture, classes matched by name', async () => {
    const labels = async (n: number, data: number[]) => {
      const path = join(folder, `${n}.png`);
      await writeFile(path, await encodeLabelMap({ data: Uint8Array.from(data), width: 2, height: 2 }));
      return picture(n, { labelMap: { path } });
    };
    // In the data 0 is road and 1 is sky; the model has them the other way round. 2 is a class it does not know.
    const pictures = [await labels(0, [1, 1, 0, 0]), await labels(1, [1, 2, 0, 255])];
    const segmentation = (...values: number[]) => ({
      segmentation: { labelMap: Uint8Array.from(values), classNames: ['sky', 'road'], shares: [] },
    });
    const predictor = predictorOf(
      'segmentation',
      ['sky', 'road'],
      [segmentation(0, 0, 1, 0), segmentation(0, 0, 1, 1)],
    );
    const problems: Problem[] = [];
    const data = { ...dataset(['road', 'sky', 'tree'], pictures), format: 'label-pngs' as const };
    const { figures } = await evaluateTask(predictor, data, 'folder', problems, session);
    // Labelled with a class it knows: 6 pixels, 5 of them right. Sky 3 of 4, road 2 of 3.
    expect(figures.pixelAccuracy).toBeCloseTo(5 / 6, 12);
    expect(figures.mIoU).toBeCloseTo((3 / 4 + 2 / 3) / 2, 12);
    expect(problems).toMatchObject([{ code: 'unknown_class', reason: expect.stringContaining('"tree"') }]);
  });

  it('measures an embedder by who is nearest', async () => {
    const pictures = await Promise.all(['a', 'a', 'b', 'b'].map((name, n) => picture(n, { classNames: [name] })));
    const embedding = (x: number, y: number) => ({ embedding: Float32Array.of(x, y) });
    const predictor = predictorOf(
      'embedding',
      [],
      [embedding(1, 0), embedding(0.9, 0.1), embedding(0, 1), embedding(0.95, 0.05)],
    );
    const { figures } = await evaluateTask(predictor, dataset(['a', 'b'], pictures), 'folder', [], session);
    expect(figures.rank1).toBe(0);
    expect(figures.mAP).toBeGreaterThan(0);
  });

  it('refuses a folder without the labels its task is measured by', async () => {
    const plain = dataset(['ant'], [await picture(0, {})]);
    const predictor = predictorOf('segmentation', ['sky'], []);
    await expect(evaluateTask(predictor, plain, 'folder', [], session)).rejects.toMatchObject({
      code: 'nothing_labelled',
      message: expect.stringContaining('label maps'),
    });
  });
});
