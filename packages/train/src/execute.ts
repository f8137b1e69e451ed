import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { getSnapshot } from '@fovea/lake';
import {
  appendLog,
  claimRun,
  getRun,
  logMetrics,
  type MetricValue,
  type ModelVersion,
  putArtifact,
  type Run,
  registerModel,
  resolveModel,
  setRunState,
  updateRunProgress,
} from '@fovea/registry';
import type { Home } from '@fovea/store';
import { TrainError } from './error.js';
import { makePlan, planFiles, removePictures } from './make-plan.js';
import type { TrainerMessage } from './plan.js';
import type { RunProgress } from './progress.js';
import type { TrainSettings } from './request.js';
import { dataOf, locateIn } from './snapshot-data.js';
import { findSources } from './source.js';
import { followTrainer, type LastWord } from './trainer.js';

/** How a run is executed. */
export interface ExecuteOptions {
  /** Stops the run after its current step, with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly log?: (text: string) => void;
}

/** How often metrics and progress go to the database. */
const flushMs = 1000;

/** Follows the training process and brings what it says into the registry; resolves with its last word. */
async function supervise(
  home: Home,
  run: Run,
  planPath: string,
  options: ExecuteOptions & { signal: AbortSignal },
): Promise<LastWord> {
  let metrics: MetricValue[] = [];
  let progress: RunProgress | undefined;
  // Writes to the database follow one another, so that what is logged first is there first.
  let writing: Promise<unknown> = Promise.resolve();
  let broken: unknown;
  const kill = new AbortController();
  const write = (work: () => Promise<unknown>) => {
    writing = writing.then(work).catch((error) => {
      broken ??= error;
      kill.abort();
    });
  };
  const flush = () => {
    const values = metrics;
    const latest = progress;
    metrics = [];
    progress = undefined;
    if (values.length > 0) write(() => logMetrics(home, run.id, values));
    if (latest) write(() => updateRunProgress(home, run.id, latest));
  };
  const timer = setInterval(flush, flushMs);
  const onMessage = (message: TrainerMessage) => {
    if (message.type === 'metrics') metrics.push(...message.values);
    else if (message.type === 'progress') {
      progress = message.progress;
      options.onProgress?.(message.progress);
    } else if (message.type === 'log') {
      options.log?.(message.text);
      write(() => appendLog(home, run.id, message.text));
    } else if (message.type === 'samples') {
      const name = `samples/${String(message.epoch).padStart(4, '0')}.json`;
      const text = JSON.stringify({ epoch: message.epoch, pictures: message.pictures });
      flush();
      write(() => putArtifact(home, run.id, name, text, 'application/json'));
    }
  };
  let last: LastWord | undefined;
  let died: unknown;
  try {
    last = await followTrainer(planPath, {
      signal: options.signal,
      onMessage,
      kill: kill.signal,
      locate: locateIn(home),
    });
  } catch (error) {
    died = error;
  } finally {
    clearInterval(timer);
  }
  flush();
  await writing;
  // A process that was ended because the database failed is no news; that the database failed is.
  if (broken ?? died) throw broken ?? died;
  return last!;
}

/**
 * Executes a queued, stopped or abandoned run to its end: claims it, trains in a process of its own from the last
 * checkpoint on, registers the model.
 *
 * On `signal` the run is left in state `stopped` with a checkpoint. A run that fails is left in state `failed` with the
 * reason, and the error thrown.
 *
 * @throws TrainError `run_busy` where another live process executes it.
 */
export async function executeRun(
  home: Home,
  runId: string,
  options: ExecuteOptions = {},
): Promise<{ run: Run; model: ModelVersion | null }> {
  const lease = await claimRun(home, runId, 'trainer');
  if (!lease) throw new TrainError('run_busy', `Run ${runId} is being executed by another process.`, { run: runId });
  try {
    const before = await getRun(home, runId);
    if (before.state === 'finished') return { run: before, model: await modelOf(home, before) };
    if (!before.snapshot)
      throw new TrainError('no_snapshot', `Run ${runId} has no snapshot to train on.`, { run: runId });
    const run = await setRunState(home, runId, 'running');
    const snapshot = await getSnapshot(home, before.snapshot.id);
    const folder = home.runFolder(runId);
    await mkdir(folder, { recursive: true });
    const settings = run.params as unknown as TrainSettings;
    const sources = await findSources(settings, home);
    const places = { folder, cacheFolder: join(home.path, 'cache', 'samples'), locate: locateIn(home) };
    const plan = await makePlan(settings, dataOf(home, snapshot), sources, places);
    const signal = options.signal ? AbortSignal.any([options.signal, lease.signal]) : lease.signal;
    const last = await supervise(home, run, join(folder, planFiles.plan), { ...options, signal });
    if (last.type === 'failed') throw new TrainError(last.code, last.message);
    if (last.type === 'stopped') return { run: await setRunState(home, runId, 'stopped'), model: null };

    const model = await registerModel(home, {
      name: String(run.params.name ?? run.name),
      projectId: run.projectId,
      runId,
      onnxPath: plan.modelPath,
      card: {
        task: plan.task,
        classNames: plan.classNames,
        input: { width: plan.width, height: plan.height },
        metrics: { ...last.metrics },
        evaluation: last.evaluation,
        parameters: last.parameters,
        snapshotId: snapshot.id,
        runId,
        seed: plan.seed,
        recipe: {
          architecture: last.description,
          from: plan.source?.name ?? null,
          freeze: plan.source?.freeze ?? [],
          batchSize: plan.batchSize,
          optimizer: plan.optimizer,
          learningRate: plan.schedule.peak,
          weightDecay: plan.optimizer.weightDecay,
          schedule: plan.schedule,
          loss: plan.loss,
          augment: plan.augment,
          steps: last.step,
          epochs: Math.round((last.step * plan.batchSize) / Math.max(1, snapshot.counts.train)),
        },
        createdWith: 'fovea 0.1.0',
      },
    });
    await updateRunProgress(home, runId, {
      ...((await getRun(home, runId)).progress ?? {}),
      phase: 'done',
      secondsLeft: 0,
    });
    const finished = await setRunState(home, runId, 'finished');
    // The model is in the registry now; the checkpoint has served.
    await rm(plan.checkpointPath, { force: true });
    await rm(plan.modelPath, { force: true });
    await removePictures(plan);
    return { run: finished, model };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await setRunState(home, runId, 'failed', { error: message, from: ['queued', 'running', 'stopping'] });
    throw error;
  } finally {
    await lease.release();
  }
}

async function modelOf(home: Home, run: Run): Promise<ModelVersion | null> {
  return run.model ? resolveModel(home, `${run.model.name}@${run.model.version}`) : null;
}
