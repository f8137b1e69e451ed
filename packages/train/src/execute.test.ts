import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { renderSamplePicture } from '@fovea/image';
import { createProject, createSnapshot, importPicture, loadManifest } from '@fovea/lake';
import { openDetector } from '@fovea/models';
import {
  getLog,
  getMetrics,
  getRun,
  listAbandonedRuns,
  listArtifacts,
  type Run,
  readArtifact,
  resolveModel,
} from '@fovea/registry';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { executeRun } from './execute.js';
import { childrenOf, lives } from './fixtures/child-processes.js';
import type { RunProgress } from './progress.js';
import type { TrainRequest } from './request.js';
import { submitRun } from './submit.js';

const pictures = 24;
const request: TrainRequest = {
  project: 'parts',
  task: 'detection',
  epochs: 10,
  batchSize: 4,
  imageSize: { width: 96, height: 64 },
  seed: 3,
};

let test: TestHome;
beforeAll(async () => {
  test = await openTestHome();
  await createProject(test.home, { name: 'parts' });
  for (let seed = 0; seed < pictures; seed++) {
    const { bytes, annotations } = await renderSamplePicture(seed);
    await importPicture(test.home, 'parts', { bytes, annotations, name: `${seed}.jpg` });
  }
});
afterAll(() => test.remove());

/** Values of a metric by step. */
async function valuesOf(runId: string, name: string): Promise<Map<number, number>> {
  const { points } = await getMetrics(test.home, runId);
  const own = points.filter((point) => point.name === name).sort((a, b) => a.step - b.step);
  return new Map(own.map(({ step, value }) => [step, value]));
}

const logOf = async (runId: string) => (await getLog(test.home, runId)).lines.map(({ text }) => text);
const checkpointOf = (runId: string) => join(test.home.runFolder(runId), 'checkpoint');
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Waits for something a process does; the test's own limit ends it otherwise. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

let whole: Run;

