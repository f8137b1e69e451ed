import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@fovea/models';
import { decodeModel } from '@fovea/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainingData } from './check-data.js';
import { writeHalves, writeShadeFolders } from './fixtures/shade-folders.js';
import { makePlan, planFiles } from './make-plan.js';
import { readData } from './read-data.js';
import { type TrainOptions, train } from './train.js';
import { followTrainer } from './trainer.js';

let folder: string;
let shades: TrainingData;
let halves: TrainingData;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-train-test-'));
  await writeShadeFolders(join(folder, 'shades'), ['dark', 'light'], 12);
  await writeHalves(join(folder, 'halves'), 10);
  shades = await readData(join(folder, 'shades'));
  halves = await readData(join(folder, 'halves'), { classNames: ['dark', 'light'] });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const out = (name: string) => join(folder, `${name}.onnx`);
const small = { imageSize: { width: 32, height: 32 }, batchSize: 8 } as const;
/** Losses of a training, by step, and what it reached. */
async function follow(options: TrainOptions) {
  const losses: number[] = [];
  const said: string[] = [];
  const model = await train({
    ...options,
    onMetric: ({ name, value }) => name === 'loss' && losses.push(value),
    log: (text) => said.push(text),
  });
  return { ...model, losses, said: said.join('\n') };
}

