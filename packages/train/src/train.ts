import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { PictureStream } from './check-data.js';
import { TrainError } from './error.js';
import { makePlan, planFiles, removePictures } from './make-plan.js';
import type { RunProgress } from './progress.js';
import { checkRequest, defaultTimeLimitSeconds, type TrainSettings } from './request.js';
import { findSources } from './source.js';
import { followTrainer } from './trainer.js';

/** What {@link train} is told. */
export interface TrainOptions extends TrainSettings {
  /** Pictures may come one after another: they are gone through once, and not held. */
  readonly data: PictureStream;
  /** Where the trained model goes: one ONNX file. */
  readonly out: string;
  /**
   * A folder for checkpoints, made where there is none. With one, a training that was stopped or killed goes on when it
   * is asked for again; without, a temporary folder is used.
   */
  readonly folder?: string;
  /** Where decoded pictures are kept for the next training on them; by default in `folder`, for this training alone. */
  readonly cacheFolder?: string;
  /** Stops after the current step; with `folder`, what was reached is kept there. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly onMetric?: (metric: { name: string; step: number; epoch: number; value: number }) => void;
  readonly log?: (text: string) => void;
}

/** What a training has reached. */
export interface TrainedModel {
  /** The ONNX file. */
  readonly path: string;
  /** Figures on the validation pictures, by name. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Numbers that were learnt. */
  readonly parameters: number;
  readonly steps: number;
}

/**
 * Trains a model on pictures at hand, in a process of its own, and writes it as an ONNX file. No database is needed.
 *
 * @throws TrainError where settings or data do not allow it (before training starts), `stopped_early` after `signal`,
 *   `loss_not_finite`, `out_of_memory`, `trainer_died`.
 */
export async function train(options: TrainOptions): Promise<TrainedModel> {
  const { data, out, folder, cacheFolder, signal, onProgress, onMetric, log, ...given } = options;
  checkRequest(given);
  const open = given.epochs === undefined && given.timeLimitSeconds === undefined;
  const settings: TrainSettings = open ? { ...given, timeLimitSeconds: defaultTimeLimitSeconds } : given;
  const sources = await findSources(settings, null);
  const work = folder ? resolve(folder) : await mkdtemp(join(tmpdir(), 'fovea-train-'));
  try {
    await mkdir(work, { recursive: true });
    const kept = cacheFolder ? resolve(cacheFolder) : join(work, 'samples');
    const plan = await makePlan(settings, data, sources, { folder: work, cacheFolder: kept });
    const last = await followTrainer(join(work, planFiles.plan), {
      signal: signal ?? new AbortController().signal,
      onMessage(message) {
        if (message.type === 'progress') onProgress?.(message.progress);
        else if (message.type === 'metrics') for (const metric of message.values) onMetric?.(metric);
        else if (message.type === 'log') log?.(message.text);
      },
    });
    if (last.type === 'failed') throw new TrainError(last.code, last.message);
    if (last.type === 'stopped') {
      const kept = folder ? ` Ask again with the folder "${folder}" to go on.` : '';
      throw new TrainError('stopped_early', `Training was stopped after step ${last.step}.${kept}`, {
        step: last.step,
      });
    }
    await mkdir(dirname(resolve(out)), { recursive: true });
    await copyFile(plan.modelPath, out);
    // The model is where it was asked for; the checkpoint has served.
    await rm(plan.checkpointPath, { force: true });
    await removePictures(plan);
    if (!cacheFolder) await rm(kept, { recursive: true, force: true });
    return { path: out, metrics: last.metrics ?? {}, parameters: last.parameters, steps: last.step };
  } finally {
    if (!folder) await rm(work, { recursive: true, force: true });
  }
}
