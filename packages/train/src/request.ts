import { TrainError } from './error.js';

/** What a person asks for. Where neither epochs nor a time limit is given, training takes `defaultTimeLimitSeconds`. */
export interface TrainRequest {
  readonly project: string;
  readonly task: 'detection';
  readonly epochs?: number;
  /** 0 by default. Equal seeds on one machine draw equal batches. */
  readonly seed?: number;
  readonly timeLimitSeconds?: number;
  /** Name of the model; the project's by default. */
  readonly name?: string;
  /** Pictures a step learns from, over all workers; a multiple of 2. */
  readonly batchSize?: number;
  /** Multiples of 32; chosen from the pictures' shape where left out. */
  readonly imageSize?: { readonly width: number; readonly height: number };
  readonly learningRate?: number;
}

/** Ten minutes. */
export const defaultTimeLimitSeconds = 600;

/** Throws `invalid_training_request` where a value makes no sense, saying what would. */
export function checkRequest(request: TrainRequest): void {
  const refuse = (name: string, value: unknown, right: string) => {
    throw new TrainError('invalid_training_request', `${name} is ${JSON.stringify(value)}; it must be ${right}.`, {
      name,
    });
  };
  const { epochs, seed, timeLimitSeconds, batchSize, imageSize, learningRate } = request;
  if (request.task !== 'detection') refuse('task', request.task, '"detection", the one task there is so far');
  if (epochs !== undefined && !(Number.isInteger(epochs) && epochs >= 1 && epochs <= 100_000))
    refuse('epochs', epochs, 'a whole number from 1 to 100000');
  if (seed !== undefined && !(Number.isInteger(seed) && Math.abs(seed) < 2 ** 31))
    refuse('seed', seed, 'a whole number below 2^31');
  if (timeLimitSeconds !== undefined && !(timeLimitSeconds >= 10 && timeLimitSeconds <= 30 * 86_400))
    refuse('timeLimitSeconds', timeLimitSeconds, 'from 10 seconds to 30 days');
  if (
    batchSize !== undefined &&
    !(Number.isInteger(batchSize) && batchSize >= 2 && batchSize <= 256 && batchSize % 2 === 0)
  )
    refuse('batchSize', batchSize, 'an even number from 2 to 256');
  if (learningRate !== undefined && !(learningRate > 0 && learningRate <= 1))
    refuse('learningRate', learningRate, 'above 0 and at most 1');
  for (const side of imageSize ? [imageSize.width, imageSize.height] : [])
    if (!(Number.isInteger(side) && side % 32 === 0 && side >= 64 && side <= 1280))
      refuse('imageSize', imageSize, 'two multiples of 32 from 64 to 1280');
}
