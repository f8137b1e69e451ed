/** Something costly to open, kept warm between uses and closed when it is not used. */
export interface Closable {
  close(): Promise<void>;
}

/** Bounds of a {@link WarmPool}. */
export interface WarmPoolOptions {
  /** Most kept open; those in use are never closed, so for a moment there may be more. */
  readonly maxOpen: number;
  /** Closed after this long without use, in milliseconds. */
  readonly idleMs: number;
}

/** A bounded, least-recently-used pool of things by key. */
export interface WarmPool<T extends Closable> {
  /** Opens or reuses the thing of this key for the length of `use`; opening happens once, however many ask at once. */
  use<R>(key: string, open: () => Promise<T>, use: (thing: T) => Promise<R>): Promise<R>;
  /** Keys of what is open, least recently used first. */
  readonly keys: string[];
  /** Closes everything, after what is in use is done. */
  close(): Promise<void>;
}

interface Entry<T> {
  readonly thing: Promise<T>;
  users: number;
  timer?: NodeJS.Timeout;
}

/** Makes an empty pool. */
export function createWarmPool<T extends Closable>(options: WarmPoolOptions): WarmPool<T> {
  // Insertion order is the order of last use: an entry is put back at the end each time it is used.
  const entries = new Map<string, Entry<T>>();
  const closing = new Set<Promise<void>>();
  let closed = false;

  function drop(key: string, entry: Entry<T>): void {
    clearTimeout(entry.timer);
    entries.delete(key);
    const done = entry.thing.then(
      (thing) => thing.close(),
      () => undefined,
    );
    closing.add(done);
    void done.finally(() => closing.delete(done)).catch(() => undefined);
  }

  function trim(): void {
    for (const [key, entry] of entries) {
      if (entries.size <= options.maxOpen && !closed) return;
      if (entry.users === 0) drop(key, entry);
    }
  }

  return {
    async use(key, open, use) {
      if (closed) throw new Error('internal: the pool is closed');
      let entry = entries.get(key);
      if (entry) entries.delete(key);
      else entry = { thing: open(), users: 0 };
      entries.set(key, entry);
      clearTimeout(entry.timer);
      entry.users += 1;
      trim();
      try {
        return await use(await entry.thing);
      } catch (error) {
        // What could not be opened is forgotten, so that the next caller tries again.
        if (entries.get(key) === entry && (await failed(entry.thing))) entries.delete(key);
        throw error;
      } finally {
        entry.users -= 1;
        if (entry.users === 0 && entries.get(key) === entry) {
          const idle = entry;
          entry.timer = setTimeout(() => drop(key, idle), options.idleMs).unref();
        }
        trim();
      }
    },
    get keys() {
      return [...entries.keys()];
    },
    async close() {
      closed = true;
      for (;;) {
        trim();
        if (closing.size > 0) await Promise.allSettled(closing);
        else if (entries.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
        else return;
      }
    },
  };
}

async function failed(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    () => true,
  );
}
