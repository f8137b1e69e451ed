import { getMetrics, getRun, listArtifacts, type Run } from '@fovea/registry';
import type { Home } from '@fovea/store';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { presentMetrics, presentRun } from './present.js';

const ended = new Set(['finished', 'failed', 'stopped']);

/** How often a followed run is looked at. Any process may work on it, so the database is what is watched. */
const lookMs = 500;
const keepAliveMs = 15_000;

/** Epochs of a run that have sample predictions, ascending. */
export async function sampleEpochs(home: Home, runId: string): Promise<number[]> {
  const artifacts = await listArtifacts(home, runId, 'samples/');
  return artifacts
    .map((artifact) => /^samples\/(\d+)\.json$/.exec(artifact.name)?.[1])
    .filter((epoch) => epoch !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * Streams a run's events until it has ended, the client went away or the server closes. `state` comes first and at every
 * change, the last one after everything else, so that a client which stops there has seen all.
 */
export async function streamRunEvents(
  c: Context,
  home: Home,
  runId: string,
  since: number | undefined,
  closing: AbortSignal,
): Promise<Response> {
  // Before the stream begins: an unknown run is answered 404 and not with an empty stream.
  let run = await getRun(home, runId);
  c.header('X-Accel-Buffering', 'no');
  return streamSSE(c, async (stream) => {
    let last = since ?? 0;
    let quietSince = Date.now();
    const sent = new Map<string, string>();
    const send = async (event: string, data: unknown) => {
      const text = JSON.stringify(data);
      if (sent.get(event) === text) return;
      sent.set(event, text);
      quietSince = Date.now();
      await stream.writeSSE({ event, data: text });
    };
    let state = '';
    const sendState = async (current: Run) => {
      const key = JSON.stringify([current.state, current.error, current.model]);
      if (key === state) return;
      state = key;
      await send('state', presentRun(current));
    };
    while (!stream.aborted && !closing.aborted) {
      const over = ended.has(run.state);
      if (!over) await sendState(run);
      if (run.progress) await send('progress', run.progress);
      const page = await getMetrics(home, runId, { sinceId: last, limit: 5000 });
      if (page.points.length > 0) await send('metrics', presentMetrics(page));
      last = page.last;
      const epochs = await sampleEpochs(home, runId);
      if (epochs.length > 0) await send('samples', { epochs });
      if (page.points.length === 5000) continue;
      if (over) return sendState(run);
      if (Date.now() - quietSince > keepAliveMs) {
        quietSince = Date.now();
        await stream.write(': still here\n\n');
      }
      await pause(lookMs, closing);
      if (closing.aborted || stream.aborted) return;
      run = await getRun(home, runId);
    }
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
