import type { NewRun } from '@fovea/api';
import { openQueue } from '@fovea/jobs';
import { createSampleProject, getProject, listProjects } from '@fovea/lake';
import { getRun, listAbandonedRuns, listRuns, type Run, requestStop, setRunState } from '@fovea/registry';
import type { Home } from '@fovea/store';
import { executeRun, submitRun } from '@fovea/train';

/** The long work of a server: runs, one at a time, and the sample project. */
export interface RunWorker {
  submitRun(project: string, request: NewRun): Promise<Run>;
  resumeRun(runId: string): Promise<Run>;
  stopRun(runId: string): Promise<void>;
  listJobs: Awaited<ReturnType<typeof openQueue>>['list'];
  /** Lets the running run write its checkpoint and puts it back in the queue for the next start. */
  close(): Promise<void>;
}

/** Options of {@link startRunWorker}. */
export interface RunWorkerOptions {
  /** Without it, an empty home is given the sample project and its run. */
  readonly empty?: boolean;
  readonly log?: (text: string) => void;
}

/** The sample's project and its run: small enough to be done within minutes on two cores. */
export const sample = { project: 'sample', pictures: 240, timeLimitSeconds: 180 } as const;

/**
 * Starts working: takes up what an earlier process left (queued runs, and those whose process was killed), then waits for
 * more. Jobs are only pointers to runs: what a run is and how far it came is in the registry, so a job that comes twice
 * does nothing the second time.
 */
export async function startRunWorker(home: Home, options: RunWorkerOptions = {}): Promise<RunWorker> {
  const log = options.log ?? (() => undefined);
  const queue = await openQueue(home);
  const running = new Map<string, AbortController>();
  let closing = false;

  async function execute(runId: string, signal: AbortSignal): Promise<void> {
    const run = await getRun(home, runId);
    const abandoned = (await listAbandonedRuns(home)).some((each) => each.id === runId);
    if (closing || (run.state !== 'queued' && !abandoned)) return;
    const stop = new AbortController();
    running.set(runId, stop);
    try {
      log(`Run ${runId} (${run.name}) starts.`);
      const done = await executeRun(home, runId, { signal: AbortSignal.any([signal, stop.signal]) });
      if (closing && done.run.state === 'stopped') await setRunState(home, runId, 'queued', { from: ['stopped'] });
      log(`Run ${runId} (${run.name}) is ${done.run.state}.`);
    } catch (error) {
      // The run says itself why it failed; a job that failed too would only be tried again.
      log(`Run ${runId} (${run.name}) failed: ${(error as Error).message}`);
    } finally {
      running.delete(runId);
    }
  }

  async function makeSample(signal: AbortSignal): Promise<void> {
    log('Making the sample project.');
    await createSampleProject(home, { pictures: sample.pictures, signal });
    if (closing || signal.aborted || (await listRuns(home, sample.project)).length > 0) return;
    await submit(sample.project, { task: 'detection', timeLimitSeconds: sample.timeLimitSeconds });
  }

  async function submit(project: string, request: NewRun): Promise<Run> {
    const run = await submitRun(home, { project, ...request });
    return resume(run.id);
  }

  async function resume(runId: string): Promise<Run> {
    await setRunState(home, runId, 'queued', { from: ['stopped', 'failed'] });
    await queue.submit('run', { runId });
    return getRun(home, runId);
  }

  await queue.work(
    {
      run: async (data, { signal }) => execute((data as { runId: string }).runId, signal),
      sample: async (_data, { signal }) => makeSample(signal),
    },
    { concurrency: 1 },
  );
  const abandoned = await listAbandonedRuns(home);
  const left = [...abandoned, ...(await listRuns(home)).filter((run) => run.state === 'queued')];
  for (const run of left.reverse()) {
    // Killed while it was being stopped: it is what its owner wanted.
    if (run.state === 'stopping') await requestStop(home, run.id);
    else await queue.submit('run', { runId: run.id });
  }
  if (!options.empty && (await wantsSample(home))) await queue.submit('sample', {});

  return {
    submitRun: submit,
    resumeRun: resume,
    stopRun: async (runId) => {
      await requestStop(home, runId);
      running.get(runId)?.abort();
    },
    listJobs: () => queue.list(),
    close: async () => {
      closing = true;
      for (const stop of running.values()) stop.abort();
      await queue.close();
    },
  };
}

/** An empty home wants the sample, and so does one in which making it was cut short. */
async function wantsSample(home: Home): Promise<boolean> {
  const names = (await listProjects(home)).map((project) => project.name);
  if (names.length === 0) return true;
  if (names.length > 1 || names[0] !== sample.project) return false;
  const { counts } = await getProject(home, sample.project);
  return counts.runs === 0;
}
