import type { RunEvent } from '@fovea/api';
import { appendLog, logMetrics, putArtifact, setRunState, updateRunProgress } from '@fovea/registry';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, openTestApp } from './app.fixture.js';

let t: Awaited<ReturnType<typeof openTestApp>>;
beforeAll(async () => {
  t = await openTestApp();
  await t.api.createProject({ name: 'roads' });
});
afterAll(() => t.close());

const samples = (epoch: number) => JSON.stringify({ epoch, pictures: [] });
const progress = { phase: 'training', epoch: 1, epochs: 2, step: 5, steps: 10, loss: 1.5 } as const;

describe('runs', () => {
  test('are submitted, listed and shown', async () => {
    const run = await t.api.createRun('roads', { task: 'detection', epochs: 3, seed: 7 });
    expect(run).toMatchObject({
      project: 'roads',
      state: 'queued',
      params: { epochs: 3, seed: 7 },
      model: null,
      error: null,
    });
    expect((await t.api.listRuns('roads')).map((each) => each.id)).toContain(run.id);
    expect((await t.api.listRuns()).map((each) => each.id)).toContain(run.id);
    expect(await t.api.getRun(run.id)).toEqual(run);
  });

  test('what is asked for is checked', async () => {
    const submit = async (body: unknown, project = 'roads') =>
      failureOf(
        await t.request(`/projects/${project}/runs`, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      );
    expect(await submit({ task: 'juggling' })).toMatchObject({ code: 'invalid_body', status: 400 });
    expect(await submit({ task: 'detection', epochs: 0 })).toMatchObject({ code: 'invalid_body', status: 400 });
    expect(await submit({ task: 'detection', epochs: 1.5 })).toMatchObject({ code: 'invalid_body', status: 400 });
    expect(await submit({ task: 'detection', epoch: 1 })).toMatchObject({ code: 'invalid_body', status: 400 });
    for (const from of ['/etc/passwd', '../x', 'model.onnx', 'C:\\x', '', 'a/b']) {
      expect(await submit({ task: 'detection', from })).toMatchObject({ code: 'invalid_body', status: 400 });
    }
    expect(await submit({ task: 'detection', optimizer: 'guess' })).toMatchObject({
      code: 'invalid_body',
      status: 400,
    });
    expect(await submit({ task: 'detection' }, 'nope')).toMatchObject({ code: 'unknown_project', status: 404 });
    await expect(t.api.getRun('nope')).rejects.toMatchObject({ code: 'unknown_run', status: 404 });
    await expect(t.api.listRuns('nope')).rejects.toMatchObject({ code: 'unknown_project', status: 404 });
  });

  test('metrics come in pages, with null for what is no number', async () => {
    const { id } = await t.api.createRun('roads', { task: 'detection' });
    await logMetrics(t.home, id, [
      { name: 'loss', step: 1, value: 2 },
      { name: 'loss', step: 2, value: Number.NaN },
    ]);
    const first = await t.api.getRunMetrics(id);
    expect(first.points.map(({ name, step, value }) => [name, step, value])).toEqual([
      ['loss', 1, 2],
      ['loss', 2, null],
    ]);
    expect((await t.api.getRunMetrics(id, first.last)).points).toEqual([]);
    await logMetrics(t.home, id, [{ name: 'val/AP50', step: 2, epoch: 1, value: 0.5 }]);
    expect((await t.api.getRunMetrics(id, first.last)).points).toMatchObject([
      { name: 'val/AP50', epoch: 1, value: 0.5 },
    ]);
    expect((await t.api.getRun(id)).metrics).toEqual({ loss: null, 'val/AP50': 0.5 });
  });

  test('the log and the samples of an epoch', async () => {
    const { id } = await t.api.createRun('roads', { task: 'detection' });
    expect(await t.api.listRunSamples(id)).toEqual({ epochs: [], latest: null });
    await appendLog(t.home, id, ['one', 'two']);
    await putArtifact(t.home, id, 'samples/0001.json', samples(1), 'application/json');
    await putArtifact(t.home, id, 'samples/0010.json', samples(10), 'application/json');
    expect((await t.api.getRunLog(id)).map((line) => line.text)).toEqual(['one', 'two']);
    expect(await t.api.listRunSamples(id)).toEqual({ epochs: [1, 10], latest: { epoch: 10, pictures: [] } });
    expect(await t.api.getRunSamples(id, 1)).toEqual({ epoch: 1, pictures: [] });
    await expect(t.api.getRunSamples(id, 5)).rejects.toMatchObject({ code: 'unknown_epoch', status: 404 });
  });

  test('a run is stopped and resumed, a running one is not resumed', async () => {
    const { id } = await t.api.createRun('roads', { task: 'detection' });
    expect((await t.api.stopRun(id)).state).toBe('stopped');
    expect((await t.api.resumeRun(id)).state).toBe('queued');
    await expect(t.api.resumeRun(id)).rejects.toMatchObject({ code: 'run_running', status: 409 });
    await setRunState(t.home, id, 'finished');
    await expect(t.api.resumeRun(id)).rejects.toMatchObject({ code: 'run_finished', status: 409 });
  });

  test('a run is followed as it happens, until it has ended', async () => {
    const { id } = await t.api.createRun('roads', { task: 'detection' });
    await logMetrics(t.home, id, [{ name: 'loss', step: 1, value: 2 }]);
    const events: RunEvent[] = [];
    for await (const event of t.api.followRun(id)) {
      events.push(event);
      if (event.type === 'metrics' && events.filter((each) => each.type === 'metrics').length === 1) {
        await setRunState(t.home, id, 'running');
        await updateRunProgress(t.home, id, progress);
        await logMetrics(t.home, id, [{ name: 'loss', step: 2, value: 1 }]);
        await putArtifact(t.home, id, 'samples/0001.json', samples(1), 'application/json');
        await setRunState(t.home, id, 'finished');
      }
    }
    const types = events.map((event) => event.type);
    expect([types[0], types.at(-1)]).toEqual(['state', 'state']);
    expect(new Set(types)).toEqual(new Set(['state', 'progress', 'metrics', 'samples']));
    expect(events.findLast((event) => event.type === 'progress')?.data).toEqual(progress);
    expect(events.findLast((event) => event.type === 'samples')?.data).toEqual({ epochs: [1] });
    const states = events.flatMap((event) => (event.type === 'state' ? [event.data.state] : []));
    expect(states).toEqual(['queued', 'finished']);
    const points = events.flatMap((event) => (event.type === 'metrics' ? event.data.points : []));
    expect(points.map((point) => point.step)).toEqual([1, 2]);
  });

  test('following an unknown run is an error, and aborting ends it', async () => {
    const following = t.api.followRun('nope');
    await expect(following.next()).rejects.toMatchObject({ code: 'unknown_run', status: 404 });
    const { id } = await t.api.createRun('roads', { task: 'detection' });
    const stop = new AbortController();
    const events: string[] = [];
    for await (const event of t.api.followRun(id, { signal: stop.signal })) {
      events.push(event.type);
      stop.abort();
    }
    expect(events).toEqual(['state']);
  });
});
