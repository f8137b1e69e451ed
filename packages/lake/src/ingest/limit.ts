/** Work that goes on beside its giver, within bounds. */
export interface Limit {
  /**
   * Waits for room, and not for the task. Where one failed, the next call throws why.
   *
   * @param sizeBytes - what the task holds in memory
   */
  run(sizeBytes: number, task: () => Promise<void>): Promise<void>;
  /** Waits until nothing runs. @throws what the first task that failed threw */
  idle(): Promise<void>;
}

/** Runs tasks beside each other, so many and with so many bytes at most; a task that fails fails the next call. */
export function openLimit(atOnce: number, maxBytes: number): Limit {
  const running = new Set<Promise<void>>();
  let held = 0;
  let failure: { readonly error: unknown } | undefined;
  const settle = () => {
    if (failure) throw failure.error;
  };
  return {
    run: async (sizeBytes, task) => {
      while (running.size >= atOnce || (running.size > 0 && held + sizeBytes > maxBytes)) {
        await Promise.race(running);
        settle();
      }
      settle();
      held += sizeBytes;
      const run: Promise<void> = task()
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          held -= sizeBytes;
          running.delete(run);
        });
      running.add(run);
    },
    idle: async () => {
      while (running.size > 0) await Promise.race(running);
      settle();
    },
  };
}