describe('train', { timeout: 120_000 }, () => {
  it.each(['adamw', 'sgd', 'lion'] as const)('tells pictures apart, by %s', async (optimizer) => {
    const { metrics, path } = await follow({
      task: 'classification',
      data: shades,
      out: out(optimizer),
      ...small,
      optimizer,
      epochs: 8,
      seed: 1,
    });
    expect(metrics.accuracy).toBe(1);
    const model = await openModel(path);
    if (model.task !== 'classification') throw new Error(`It is for ${model.task}.`);
    const [dark] = await model.predict([join(folder, 'shades/dark/0.png')]);
    expect(dark!.classes[0]!.className).toBe('dark');
    await model.close();
  });

  it.each(['cross-entropy', 'cross-entropy+dice', 'focal'])('tells pixels apart, by %s', async (loss) => {
    const { metrics, losses } = await follow({
      task: 'segmentation',
      data: halves,
      out: out(`seg-${loss}`),
      imageSize: { width: 96, height: 64 },
      batchSize: 4,
      loss,
      epochs: 12,
      augment: 'none',
    });
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
    expect(metrics.pixelAccuracy).toBeGreaterThan(0.8);
  });

  it.each(['arcface', 'cosface', 'triplet', 'contrastive'])(
    'brings pictures of a class together, by %s',
    async (loss) => {
      const { metrics } = await follow({
        task: 'embedding',
        data: shades,
        out: out(loss),
        ...small,
        batchSize: 16,
        loss,
        epochs: 6,
      });
      expect(metrics.rank1).toBe(1);
    },
  );

  it('gives the same losses whether or not it is interrupted, with turns and another optimizer too', async () => {
    const options: TrainOptions = {
      task: 'classification',
      data: shades,
      out: out('whole'),
      ...small,
      optimizer: 'sgd',
      accumulate: 2,
      epochs: 4,
    };
    const whole = await follow(options);
    const work = join(folder, 'work');
    const stop = new AbortController();
    const losses: number[] = [];
    await expect(
      train({
        ...options,
        folder: work,
        signal: stop.signal,
        onMetric: ({ name, value, step }) => {
          if (name === 'loss') losses.push(value);
          if (step >= 3) stop.abort();
        },
      }),
    ).rejects.toMatchObject({ code: 'stopped_early', message: expect.stringContaining(work) });
    const rest = await follow({ ...options, folder: work });
    expect([...losses, ...rest.losses]).toEqual(whole.losses);
    expect(rest.said).toContain('Resumed from the checkpoint');
  });

  it('gives the same losses and figures whether pictures are kept decoded, were kept before, or are not', async () => {
    const cacheFolder = join(folder, 'kept');
    const options: TrainOptions = {
      task: 'segmentation',
      data: halves,
      out: out('kept'),
      imageSize: { width: 64, height: 64 },
      batchSize: 4,
      epochs: 3,
    };
    const decoded = await follow({ ...options, cacheBytes: 0 });
    expect(decoded.said).toContain('kept in memory only, as was asked for');
    const first = await follow({ ...options, cacheFolder });
    expect(first.said).toMatch(/Pictures are kept decoded: \d+ kB for 20 of 20\./);
    // Stopped within the second epoch; what was kept is taken away before it goes on, and again while it does.
    const stop = new AbortController();
    const losses: number[] = [];
    const work = join(folder, 'work-kept');
    const stopped = train({
      ...options,
      cacheFolder,
      folder: work,
      signal: stop.signal,
      onMetric: ({ name, value, step }) => {
        if (name === 'loss') losses.push(value);
        if (step >= 3) stop.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'stopped_early' });
    await rm(cacheFolder, { recursive: true });
    const rest = await train({
      ...options,
      cacheFolder,
      folder: work,
      onMetric: ({ name, value, step }) => {
        if (name !== 'loss') return;
        losses.push(value);
        if (step === 6) rmSync(cacheFolder, { recursive: true, force: true });
      },
    });
    for (const [seen, metrics] of [
      [first.losses, first.metrics],
      [losses, rest.metrics],
    ]) {
      expect(seen).toEqual(decoded.losses);
      expect(metrics).toEqual(decoded.metrics);
    }
  });

  it('asks whoever started it for bytes that are not where the plan says, once for each picture', async () => {
    const work = join(folder, 'elsewhere');
    await mkdir(work);
    const pictures = shades.pictures.map((picture) => ({ ...picture, path: join(work, 'nowhere', picture.name) }));
    const settings = { task: 'classification', ...small, epochs: 3, seed: 0 } as const;
    const asked: string[] = [];
    const locate = async (sha256: string) => {
      asked.push(sha256);
      return shades.pictures.find((picture) => picture.sha256 === sha256)!.path;
    };
    const places = { folder: work, cacheFolder: join(work, 'kept'), locate };
    const plan = await makePlan(settings, { ...shades, pictures }, { from: null }, places);
    const follows = { signal: new AbortController().signal, onMessage: () => undefined };
    const last = await followTrainer(join(work, planFiles.plan), { ...follows, locate });
    expect(last.type).toBe('finished');
    expect(asked.toSorted()).toEqual(pictures.map(({ sha256 }) => sha256).toSorted());

    await rm(plan.checkpointPath);
    const alone = await followTrainer(join(work, planFiles.plan), follows);
    expect(alone.type, 'all is kept by now').toBe('finished');
    await rm(plan.checkpointPath);
    await rm(places.cacheFolder, { recursive: true });
    expect(await followTrainer(join(work, planFiles.plan), follows)).toMatchObject({
      type: 'failed',
      code: 'missing_picture',
      message: expect.stringContaining('is not where it was'),
    });
  });

  it('goes on from a model, with a frozen part, and learns from a teacher', async () => {
    const first = await follow({ task: 'classification', data: shades, out: out('first'), ...small, epochs: 6 });
    const from = first.path;
    const more = await follow({
      task: 'classification',
      data: shades,
      out: out('second'),
      ...small,
      from,
      teacher: from,
      freeze: ['stem*'],
      epochs: 1,
    });
    expect(more.metrics.accuracy).toBe(1);
    expect(more.said).toContain('Kept as they were: stem*');
    const weights = async (path: string) => decodeModel(await readFile(path)).graph.initializers;
    const [before, after] = [await weights(first.path), await weights(more.path)];
    // Names need not be the same in both files; the numbers are.
    const keeps = (name: string) => {
      const kept = before.get(name)!.data;
      return [...after.values()].some(({ data }) => data.length === kept.length && data.every((x, i) => x === kept[i]));
    };
    const named = (part: string) =>
      [...before.keys()].find((name) => name.startsWith(part) && name.endsWith('.weight'))!;
    expect(keeps(named('stem'))).toBe(true);
    expect(keeps(named('stage3'))).toBe(false);
  });

  it('ends early where nothing gets better', async () => {
    const { said, steps } = await follow({
      task: 'classification',
      data: shades,
      out: out('early'),
      ...small,
      learningRate: 1e-9,
      patience: 2,
      monitor: 'accuracy',
      epochs: 40,
    });
    expect(said).toMatch(/Stopped early: accuracy has not risen/);
    expect(steps).toBeLessThan(120);
  });

  it('says which tensor and which pictures went bad', async () => {
    const training = train({
      task: 'classification',
      data: shades,
      out: out('bad'),
      ...small,
      optimizer: 'sgd',
      schedule: 'constant',
      learningRate: 10,
      weightDecay: 10,
      epochs: 200,
    });
    await expect(training).rejects.toMatchObject({
      code: 'loss_not_finite',
      message: expect.stringMatching(/step \d+.*the first tensor that is not finite is ".+" \(\w+\).*\.png/),
    });
  });

  const refused: [string, Partial<TrainOptions>, string][] = [
    ['a device there is not', { device: 'cuda' }, 'device_not_available'],
    ['a model that is none', { from: './missing.onnx' }, ''],
    ['a batch larger than the data', { batchSize: 512 }, 'batch_too_large'],
    ['a size that does not fit', { imageSize: { width: 100, height: 64 } }, 'invalid_training_request'],
    ['a metric there is not', { monitor: 'beauty', epochs: 1 }, 'unknown_metric'],
  ];
  it.each(refused)('refuses %s', async (_, change, code) => {
    const training = train({ task: 'classification', data: shades, out: out('none'), ...small, epochs: 1, ...change });
    await expect(training).rejects.toMatchObject({
      code: code === '' ? expect.any(String) : code,
      message: expect.stringMatching(/\w+ \w+/),
    });
  });

  it('refuses a class that no label map shows, before anything starts', async () => {
    const data = { ...halves, classNames: ['dark', 'light', 'middle'] };
    const options: TrainOptions = { task: 'segmentation', data, out: out('none'), batchSize: 4, epochs: 1 };
    await expect(train(options)).rejects.toMatchObject({
      code: 'class_without_examples',
      message: expect.stringContaining('"middle" has no example among the 10 training pictures'),
    });
  });

  it('refuses a file that is cut off before anything starts', async () => {
    const bytes = await readFile(out('adamw'));
    await writeFile(out('cut'), bytes.subarray(0, bytes.length / 2));
    const training = train({ task: 'classification', data: shades, out: out('none'), ...small, from: out('cut') });
    await expect(training).rejects.toMatchObject({ code: expect.stringMatching(/invalid_model|truncated/) });
  });
});
