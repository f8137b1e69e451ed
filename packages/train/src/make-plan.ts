import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPictures, type PictureStream } from './check-data.js';
import { checkLabelMaps } from './check-label-maps.js';
import { resolveSettings } from './defaults.js';
import { TrainError } from './error.js';
import { openPictureIndex, rowsPathOf } from './loading/picture-index.js';
import { createPictureSource, type Locate } from './loading/picture-source.js';
import { writePictures } from './loading/write-pictures.js';
import type { TrainPlan } from './plan.js';
import type { TrainSettings } from './request.js';
import type { Sources } from './source.js';

/** Where things lie that a plan needs. */
export interface PlanPlaces {
  /** For the plan, the list of pictures, checkpoint and model. */
  readonly folder: string;
  /** For decoded pictures, shared by runs. */
  readonly cacheFolder: string;
  /** Finds bytes that are not where the data says. */
  readonly locate?: Locate;
}

/** Where a run's files lie in its folder. */
export const planFiles = { plan: 'plan.json', checkpoint: 'checkpoint', model: 'model.onnx' } as const;

/** The division of a run with a checkpoint: the checkpoint holds a gradient per thread, whatever cores there are now. */
async function division(folder: string): Promise<Pick<TrainPlan, 'workers' | 'batchSize' | 'accumulate'> | null> {
  if (!existsSync(join(folder, planFiles.checkpoint))) return null;
  const file = join(folder, planFiles.plan);
  try {
    const { workers, batchSize, accumulate } = JSON.parse(await readFile(file, 'utf8')) as TrainPlan;
    return { workers, batchSize, accumulate };
  } catch (cause) {
    throw new TrainError(
      'broken_checkpoint',
      `"${file}", which belongs to the checkpoint, cannot be read; delete the checkpoint to start the run afresh.`,
      { file },
      { cause },
    );
  }
}

/**
 * Settles everything a training process is told, and writes it to `plan.json` in the folder, where checkpoint and model
 * will lie too. Pictures are gone through once and written to files beside it, however many there are.
 *
 * @throws TrainError where the data cannot be trained on, see `checkData` and `checkLabelMaps`.
 */
export async function makePlan(
  settings: TrainSettings,
  data: PictureStream,
  sources: Sources,
  { folder, cacheFolder, locate }: PlanPlaces,
): Promise<TrainPlan> {
  const { train, val, sizes } = await writePictures(folder, checkPictures(settings, data));
  const index = await openPictureIndex(train);
  await checkLabelMaps(settings, data.classNames, index, createPictureSource(locate)).finally(index.close);
  const resolved = resolveSettings(settings, sources.from, { train: train.count, sizes });
  const { teacherPath } = sources;
  const plan: TrainPlan = {
    task: settings.task,
    classNames: data.classNames,
    train,
    val,
    cache: { folder: cacheFolder, bytes: settings.cacheBytes ?? null },
    source: sources.from,
    seed: settings.seed ?? 0,
    epochs: settings.epochs ?? null,
    timeLimitSeconds: settings.timeLimitSeconds ?? null,
    patience: settings.patience ?? null,
    device: (settings.device ?? 'cpu') as TrainPlan['device'],
    ...resolved,
    loss: teacherPath === undefined ? resolved.loss : { ...resolved.loss, teacherPath },
    ...(await division(folder)),
    checkpointPath: join(folder, planFiles.checkpoint),
    modelPath: join(folder, planFiles.model),
  };
  // Replaced as a whole: the next to resume reads it.
  const path = join(folder, planFiles.plan);
  await writeFile(`${path}.tmp`, JSON.stringify(plan));
  await rename(`${path}.tmp`, path);
  return plan;
}

/** Removes the list of pictures of a plan that has served: of a large data set it is large. */
export async function removePictures({ train, val }: TrainPlan): Promise<void> {
  for (const { path } of [train, val]) for (const file of [path, rowsPathOf(path)]) await rm(file, { force: true });
}
