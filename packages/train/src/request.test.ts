import { renderSamplePicture } from '@fovea/image';
import { createProject, importPicture } from '@fovea/lake';
import { listRuns, setRunState } from '@fovea/registry';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultTimeLimitSeconds, type TrainRequest } from './request.js';
import { submitRun } from './submit.js';

let test: TestHome;
beforeAll(async () => {
  test = await openTestHome();
  await createProject(test.home, { name: 'parts' });
  await createProject(test.home, { name: 'empty' });
  for (let seed = 0; seed < 3; seed++) {
    const { bytes, annotations } = await renderSamplePicture(seed);
    await importPicture(test.home, 'parts', { bytes, annotations, name: `${seed}.jpg` });
  }
});
afterAll(() => test.remove());

describe('submitRun refuses', () => {
  const wrong: [string, object, RegExp][] = [
    ['a task there is not', { task: 'captions' }, /task is "captions".*classification, detection, segmentation/],
    ['an optimizer there is not', { optimizer: 'adam' }, /optimizer is "adam".*sgd.*lion|optimizer is "adam".*adamw/],
    ['a loss of another task', { loss: 'arcface' }, /loss is "arcface".*quality-focal/],
    ['a schedule there is not', { schedule: 'linear' }, /schedule is "linear".*cosine/],
    ['turns that do not divide the batch', { batchSize: 8, accumulate: 3 }, /accumulate is 3.*divisor.*8/],
    ['patience for nothing', { patience: 0 }, /patience is 0/],
    ['patterns to freeze without a model', { freeze: ['stem*'] }, /freeze.*left out/],
    ['a teacher for another task', { teacher: 'm' }, /teacher.*only classification/],
    ['all of a label smoothed away', { labelSmoothing: 1 }, /labelSmoothing is 1/],
    ['no epochs', { epochs: 0 }, /epochs is 0.*whole number from 1/],
    ['half an epoch', { epochs: 2.5 }, /epochs is 2\.5/],
    ['epochs in words', { epochs: '10' }, /epochs is "10"/],
    ['a seed beyond 32 bits', { seed: 2 ** 31 }, /seed.*2\^31/],
    ['a seed that is none', { seed: Number.NaN }, /seed/],
    ['a limit too short', { timeLimitSeconds: 1 }, /timeLimitSeconds is 1.*10 seconds/],
    ['an endless limit', { timeLimitSeconds: Number.POSITIVE_INFINITY }, /timeLimitSeconds/],
    ['an odd batch', { batchSize: 5 }, /batchSize is 5.*even/],
    ['an empty batch', { batchSize: 0 }, /batchSize/],
    ['a rate of 0', { learningRate: 0 }, /learningRate is 0.*above 0/],
    ['a negative rate', { learningRate: -1e-3 }, /learningRate/],
    ['a size that is no multiple of 32', { imageSize: { width: 100, height: 64 } }, /imageSize.*multiples of 32/],
    ['a size too small', { imageSize: { width: 64, height: 0 } }, /imageSize/],
    ['a size with a side missing', { imageSize: { width: 64 } }, /imageSize/],
  ];
  it.each(wrong)('%s', async (_, change, message) => {
    const request = { project: 'parts', task: 'detection', ...change } as TrainRequest;
    await expect(submitRun(test.home, request)).rejects.toMatchObject({
      code: 'invalid_training_request',
      message: expect.stringMatching(message),
    });
    expect(await listRuns(test.home)).toEqual([]);
  });

  it('an unknown project, naming those there are', async () => {
    await expect(submitRun(test.home, { project: 'cars', task: 'detection' })).rejects.toMatchObject({
      code: 'unknown_project',
      message: expect.stringContaining('parts'),
    });
  });

  it('a project with nothing labelled', async () => {
    await expect(submitRun(test.home, { project: 'empty', task: 'detection' })).rejects.toMatchObject({
      code: expect.stringMatching(/^nothing_/),
    });
    expect(await listRuns(test.home, 'empty')).toEqual([]);
  });

  it('a project whose pictures have no box', async () => {
    const { bytes } = await renderSamplePicture(9);
    await importPicture(test.home, 'empty', { bytes, annotations: [], name: 'background.jpg' });
    await expect(submitRun(test.home, { project: 'empty', task: 'detection' })).rejects.toMatchObject({
      code: 'nothing_to_train_on',
      message: expect.stringContaining('boxes'),
    });
  });

  it('an augmentation there is not', async () => {
    const request = { project: 'parts', task: 'detection', augment: { spin: 3 } } as unknown as TrainRequest;
    await expect(submitRun(test.home, request)).rejects.toMatchObject({ code: 'invalid_augment_policy' });
  });

  it('a model to start from that is nowhere', async () => {
    const request: TrainRequest = { project: 'parts', task: 'detection', from: 'nothing-of-the-kind' };
    await expect(submitRun(test.home, request)).rejects.toMatchObject({ code: 'unknown_source' });
    await expect(submitRun(test.home, { ...request, from: './none.onnx' })).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining('none.onnx'),
    });
  });

  it('a batch larger than the data', async () => {
    const request: TrainRequest = { project: 'parts', task: 'detection', batchSize: 64 };
    await expect(submitRun(test.home, request)).rejects.toMatchObject({
      code: 'batch_too_large',
      message: expect.stringContaining('take at most'),
    });
  });
});

describe('submitRun', () => {
  it('fills in what is left open', async () => {
    const run = await submitRun(test.home, { project: 'parts', task: 'detection' });
    expect(run).toMatchObject({ state: 'queued', project: 'parts', name: 'parts', task: 'detection' });
    expect(run.params).toMatchObject({ name: 'parts', seed: 0, timeLimitSeconds: defaultTimeLimitSeconds });
    const other = await submitRun(test.home, { project: 'parts', task: 'detection', epochs: 3, seed: 4, name: 'm' });
    expect(other.name).toBe('m');
    expect(other.params).toMatchObject({ epochs: 3, seed: 4, name: 'm' });
    expect(other.params).not.toHaveProperty('timeLimitSeconds');
    expect(other.snapshot!.id).toBe(run.snapshot!.id);
  });

  it('gives a stopped run back for the same request on the same pictures, and no other', async () => {
    const request: TrainRequest = { project: 'parts', task: 'detection', epochs: 2, batchSize: 2 };
    const first = await submitRun(test.home, request);
    expect((await submitRun(test.home, request)).id, 'a queued run is not stopped').not.toBe(first.id);
    await setRunState(test.home, first.id, 'stopped');
    expect((await submitRun(test.home, request)).id).toBe(first.id);
    expect((await submitRun(test.home, { ...request, seed: 1 })).id).not.toBe(first.id);
    const { bytes, annotations } = await renderSamplePicture(5);
    await importPicture(test.home, 'parts', { bytes, annotations, name: 'new.jpg' });
    expect((await submitRun(test.home, request)).id, 'the pictures have changed').not.toBe(first.id);
  });
});
