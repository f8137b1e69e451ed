import { FoveaError } from '@fovea/annotations';

/** Bounds of a {@link Batcher}. */
export interface BatcherOptions {
  /** Most items run together. */
  readonly maxBatch: number;
  /** Most items that may wait; beyond, callers are turned away at once instead of waiting for ever. */
  readonly maxWaiting: number;
}

/** Gathers single items into batches while an earlier batch runs. */
export interface Batcher<I, O> {
  /**
   * Resolves with the item's own output. Items with the same `key` may ride in one batch.
   *
   * @throws FoveaError `overloaded` when too many wait; what `run` throws, to every item of its batch.
   */
  submit(item: I, key: string): Promise<{ output: O; queueMs: number }>;
  /** Items waiting or running. */
  readonly pending: number;
  /** Resolves when nothing waits or runs any more. */
  drained(): Promise<void>;
}

interface Waiting<I, O> {
  readonly item: I;
  readonly key: string;
  readonly since: number;
  resolve(result: { output: O; queueMs: number }): void;
  reject(error: unknown): void;
}

/**
 * Dynamic batching without a timer: an idle batcher runs an item at once, and what arrives meanwhile forms the next
 * batch. A lone caller pays no delay, many get the throughput of batches as large as the load asks for.
 *
 * @param run answers one output per item, in order
 */
export function createBatcher<I, O>(
  run: (items: I[], key: string) => Promise<readonly O[]>,
  options: BatcherOptions,
): Batcher<I, O> {
  const waiting: Waiting<I, O>[] = [];
  const idle: (() => void)[] = [];
  let running = 0;

  async function pump(): Promise<void> {
    while (running === 0 && waiting.length > 0) {
      const batch = takeBatch();
      running = batch.length;
      const startedAt = performance.now();
      try {
        const outputs = await run(
          batch.map((entry) => entry.item),
          batch[0]!.key,
        );
        if (outputs.length !== batch.length) throw new Error('internal: a batch must answer one output per item');
        for (const [index, entry] of batch.entries()) {
          entry.resolve({ output: outputs[index]!, queueMs: startedAt - entry.since });
        }
      } catch (error) {
        for (const entry of batch) entry.reject(error);
      } finally {
        running = 0;
      }
    }
    if (running === 0 && waiting.length === 0) for (const resolve of idle.splice(0)) resolve();
  }

  /** The oldest item and the next ones of its key; other keys keep their places, so that nobody waits for ever. */
  function takeBatch(): Waiting<I, O>[] {
    const key = waiting[0]!.key;
    const batch: Waiting<I, O>[] = [];
    for (let index = 0; index < waiting.length && batch.length < options.maxBatch; ) {
      if (waiting[index]!.key === key) batch.push(...waiting.splice(index, 1));
      else index += 1;
    }
    return batch;
  }

  return {
    submit: (item, key) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= options.maxWaiting) {
          reject(
            new FoveaError('overloaded', `${waiting.length} pictures wait for this model already: try again later.`, {
              waiting: waiting.length,
            }),
          );
          return;
        }
        waiting.push({ item, key, since: performance.now(), resolve, reject });
        void pump();
      }),
    get pending() {
      return waiting.length + running;
    },
    drained: () =>
      waiting.length + running === 0 ? Promise.resolve() : new Promise<void>((resolve) => idle.push(resolve)),
  };
}
