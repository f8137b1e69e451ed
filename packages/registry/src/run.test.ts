import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { projects } from '@fovea/store';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  appendLog,
  claimRun,
  createRun,
  getLog,
  getMetrics,
  getRun,
  listAbandonedRuns,
  listArtifacts,
  listRuns,
  logMetrics,
  putArtifact,
  type Run,
  readArtifact,
  releaseRun,
  requestStop,
  setRunState,
  updateRunProgress,
} from './index.js';

const WORK = fileURLToPath(new URL('./fixtures/work-on-run.js', import.meta.url));
let test: TestHome;
let projectId: number;

beforeAll(async () => {
  test = await openTestHome();
  const [project] = await test.home.db.insert(projects).values({ name: 'p' }).returning();
  projectId = project!.id;
});

afterAll(() => test.remove());

const newRun = (): Promise<Run> =>
  createRun(test.home, { projectId, name: 'p', task: 'detection', params: { epochs: 3, seed: 0 } });

describe('a run', () => {
  it('is created queued, and goes through its states with their times', async () => {
    const run = await newRun();
    expect(run).toMatchObject({
      project: 'p',
      name: 'p',
      task: 'detection',
      state: 'queued',
      params: { epochs: 3, seed: 0 },
      snapshot: null,
      progress: null,
      error: null,
      startedAt: null,
      finishedAt: null,
      model: null,
      metrics: {},
    });
    const running = await setRunState(test.home, run.id, 'running');
    expect(running.startedAt).toBeInstanceOf(Date);
    await updateRunProgress(test.home, run.id, { phase: 'training', epoch: 1 });
    const failed = await setRunState(test.home, run.id, 'failed', { error: 'The disk is full.' });
    expect(failed).toMatchObject({
      state: 'failed',
      error: 'The disk is full.',
      progress: { phase: 'training', epoch: 1 },
    });
    expect(failed.finishedAt).toBeInstanceOf(Date);
    const resumed = await setRunState(test.home, run.id, 'running');
    expect(resumed).toMatchObject({ state: 'running', error: null, finishedAt: null, startedAt: running.startedAt });
    expect((await setRunState(test.home, run.id, 'stopped', { from: ['queued'] })).state).toBe('running');
    expect((await setRunState(test.home, run.id, 'finished')).state).toBe('finished');
  });

  it('is listed latest first, by project', async () => {
    const [first, second] = [await newRun(), await newRun()];
    const ids = (await listRuns(test.home, 'p')).map((run) => run.id);
    expect(ids.indexOf(second.id)).toBeLessThan(ids.indexOf(first.id));
    expect(await listRuns(test.home, 'nope')).toEqual([]);
    expect((await listRuns(test.home)).length).toBe(ids.length);
    const failure = await getRun(test.home, 'nope').catch((error) => error);
    expect(failure).toMatchObject({ code: 'unknown_run' });
    expect(failure.message).toContain(second.id);
  });
});

describe('metrics', () => {
  it('are kept by name and step; a step again replaces, and who reads on sees it', async () => {
    const run = await newRun();
    await logMetrics(test.home, run.id, []);
    await logMetrics(test.home, run.id, [
      { name: 'loss', step: 1, value: 3, epoch: 0 },
      { name: 'loss', step: 2, value: 2, epoch: 0.5 },
      { name: 'val/AP', step: 2, value: 0.5 },
      { name: 'loss', step: 2, value: 1.5, epoch: 0.5 },
    ]);
    const { points, last } = await getMetrics(test.home, run.id);
    expect(points.map(({ name, step, value, epoch }) => [name, step, value, epoch])).toEqual([
      ['loss', 1, 3, 0],
      ['loss', 2, 1.5, 0.5],
      ['val/AP', 2, 0.5, null],
    ]);
    expect(await getMetrics(test.home, run.id, { sinceId: last })).toEqual({ points: [], last });
    await logMetrics(test.home, run.id, [{ name: 'loss', step: 1, value: 4 }]);
    const more = await getMetrics(test.home, run.id, { sinceId: last });
    expect(more.points).toMatchObject([{ name: 'loss', step: 1, value: 4 }]);
    expect(more.last).toBeGreaterThan(last);
    expect((await getRun(test.home, run.id)).metrics).toEqual({
      loss: { value: 1.5, step: 2, epoch: 0.5 },
      'val/AP': { value: 0.5, step: 2, epoch: null },
    });
  });

  it('may be no number, or none that ends', async () => {
    const run = await newRun();
    const values = [Number.NaN, Infinity, -Infinity, -0.1, 5e-324, Number.MAX_VALUE, 0.1 + 0.2];
    await logMetrics(
      test.home,
      run.id,
      values.map((value, step) => ({ name: 'x', step, value })),
    );
    expect((await getMetrics(test.home, run.id)).points.map((point) => point.value)).toEqual(values);
  });
});

