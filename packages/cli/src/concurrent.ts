/** Runs `work` over all items, at most `limit` at once, in order of start; stops starting when the signal aborts. */
export async function concurrent<I>(
  items: Iterable<I> | AsyncIterable<I>,
  limit: number,
  work: (item: I) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for await (const item of items) {
    if (signal?.aborted || failures.length > 0) break;
    const one: Promise<void> = work(item)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(one));
    running.add(one);
    if (running.size >= limit) await Promise.race(running);
  }
  await Promise.all(running);
  if (failures.length > 0 && !signal?.aborted) throw failures[0];
}
