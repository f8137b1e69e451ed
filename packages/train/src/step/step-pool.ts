import { Worker } from 'node:worker_threads';
import { TrainError } from '../error.js';
import type { StepReply, StepRequest, StepWorkerData } from './step-protocol.js';

type ReplyOf<T extends StepRequest['type']> = Extract<StepReply, { type: T }>;

/** Threads that each run the training step on their share of every batch. */
export interface StepPool {
  /** Sends one request to a worker; one at a time each. */
  ask<T extends StepRequest>(worker: number, request: T): Promise<ReplyOf<T['type']>>;
  close(): Promise<void>;
}

/** Starts the workers and waits until each has loaded its graphs. */
export async function openStepPool(data: readonly StepWorkerData[]): Promise<StepPool> {
  const workers = data.map((workerData) => new Worker(new URL('./step-worker.js', import.meta.url), { workerData }));
  const waiting = workers.map(
    (): { resolve: (reply: StepReply) => void; reject: (error: Error) => void } | undefined => undefined,
  );
  const ended: (Error | undefined)[] = [];
  workers.forEach((worker, index) => {
    const settle = (result: StepReply | Error) => {
      const waiter = waiting[index];
      waiting[index] = undefined;
      if (result instanceof Error) waiter?.reject(result);
      else if (result.type === 'failed') waiter?.reject(new TrainError(result.code, result.message));
      else waiter?.resolve(result);
    };
    worker.on('message', (reply: StepReply) => settle(reply));
    worker.on('error', (error) => settle(error as Error));
    worker.on('exit', () => {
      ended[index] = new TrainError('step_worker_ended', 'A training thread ended unexpectedly.');
      settle(ended[index]);
    });
  });
  const answers = workers.map((): Promise<unknown> => Promise.resolve());
  const expect = (index: number) => {
    const answer = new Promise<StepReply>((resolve, reject) => {
      waiting[index] = { resolve, reject };
    });
    answers[index] = answer;
    return answer;
  };
  const close = async () => {
    // A thread that is terminated while onnxruntime computes in it takes the whole process along.
    await Promise.allSettled(answers);
    await Promise.all(workers.map((worker) => worker.terminate()));
  };
  await Promise.all(workers.map((_, index) => expect(index))).catch(async (error) => {
    await close();
    throw error;
  });
  return {
    async ask<T extends StepRequest>(index: number, request: T) {
      if (ended[index]) throw ended[index];
      const reply = expect(index);
      workers[index]!.postMessage(request);
      return (await reply) as ReplyOf<T['type']>;
    },
    close,
  };
}
