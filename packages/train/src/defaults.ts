import { availableParallelism } from 'node:os';
import { type AugmentPolicy, augmentPolicies, parseAugmentPolicy } from '@fovea/image';
import type { Task } from '@fovea/models';
import type { OptimizerSettings, ScheduleSettings } from '@fovea/optim';
import { mainMetrics } from '@fovea/registry';
import { chooseInputSize } from './loading/input-size.js';
import type { PlannedSource } from './plan.js';
import type { TrainSettings } from './request.js';
import { type LossSettings, lossNames } from './settings.js';

/** Pixels of a training picture: what two cores get through some tens of times a second. */
const pixelBudgets: Readonly<Record<Task, number>> = {
  detection: 86_000,
  classification: 128 * 128,
  segmentation: 130_000,
  embedding: 128 * 128,
};

/** Learning rates at the usual batch sizes: from scratch, and from pretrained weights. */
const learningRates: Readonly<Record<OptimizerSettings['name'], readonly [scratch: number, pretrained: number]>> = {
  adamw: [2e-3, 1e-3],
  sgd: [0.05, 0.01],
  lion: [3e-4, 1e-4],
};

const weightDecays: Readonly<Record<OptimizerSettings['name'], number>> = { adamw: 0.05, sgd: 1e-4, lion: 0.5 };

const batchSizes: Readonly<Record<Task, number>> = { detection: 8, classification: 32, segmentation: 8, embedding: 32 };

/** What a request leaves open, chosen by task, data and where the weights come from. */
export interface Resolved {
  readonly width: number;
  readonly height: number;
  readonly batchSize: number;
  readonly accumulate: number;
  readonly workers: number;
  readonly optimizer: OptimizerSettings;
  readonly schedule: ScheduleSettings;
  readonly loss: LossSettings;
  readonly augment: AugmentPolicy;
  readonly monitor: string;
}

/** What of the pictures the choice goes by. */
export interface Counted {
  /** Pictures to train on. */
  readonly train: number;
  /** Of all pictures. */
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
}

/** How batches are divided among threads: a size that was asked for is kept to, by fewer threads where they would not share it. */
export function divide(
  asked: number | undefined,
  accumulate: number,
  usual: number,
  train: number,
): Pick<Resolved, 'workers' | 'batchSize' | 'accumulate'> {
  let workers = Math.min(4, Math.max(1, availableParallelism()));
  while (asked !== undefined && asked % (workers * accumulate) !== 0 && workers > 1) workers--;
  const parts = workers * accumulate;
  const share = Math.max(1, Math.floor((asked ?? Math.min(usual, Math.max(2, train))) / parts));
  return { workers, accumulate, batchSize: share * parts };
}

/** The input's size: as asked for, as the pretrained model wants it, or by the pictures' shape. */
function sizeFor(
  { task, imageSize }: TrainSettings,
  source: PlannedSource | null,
  sizes: Counted['sizes'],
): { width: number; height: number } {
  if (imageSize) return imageSize;
  if (task === 'classification' || task === 'embedding')
    return source ? { width: source.input.width, height: source.input.height } : { width: 128, height: 128 };
  return chooseInputSize(sizes, pixelBudgets[task], source?.input.multiple);
}

/** Fills in what `settings` leave open. */
export function resolveSettings(
  settings: TrainSettings,
  source: PlannedSource | null,
  { train, sizes }: Counted,
): Resolved {
  const { task, optimizer = 'adamw', schedule = 'cosine' } = settings;
  const peak = settings.learningRate ?? learningRates[optimizer][source ? 1 : 0];
  const warmUp = settings.warmUp === undefined ? {} : { warmUp: settings.warmUp };
  const usual = augmentPolicies[task];
  return {
    ...sizeFor(settings, source, sizes),
    ...divide(settings.batchSize, settings.accumulate ?? 1, batchSizes[task], train),
    optimizer: { name: optimizer, weightDecay: settings.weightDecay ?? weightDecays[optimizer], clipNorm: 10 },
    schedule: { name: schedule, peak, ...warmUp } as ScheduleSettings,
    loss: {
      name: settings.loss ?? lossNames[task][0],
      ...(settings.labelSmoothing === undefined ? {} : { labelSmoothing: settings.labelSmoothing }),
      ...(settings.box === undefined ? {} : { box: settings.box }),
    },
    augment: settings.augment === 'none' ? augmentPolicies.none : parseAugmentPolicy({ ...usual, ...settings.augment }),
    monitor: settings.monitor ?? mainMetrics[task]!,
  };
}