describe('a run from start to end', () => {
  const progress: RunProgress[] = [];
  const said: string[] = [];

  it('finishes with a registered model', async () => {
    const run = await submitRun(test.home, { ...request, name: 'whole' });
    const { run: ended, model } = await executeRun(test.home, run.id, {
      onProgress: (now) => progress.push(now),
      log: (text) => said.push(text),
    });
    whole = ended;
    expect(ended).toMatchObject({ id: run.id, state: 'finished', error: null, model: { name: 'whole', version: 1 } });
    expect(ended.startedAt).not.toBeNull();
    expect(ended.finishedAt).not.toBeNull();
    expect(model).toMatchObject({ name: 'whole', version: 1, runId: run.id, aliases: ['candidate', 'champion'] });
    expect(model!.card).toMatchObject({
      task: 'detection',
      classNames: expect.arrayContaining(['bolt', 'nut', 'washer']),
      input: { width: 96, height: 64 },
      seed: 3,
      runId: run.id,
      snapshotId: run.snapshot!.id,
    });
    expect(model!.card.parameters).toBeGreaterThan(100_000);
    for (const name of ['AP', 'AP50', 'AP75']) expect(model!.card.metrics[name]).toBeGreaterThanOrEqual(0);
  });

  it('learns: the loss falls', async () => {
    const losses = [...(await valuesOf(whole.id, 'loss')).values()];
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(mean(losses.slice(-10))).toBeLessThan(0.9 * mean(losses.slice(0, 10)));
  });

  it('has every metric at every step, and AP at every evaluation', async () => {
    const { train, val } = whole.snapshot!.counts as { train: number; val: number };
    expect(train + val).toBe(pictures);
    const steps = Math.ceil((request.epochs! * train) / 4);
    const numbers = Array.from({ length: steps }, (_, i) => i + 1);
    for (const name of ['loss', 'loss/class', 'loss/box', 'learning_rate', 'images_per_second'])
      expect([...(await valuesOf(whole.id, name)).keys()], name).toEqual(numbers);
    const evaluated = await valuesOf(whole.id, 'val/AP50');
    expect(evaluated.size).toBeGreaterThan(3);
    expect([...evaluated.keys()].at(-1)).toBe(steps);
    for (const value of evaluated.values()) expect(value >= 0 && value <= 1).toBe(true);
    const [class_, box, sum] = await Promise.all(
      ['loss/class', 'loss/box', 'loss'].map((name) => valuesOf(whole.id, name)),
    );
    for (const step of numbers) expect(class_!.get(step)! + 2 * box!.get(step)!).toBeCloseTo(sum!.get(step)!, 5);
  });

  it('shows samples of validation pictures only', async () => {
    const artifacts = await listArtifacts(test.home, whole.id, 'samples/');
    expect(artifacts.length).toBeGreaterThan(3);
    expect(artifacts[0]!.name).toMatch(/^samples\/\d{4}\.json$/);
    const { bytes } = await readArtifact(test.home, whole.id, artifacts.at(-1)!.name);
    const sample = JSON.parse(Buffer.from(bytes).toString()) as {
      epoch: number;
      pictures: { sha256: string; width: number; groundTruth: { className: string; box: number[] }[] }[];
    };
    expect(sample.epoch).toBe(request.epochs);
    const manifest = await loadManifest(test.home, await createSnapshot(test.home, 'parts'));
    const val = new Set(manifest.filter(({ split }) => split === 'val').map(({ sha256 }) => sha256));
    expect(sample.pictures.length).toBe(Math.min(12, val.size));
    for (const picture of sample.pictures) {
      expect(val.has(picture.sha256)).toBe(true);
      const truth = manifest.find(({ sha256 }) => sha256 === picture.sha256)!;
      expect(picture.groundTruth.map(({ box }) => box)).toEqual(truth.annotations.map(({ box }) => box));
    }
  });

  it('tells how far it is', async () => {
    expect(progress[0]!.phase).toBe('preparing');
    expect(new Set(progress.map(({ phase }) => phase))).toContain('training');
    const steps = progress.map(({ step }) => step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    for (const { secondsLeft } of progress)
      if (secondsLeft !== undefined) expect(secondsLeft).toBeGreaterThanOrEqual(0);
    expect((await getRun(test.home, whole.id)).progress).toMatchObject({ phase: 'done', secondsLeft: 0 });
    expect(await logOf(whole.id)).toEqual(said);
    expect(said.join('\n')).toMatch(/pictures to train on.*3 classes[\s\S]*Epoch \d+: AP/);
    expect(said.join('\n')).not.toContain('Resumed');
  });

  it('leaves a model that predicts, and no checkpoint', async () => {
    expect(existsSync(checkpointOf(whole.id))).toBe(false);
    const detector = await openDetector(
      await test.home.blobs.localPath((await resolveModel(test.home, 'whole@champion')).sha256),
    );
    const { bytes } = await renderSamplePicture(1000);
    const [result] = await detector.predict([bytes], { confidence: 0.01 });
    expect(result).toMatchObject({ width: 480, height: 320 });
    expect(result!.detections.length).toBeGreaterThan(0);
    await detector.close();
  });

  it('is not done twice', async () => {
    const again = await executeRun(test.home, whole.id);
    expect(again.run.state).toBe('finished');
    expect(again.model).toMatchObject({ name: 'whole', version: 1 });
  });
});

describe('batches', () => {
  it('have the size that was asked for, however many threads there are', async () => {
    const run = await submitRun(test.home, { ...request, name: 'small', epochs: 1, batchSize: 2 });
    expect((await executeRun(test.home, run.id)).model!.card.recipe).toMatchObject({ batchSize: 2 });
  });

  it('are divided among threads as before when a run is resumed, whatever cores there are then', async () => {
    // As a run of a machine with three threads left it.
    const run = await submitRun(test.home, { ...request, name: 'moved', epochs: 4 });
    const plan = join(test.home.runFolder(run.id), 'plan.json');
    const stop = new AbortController();
    await executeRun(test.home, run.id, {
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step >= 1) stop.abort();
      },
    });
    const written = JSON.parse(await readFile(plan, 'utf8')) as { workers: number; batchSize: number };
    const { header, vectors } = (await readCheckpoint(checkpointOf(run.id)))!;
    const each = vectors.gradients!.length / written.workers;
    const gradients = new Float32Array(3 * each);
    for (let i = 0; i < 3; i++) gradients.set(vectors.gradients!.subarray(0, each), i * each);
    await writeCheckpoint(checkpointOf(run.id), { header, vectors: { ...vectors, gradients } });
    await writeFile(plan, JSON.stringify({ ...written, workers: 3, batchSize: 6 }));
    const { run: ended, model } = await executeRun(test.home, run.id);
    expect(ended.state).toBe('finished');
    expect(model!.card.recipe).toMatchObject({ batchSize: 6 });
    expect((await logOf(run.id)).join('\n')).toContain('batches of 6 in 3 threads');
  });
});

