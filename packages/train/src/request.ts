import { type AugmentPolicy, parseAugmentPolicy } from '@fovea/image';
import { type Task, tasks } from '@fovea/models';
import { type OptimizerSettings, optimizerNames, type ScheduleSettings, scheduleNames } from '@fovea/optim';
import { deviceNames } from '@fovea/runtime';
import { TrainError } from './error.js';
import { type LossSettings, lossNames } from './settings.js';

/** How a model is to be trained; what is left out is chosen by task and data (see `defaultsOf`). */
export interface TrainSettings {
  readonly task: Task;
  /** A pretrained model to start from: a name of the catalogue, a registered model, or an ONNX file. */
  readonly from?: string;
  /** Patterns of the pretrained model's initializers that stay as they are; `*` stands for anything. */
  readonly freeze?: readonly string[];
  /** Tensors at which the pretrained model is cut and a new head attached. */
  readonly cut?: readonly string[];
  readonly epochs?: number;
  /** Seconds after which training is to be finished; 600 where neither this nor epochs is given. */
  readonly timeLimitSeconds?: number;
  /** 0 by default. Equal seeds on one machine draw equal batches. */
  readonly seed?: number;
  /** Pictures the optimizer sees at a time, over all threads and turns. */
  readonly batchSize?: number;
  /** Turns into which a batch is divided, so that a large one fits memory. */
  readonly accumulate?: number;
  /** Multiples of 32; chosen from the pictures' shape where left out. */
  readonly imageSize?: { readonly width: number; readonly height: number };
  readonly learningRate?: number;
  readonly optimizer?: OptimizerSettings['name'];
  readonly weightDecay?: number;
  readonly schedule?: ScheduleSettings['name'];
  /** Part of the training in which the learning rate rises, in [0, 1). */
  readonly warmUp?: number;
  /** A name among `lossNames` of the task. */
  readonly loss?: string;
  readonly labelSmoothing?: number;
  readonly box?: NonNullable<LossSettings['box']>;
  /** A model whose answers are learnt along with the labels: named as in `from`. */
  readonly teacher?: string;
  /** What differs from the task's usual augmentation, or "none". */
  readonly augment?: Partial<AugmentPolicy> | 'none';
  /** The metric that decides which weights are kept; by task in `mainMetrics`. */
  readonly monitor?: string;
  /** Evaluations without a better one after which training ends. */
  readonly patience?: number;
  /** Where the numbers are computed: "cpu" by default. */
  readonly device?: string;
  /** Bytes of decoded pictures kept on disk at the most, 0 for none; 50 GB by default, and a fifth of the disk stays free. */
  readonly cacheBytes?: number;
  /** Goes on where a class has no training pictures. */
  readonly allowEmptyClasses?: boolean;
}

/** What a person asks for. */
export interface TrainRequest extends TrainSettings {
  readonly project: string;
  /** Name of the model; the project's by default. */
  readonly name?: string;
}

/** Ten minutes. */
export const defaultTimeLimitSeconds = 600;

/** Throws `invalid_training_request` where a value makes no sense, saying what would. */
export function checkRequest(request: TrainSettings): void {
  const refuse = (name: string, value: unknown, right: string): never => {
    throw new TrainError('invalid_training_request', `${name} is ${JSON.stringify(value)}; it must be ${right}.`, {
      name,
    });
  };
  const among = (name: string, value: unknown, known: readonly unknown[]) => {
    if (value !== undefined && !known.includes(value)) refuse(name, value, `one of ${known.join(', ')}`);
  };
  const whole = (name: string, value: number | undefined, low: number, high: number) => {
    if (value !== undefined && !(Number.isInteger(value) && value >= low && value <= high))
      refuse(name, value, `a whole number from ${low} to ${high}`);
  };
  const within = (name: string, value: number | undefined, holds: (x: number) => boolean, right: string) => {
    if (value !== undefined && !holds(value)) refuse(name, value, right);
  };
  if (!tasks.includes(request.task)) refuse('task', request.task, `one of ${tasks.join(', ')}`);
  whole('epochs', request.epochs, 1, 100_000);
  within('seed', request.seed, (x) => Number.isInteger(x) && Math.abs(x) < 2 ** 31, 'a whole number below 2^31');
  within(
    'timeLimitSeconds',
    request.timeLimitSeconds,
    (x) => x >= 10 && x <= 30 * 86_400,
    'from 10 seconds to 30 days',
  );
  whole('batchSize', request.batchSize, 2, 4096);
  within('batchSize', request.batchSize, (x) => x % 2 === 0, 'an even number');
  whole('accumulate', request.accumulate, 1, 1024);
  const { accumulate = 1, batchSize } = request;
  if (batchSize !== undefined && batchSize % accumulate !== 0)
    refuse('accumulate', accumulate, `a divisor of the batch size, ${batchSize}`);
  within('learningRate', request.learningRate, (x) => x > 0 && x <= 10, 'above 0 and at most 10');
  within('weightDecay', request.weightDecay, (x) => x >= 0 && x <= 10, 'from 0 to 10');
  within('warmUp', request.warmUp, (x) => x >= 0 && x < 1, 'from 0 to below 1');
  within('labelSmoothing', request.labelSmoothing, (x) => x >= 0 && x < 1, 'from 0 to below 1');
  whole('cacheBytes', request.cacheBytes, 0, Number.MAX_SAFE_INTEGER);
  whole('patience', request.patience, 1, 10_000);
  among('device', request.device, deviceNames);
  among('optimizer', request.optimizer, optimizerNames);
  among('schedule', request.schedule, scheduleNames);
  among('loss', request.loss, lossNames[request.task]);
  among('box', request.box, ['giou', 'diou', 'ciou', 'iou']);
  for (const side of request.imageSize ? [request.imageSize.width, request.imageSize.height] : [])
    if (!(Number.isInteger(side) && side % 32 === 0 && side >= 32 && side <= 2048))
      refuse('imageSize', request.imageSize, 'two multiples of 32 from 32 to 2048');
  for (const name of ['freeze', 'cut'] as const)
    if (request[name] !== undefined && request.from === undefined)
      refuse(name, request[name], 'left out where there is no model to start from');
  if (request.teacher !== undefined && request.task !== 'classification')
    refuse('teacher', request.teacher, 'left out: only classification learns from a teacher');
  if (request.augment !== undefined && request.augment !== 'none') parseAugmentPolicy(request.augment);
}
