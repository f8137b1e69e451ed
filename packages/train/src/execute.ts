import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { getSnapshot, readManifest, type Snapshot } from '@fovea/lake';
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
import { chooseInputSize } from './detection/input-size.js';
import type { DetectionPlan, TrainerMessage } from './detection/plan.js';
import { TrainError } from './error.js';
import type { RunProgress } from './progress.js';
import type { TrainRequest } from './request.js';

/** How a run is executed. */
export interface ExecuteOptions {
  /** Stops the run after its current step, with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly log?: (text: string) => void;
}

/** How often metrics and progress go to the database. */
const flushMs = 1000;

type Division = Pick<DetectionPlan, 'workers' | 'batchSize'>;

/** How batches are divided among threads: a size that was asked for is kept to, by fewer threads where they would not share it. */
function divide(asked: number | undefined, train: number): Division {
  let workers = Math.min(4, Math.max(1, availableParallelism()));
  while (asked !== undefined && asked % workers !== 0) workers--;
  const share = Math.max(1, Math.floor((asked ?? Math.min(8, Math.max(2, train))) / workers));
  return { workers, batchSize: share * workers };
}

/** The division of a run with a checkpoint: the checkpoint holds a gradient per thread, whatever cores there are now. */
async function division(folder: string): Promise<Division | null> {
  if (!existsSync(join(folder, 'checkpoint'))) return null;
  try {
    const { workers, batchSize } = JSON.parse(await readFile(join(folder, 'plan.json'), 'utf8')) as DetectionPlan;
    return { workers, batchSize };
  } catch (cause) {
    const file = join(folder, 'plan.json');
    throw new TrainError(
      'broken_checkpoint',
      `"${file}", which belongs to the checkpoint, cannot be read; delete the checkpoint to start the run afresh.`,
      { file },
      { cause },
    );
  }
}

async function writePlan(home: Home, run: Run, snapshot: Snapshot, folder: string): Promise<DetectionPlan> {
  const params = run.params as Partial<TrainRequest>;
  const manifest = await readManifest(home, snapshot);
  const size = params.imageSize ?? chooseInputSize(manifest);
  const train = manifest.filter(({ split }) => split === 'train').length;
  const { workers, batchSize } = (await division(folder)) ?? divide(params.batchSize, train);
  const plan: DetectionPlan = {
    classNames: snapshot.classNames,
    pictures: manifest.map((picture) => ({ ...picture, path: home.blobs.pathOf(picture.sha256) })),
    seed: params.seed ?? 0,
    epochs: params.epochs ?? null,
    timeLimitSeconds: params.timeLimitSeconds ?? null,
    batchSize,
    workers,
    ...size,
    learningRate: params.learningRate ?? 2e-3,
    weightDecay: 0.05,
    checkpointPath: join(folder, 'checkpoint'),
    modelPath: join(folder, 'model.onnx'),
  };
  // Replaced as a whole: the next to resume reads it.
  const path = join(folder, 'plan.json');
  await writeFile(`${path}.tmp`, JSON.stringify(plan));
  await rename(`${path}.tmp`, path);
  return plan;
}

/** Runs the training process and brings what it says into the registry; resolves with its last word. */
async function supervise(
  home: Home,
  run: Run,
  planPath: string,
  options: ExecuteOptions & { signal: AbortSignal },
): Promise<Extract<TrainerMessage, { type: 'finished' | 'stopped' | 'failed' }>> {
  const child = fork(new URL('./trainer-process.js', import.meta.url), [planPath], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  let metrics: MetricValue[] = [];
  let progress: RunProgress | undefined;
  // Writes to the database follow one another, so that what is logged first is there first.
  let writing: Promise<unknown> = Promise.resolve();
  let broken: unknown;
  const write = (work: () => Promise<unknown>) => {
    writing = writing.then(work).catch((error) => {
      broken ??= error;
      child.kill('SIGKILL');
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
  const stop = () => child.connected && child.send('stop');
  options.signal.addEventListener('abort', stop);
  let complaint = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000);
  });

  let last: Extract<TrainerMessage, { type: 'finished' | 'stopped' | 'failed' }> | undefined;
  child.on('message', (raw) => {
    const message = raw as TrainerMessage;
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
    } else if (message.type !== 'checkpoint') last = message;
  });
  if (options.signal.aborted) stop();
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve(exitCode ?? signal));
  }).finally(() => {
    clearInterval(timer);
    options.signal.removeEventListener('abort', stop);
  });
  flush();
  await writing;
  if (broken) throw broken;
  if (last) return last;
  const detail = complaint.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? '';
  throw new TrainError(
    'trainer_died',
    `The training process ended (${code}) without a word${detail ? `: ${detail}` : ', as when memory runs out; try a smaller batch or picture size'}. ` +
      'Resume the run to go on from its last checkpoint.',
  );
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
    const plan = await writePlan(home, run, snapshot, folder);
    const signal = options.signal ? AbortSignal.any([options.signal, lease.signal]) : lease.signal;
    const last = await supervise(home, run, join(folder, 'plan.json'), { ...options, signal });
    if (last.type === 'failed') throw new TrainError(last.code, last.message);
    if (last.type === 'stopped') return { run: await setRunState(home, runId, 'stopped'), model: null };

    const model = await registerModel(home, {
      name: String(run.params.name ?? run.name),
      projectId: run.projectId,
      runId,
      onnxPath: plan.modelPath,
      card: {
        task: 'detection',
        classNames: plan.classNames,
        input: { width: plan.width, height: plan.height },
        metrics: { ...numbersOf(last.metrics) },
        evaluation: last.metrics,
        parameters: last.parameters,
        snapshotId: snapshot.id,
        runId,
        seed: plan.seed,
        recipe: {
          architecture: 'anchor-free one-stage, strides 8 to 32',
          batchSize: plan.batchSize,
          learningRate: plan.learningRate,
          weightDecay: plan.weightDecay,
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

function numbersOf(metrics: object | null): Record<string, number | null> {
  const entries = Object.entries(metrics ?? {}).filter(([, value]) => typeof value === 'number' || value === null);
  return Object.fromEntries(entries) as Record<string, number | null>;
}