describe('a log', () => {
  it('is read in order, from its end or from where one was', async () => {
    const run = await newRun();
    await appendLog(test.home, run.id, ['one', 'two', 'th\0ree']);
    await appendLog(test.home, run.id, 'four');
    await appendLog(test.home, run.id, []);
    const { lines, last } = await getLog(test.home, run.id);
    expect(lines.map((line) => line.text)).toEqual(['one', 'two', 'three', 'four']);
    expect((await getLog(test.home, run.id, { limit: 2 })).lines.map((line) => line.text)).toEqual(['three', 'four']);
    expect((await getLog(test.home, run.id, { sinceId: lines[1]!.id, limit: 1 })).lines[0]!.text).toBe('three');
    expect(await getLog(test.home, run.id, { sinceId: last })).toEqual({ lines: [], last });
  });
});

describe('artifacts', () => {
  it('are files with a name, replaced by the same name', async () => {
    const run = await newRun();
    await putArtifact(test.home, run.id, 'samples/0002.json', '{"epoch":2}', 'application/json');
    await putArtifact(test.home, run.id, 'samples/0001.json', '{"epoch":0}', 'application/json');
    await putArtifact(test.home, run.id, 'samples/0001.json', '{"epoch":1}', 'application/json');
    await putArtifact(test.home, run.id, 'model_card', new Uint8Array([1, 2, 3]), 'application/octet-stream');
    expect((await listArtifacts(test.home, run.id)).map(({ name }) => name)).toEqual([
      'model_card',
      'samples/0001.json',
      'samples/0002.json',
    ]);
    expect(await listArtifacts(test.home, run.id, 'samples/')).toHaveLength(2);
    expect(await listArtifacts(test.home, run.id, 'model%')).toEqual([]);
    const first = await readArtifact(test.home, run.id, 'samples/0001.json');
    expect(first.mediaType).toBe('application/json');
    expect(new TextDecoder().decode(first.bytes)).toBe('{"epoch":1}');
    const failure = await readArtifact(test.home, run.id, 'nope').catch((error) => error);
    expect(failure).toMatchObject({ code: 'unknown_artifact' });
    expect(failure.message).toContain('samples/0002.json');
  });
});

