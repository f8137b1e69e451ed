import { Worker } from 'node:worker_threads';
import { FoveaError } from '@fovea/annotations';
import type { Neighbours, VectorQuery } from './vector-set.js';

/** What the thread of an index is begun with. */
export interface IndexSettings {
  readonly kind: 'exact' | 'graph';
  readonly dimensions: number;
  readonly threads: number;
  /** Of a stored graph to begin with. */
  readonly path?: string;
}

/** What it is told. */
export type IndexRequest =
  | { readonly do: 'open' | 'close' }
  | { readonly do: 'put'; readonly mediaIds: Float64Array; readonly vectors: Float32Array }
  | { readonly do: 'remove'; readonly mediaIds: Float64Array }
  | { readonly do: 'search'; readonly queries: Float32Array; readonly asked: readonly VectorQuery[] }
  | { readonly do: 'save'; readonly path: string };

/** What it answers. */
export interface IndexReply {
  readonly id: number;
  readonly size: number;
  readonly found?: readonly Neighbours[];
  readonly error?: string;
}

/** Most queries that go through the vectors together. */
const MAX_BATCH = 32;
/** Batches on their way: the thread computes one while the answer of the other travels. */
const MAX_UNDERWAY = 2;

/** A vector set in a thread of its own. */
export interface IndexThread {
  readonly size: number;
  ask(request: IndexRequest): Promise<IndexReply>;
  /** Queries that wait are answered in batches: alone at once, many together. */
  search(query: Float32Array, asked: VectorQuery): Promise<Neighbours>;
  close(): Promise<void>;
}

interface Waiting {
  readonly query: Float32Array;
  readonly asked: VectorQuery;
  resolve(found: Neighbours): void;
  reject(error: unknown): void;
}

/** Begins the thread. @throws what opening it fails with, at the first `ask` */
export function openIndexThread(settings: IndexSettings): IndexThread {
  const worker = new Worker(new URL('./index-worker.js', import.meta.url), { workerData: settings });
  const pending = new Map<number, { resolve(reply: IndexReply): void; reject(error: unknown): void }>();
  const waiting: Waiting[] = [];
  let [lastId, size, underway] = [0, 0, 0];
  let ended: FoveaError | undefined;

  const end = (why: string, cause?: unknown) => {
    ended ??= new FoveaError('index_ended', `The thread of a vector index ended: ${why}.`, {}, { cause });
    for (const { reject } of [...pending.values(), ...waiting.splice(0)]) reject(ended);
    pending.clear();
  };
  worker.on('message', (reply: IndexReply) => {
    const asker = pending.get(reply.id);
    pending.delete(reply.id);
    if (pending.size === 0) worker.unref();
    if (reply.error === undefined) {
      size = reply.size;
      asker?.resolve(reply);
    } else asker?.reject(new FoveaError('index_failed', `A vector index failed: ${reply.error}`));
  });
  worker.on('error', (cause) => end(cause.message, cause));
  worker.on('exit', () => end('it was closed'));
  worker.unref();

  const ask = (request: IndexRequest, moved: ArrayBuffer[] = []) =>
    new Promise<IndexReply>((resolve, reject) => {
      if (ended) return reject(ended);
      const id = ++lastId;
      pending.set(id, { resolve, reject });
      // While somebody waits for an answer, the process must not end.
      worker.ref();
      worker.postMessage({ id, ...request }, moved);
    });

  const pump = () => {
    while (underway < MAX_UNDERWAY && waiting.length > 0) {
      const batch = waiting.splice(0, MAX_BATCH);
      const { dimensions } = settings;
      const queries = new Float32Array(batch.length * dimensions);
      batch.forEach(({ query }, at) => {
        queries.set(query, at * dimensions);
      });
      underway++;
      ask({ do: 'search', queries, asked: batch.map(({ asked }) => asked) }, [queries.buffer])
        .then(
          ({ found }) => {
            for (const [at, { resolve }] of batch.entries()) resolve(found![at]!);
          },
          (error: unknown) => {
            for (const { reject } of batch) reject(error);
          },
        )
        .finally(() => {
          underway--;
          pump();
        });
    }
  };

  return {
    get size() {
      return size;
    },
    ask,
    search: (query, asked) =>
      new Promise((resolve, reject) => {
        waiting.push({ query, asked, resolve, reject });
        // Those asked for in the same turn of the event loop go together.
        setImmediate(pump);
      }),
    async close() {
      if (ended) return;
      await ask({ do: 'close' }).catch(() => undefined);
      ended ??= new FoveaError('index_closed', 'The vector index was closed.');
      // Else a process with nothing more to do would end while it waits for this.
      worker.ref();
      await worker.terminate();
    },
  };
}