describe('a run that is interrupted', () => {
  it('stops, survives its trainer, goes on, and ends as if nothing had been: losses equal bit for bit', async () => {
    const run = await submitRun(test.home, { ...request, name: 'stopped' });
    const stop = new AbortController();
    const first = executeRun(test.home, run.id, {
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step >= 1) stop.abort();
      },
    });
    await until(async () => (await getRun(test.home, run.id)).state === 'running');
    await expect(executeRun(test.home, run.id)).rejects.toMatchObject({ code: 'run_busy' });
    const stopped = await first;
    expect(stopped.model).toBeNull();
    expect(stopped.run.state).toBe('stopped');
    const { header } = (await readCheckpoint(checkpointOf(run.id)))!;
    const metrics = await valuesOf(run.id, 'loss');
    expect(metrics.size).toBe(header.step);
    expect(header.step).toBeLessThan((await valuesOf(whole.id, 'loss')).size);

    // The same request asks for the run that was stopped. Its trainer dies now, as when memory runs out.
    expect((await submitRun(test.home, { ...request, name: 'stopped' })).id).toBe(run.id);
    let trainer: number | undefined;
    const before = new Set(childrenOf(process.pid));
    const second = executeRun(test.home, run.id, {
      onProgress: ({ phase }) => {
        if (phase !== 'training' || trainer) return;
        trainer = childrenOf(process.pid).find((pid) => !before.has(pid))!;
        process.kill(trainer, 'SIGKILL');
      },
    });
    await expect(second).rejects.toMatchObject({ code: 'trainer_died', message: expect.stringContaining('Resume') });
    const failed = await getRun(test.home, run.id);
    expect(failed.state).toBe('failed');
    expect(failed.error).toContain('SIGKILL');

    const { run: ended } = await executeRun(test.home, run.id);
    expect(ended).toMatchObject({ state: 'finished', error: null });
    expect((await logOf(run.id)).join('\n')).toContain(`Resumed from the checkpoint of step ${header.step}.`);
    for (const name of ['loss', 'loss/class', 'loss/box', 'learning_rate'])
      expect(await valuesOf(run.id, name), name).toEqual(await valuesOf(whole.id, name));
  });

  it('is taken over by the next process when its own is killed with SIGKILL', async () => {
    const run = await submitRun(test.home, { ...request, name: 'killed' });
    const program = fileURLToPath(new URL('./fixtures/execute-run.js', import.meta.url));
    const child = spawn(process.execPath, [program, test.path, run.id], { stdio: ['ignore', 'ignore', 'inherit'] });
    const gone = once(child, 'exit');
    await until(() => existsSync(checkpointOf(run.id)) || child.exitCode !== null);
    const trainers = childrenOf(child.pid!);
    child.kill('SIGKILL');
    await gone;
    expect(child.signalCode, 'the run was still going').toBe('SIGKILL');
    expect(trainers.length).toBeGreaterThan(0);
    await until(() => !trainers.some(lives));

    expect((await getRun(test.home, run.id)).state).toBe('running');
    expect((await listAbandonedRuns(test.home)).map(({ id }) => id)).toContain(run.id);
    expect((await submitRun(test.home, { ...request, name: 'killed' })).id).toBe(run.id);
    const { header } = (await readCheckpoint(checkpointOf(run.id)))!;
    const { run: ended, model } = await executeRun(test.home, run.id);
    expect(ended.state).toBe('finished');
    expect(model).toMatchObject({ name: 'killed', version: 1 });
    expect((await logOf(run.id)).join('\n')).toContain(`Resumed from the checkpoint of step ${header.step}.`);
    expect(await valuesOf(run.id, 'loss')).toEqual(await valuesOf(whole.id, 'loss'));
    expect((await stat(await test.home.blobs.localPath(model!.sha256))).size).toBe(model!.sizeBytes);
  });

  it('fails with the reason when its checkpoint is broken', async () => {
    const run = await submitRun(test.home, { ...request, name: 'broken' });
    await mkdir(test.home.runFolder(run.id), { recursive: true });
    await writeFile(checkpointOf(run.id), 'FOVEACK1 and no more');
    await expect(executeRun(test.home, run.id), 'no plan').rejects.toMatchObject({ code: 'broken_checkpoint' });
    await writeFile(join(test.home.runFolder(run.id), 'plan.json'), JSON.stringify({ workers: 1, batchSize: 4 }));
    await expect(executeRun(test.home, run.id)).rejects.toMatchObject({ code: 'broken_checkpoint' });
    expect(await getRun(test.home, run.id)).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('checkpoint'),
    });
  });
});