describe('a lease', () => {
  it('is held by one', async () => {
    const run = await newRun();
    const lease = await claimRun(test.home, run.id, 'one');
    if (!lease) throw new Error('the run should be free');
    expect(await claimRun(test.home, run.id, 'two')).toBe(false);
    expect(lease.signal.aborted).toBe(false);
    await releaseRun(lease);
    const next = await claimRun(test.home, run.id, 'two');
    expect(next).not.toBe(false);
    await lease.release();
    expect(await claimRun(test.home, run.id, 'three')).toBe(false);
    if (next) await next.release();
    await expect(claimRun(test.home, 'nope', 'one')).rejects.toMatchObject({ code: 'unknown_run' });
  });

  it('of ten that try at once is got by one', async () => {
    const run = await newRun();
    const leases = await Promise.all(Array.from({ length: 10 }, (_, i) => claimRun(test.home, run.id, `${i}`)));
    expect(leases.filter((lease) => lease !== false)).toHaveLength(1);
  });

  it('of another machine is free when it has run out, not before', async () => {
    const run = await newRun();
    const hold = (seconds: number) =>
      test.home.pool.query(
        `update fovea.runs set lease_owner = 'x/elsewhere/1/y', lease_expires_at = now() + make_interval(secs => $2) where id = $1`,
        [run.id, seconds],
      );
    await hold(20);
    expect(await claimRun(test.home, run.id, 'me')).toBe(false);
    await hold(-1);
    expect(await claimRun(test.home, run.id, 'me')).not.toBe(false);
  });

  it('decides how a run is stopped', async () => {
    const queued = await newRun();
    expect((await requestStop(test.home, queued.id)).state).toBe('stopped');
    expect((await requestStop(test.home, queued.id)).state).toBe('stopped');

    const running = await newRun();
    const lease = await claimRun(test.home, running.id, 'me');
    await setRunState(test.home, running.id, 'running');
    expect((await requestStop(test.home, running.id)).state).toBe('stopping');
    if (lease) await lease.release();
    expect((await requestStop(test.home, running.id)).state).toBe('stopped');
  });
});

function work(runId: string, firstStep: number): ChildProcess {
  return spawn(process.execPath, [WORK, test.path, runId, String(firstStep)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

describe('a killed process', () => {
  it('loses no metric, line or file it said was saved, and its run can be claimed at once', async () => {
    const { home } = test;
    const run = await newRun();
    let said = -1;
    for (let round = 0; round < 4; round++) {
      const child = work(run.id, said + 1);
      const lines = createInterface(child.stdout!);
      const begun = once(lines, 'line');
      lines.on('line', (line) => {
        said = Number(line);
      });
      await begun;
      expect(await claimRun(home, run.id, 'test')).toBe(false);
      expect((await listAbandonedRuns(home)).map(({ id }) => id)).not.toContain(run.id);
      await sleep(Math.random() * 150);
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;

      const { points } = await getMetrics(home, run.id);
      const steps = (name: string) => points.filter((point) => point.name === name).map((point) => point.step);
      // Both metrics of a step come together, each step once, and none that was said is missing.
      expect(steps('loss')).toEqual(Array.from({ length: steps('loss').length }, (_, step) => step));
      expect(steps('learning_rate')).toEqual(steps('loss'));
      expect(steps('loss').length).toBeGreaterThan(said);
      const log = (await getLog(home, run.id)).lines.map((line) => line.text);
      const artifacts = await listArtifacts(home, run.id, 'samples/');
      for (let step = 0; step <= said; step++) expect(log).toContain(`step ${step}`);
      expect(artifacts.length).toBeGreaterThan(said);
      for (const { name } of artifacts) {
        const { bytes } = await readArtifact(home, run.id, name);
        expect(JSON.parse(new TextDecoder().decode(bytes)).step).toBe(Number(/\d+/.exec(name)![0]));
      }
      expect((await listAbandonedRuns(home)).map(({ id }) => id)).toContain(run.id);
    }
    const lease = await claimRun(home, run.id, 'test');
    expect(lease).not.toBe(false);
  });
});

describe('a killed database', () => {
  it('is waited for by what a run writes', async () => {
    const { home } = test;
    const run = await newRun();
    const pidFile = join(test.path, 'postgres', 'data', 'postmaster.pid');
    process.kill(Number((await readFile(pidFile, 'utf8')).split('\n')[0]), 'SIGKILL');
    await Promise.all([
      logMetrics(home, run.id, [{ name: 'loss', step: 1, value: 1 }]),
      appendLog(home, run.id, 'still here'),
      updateRunProgress(home, run.id, { epoch: 1 }),
      putArtifact(home, run.id, 'a.txt', 'a', 'text/plain'),
    ]);
    expect(await setRunState(home, run.id, 'running')).toMatchObject({ state: 'running', progress: { epoch: 1 } });
    expect((await getMetrics(home, run.id)).points).toHaveLength(1);
    expect((await getLog(home, run.id)).lines).toHaveLength(1);
    expect(await listArtifacts(home, run.id)).toHaveLength(1);
  });
});
