import { availableParallelism } from 'node:os';
import { FoveaError } from '@fovea/annotations';
import type { Home } from '@fovea/store';
import { requireEmbeddings } from './embeddings.js';
import { type IndexState, indexBytes, openVectorIndex, type VectorIndex } from './vector-index.js';

/** A picture found near a vector. */
export interface SimilarMedia {
  readonly mediaId: number;
  /** Cosine of the two vectors, in [-1, 1]. */
  readonly similarity: number;
}

/** Bounds of {@link openVectorIndexes}. */
export interface VectorIndexesOptions {
  /** What open indexes take together; those least recently used are let go. Default 1.5 GB. */
  readonly memoryBytes?: number;
  /**
   * Sets of more numbers (vectors times dimensions) than this are searched by a graph, approximately; smaller ones
   * exactly. Default 150 million: 293,000 vectors of 512.
   */
  readonly exactNumbers?: number;
  /** Threads of a search, by default one a core. */
  readonly threads?: number;
}

/** Choices of a search. */
export interface SearchOptions {
  /** Only these pictures. */
  readonly only?: Iterable<number>;
  readonly signal?: AbortSignal;
}

/** The vector indexes of a home, opened as they are asked for. */
export interface VectorIndexes {
  /**
   * The pictures of a project whose vectors are nearest to `query` by the cosine, nearest first, equals by ascending id;
   * fewer than `count` where there are not as many. Holds all that was saved before the call.
   *
   * @param query of any length but 0
   * @throws FoveaError `no_embeddings`, `wrong_dimensions`, `bad_vector`, `bad_count`; `index_in_the_making` with `done`
   *   and `total` while a graph is made; `index_too_large` for one that would take more memory than there may be
   */
  search(
    projectId: number,
    model: string,
    query: Float32Array,
    count: number,
    options?: SearchOptions,
  ): Promise<SimilarMedia[]>;
  /** Opens an index and waits until it is made. @throws as `search` */
  prepare(
    projectId: number,
    model: string,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
  ): Promise<IndexState>;
  /** The indexes that are open, least recently used first. */
  readonly open: readonly ({ readonly projectId: number; readonly model: string } & IndexState)[];
  close(): Promise<void>;
}

/** A picture is asked for at most so many neighbours. */
const MAX_COUNT = 10_000;

interface Held {
  readonly projectId: number;
  readonly model: string;
  readonly index: Promise<VectorIndex>;
  opened?: VectorIndex;
  users: number;
}

/** Opens the vector indexes of a home: nothing is read before the first search. Whoever opens them closes them. */
export function openVectorIndexes(home: Home, options: VectorIndexesOptions = {}): VectorIndexes {
  const { memoryBytes = 1.5e9, exactNumbers = 150e6, threads = availableParallelism() } = options;
  const held = new Map<string, Held>();
  const closing = new Set<Promise<void>>();
  let closed = false;

  const openOne = async (projectId: number, model: string): Promise<VectorIndex> => {
    const dimensions = await requireEmbeddings(home, projectId, model);
    const { rows } = await home.pool.query<{ total: number }>(
      'select count(*)::integer as total from fovea.embeddings where project_id = $1 and model = $2',
      [projectId, model],
    );
    const { total } = rows[0]!;
    const kind = total * dimensions <= exactNumbers ? 'exact' : 'graph';
    const needed = indexBytes(kind, total, dimensions);
    if (needed > memoryBytes)
      throw new FoveaError(
        'index_too_large',
        `An index over the ${total} vectors of ${model} would take about ${gigabytes(needed)}, more than the ` +
          `${gigabytes(memoryBytes)} that vector indexes may take here.`,
        { needed, memoryBytes },
      );
    return openVectorIndex({ home, projectId, model, dimensions, kind, total, threads });
  };

  const drop = (key: string, entry: Held) => {
    if (held.get(key) === entry) held.delete(key);
    const end = entry.index.then((index) => index.close()).catch(() => undefined);
    closing.add(end);
    void end.finally(() => closing.delete(end));
  };

  /** Lets go of what is least recently used and not in use, until the rest fits. */
  const trim = (keep: string) => {
    const bytes = () => [...held.values()].reduce((sum, { opened }) => sum + (opened?.state.sizeBytes ?? 0), 0);
    for (const [key, entry] of held) {
      if (bytes() <= memoryBytes) return;
      if (key !== keep && entry.users === 0) drop(key, entry);
    }
  };

  const use = async <T>(projectId: number, model: string, work: (index: VectorIndex) => Promise<T>): Promise<T> => {
    if (closed) throw new FoveaError('index_closed', 'The vector indexes were closed.');
    const key = `${projectId} ${model}`;
    const entry = held.get(key) ?? { projectId, model, index: openOne(projectId, model), users: 0 };
    // Last in the order of the map: the most recently used.
    held.delete(key);
    held.set(key, entry);
    entry.users++;
    try {
      const index = await entry.index;
      entry.opened = index;
      trim(key);
      return await work(index);
    } catch (error) {
      // One that could not be opened, or broke, is opened anew next time.
      const ended = error instanceof FoveaError && error.code === 'index_ended';
      const broken = !entry.opened || ended || (await failed(entry.opened));
      if (broken && held.get(key) === entry) drop(key, entry);
      throw await home.explain(error);
    } finally {
      entry.users--;
      const { opened } = entry;
      const outgrown = opened?.state.kind === 'exact' && opened.state.size * opened.state.dimensions > 2 * exactNumbers;
      if (outgrown && entry.users === 0 && held.get(key) === entry) drop(key, entry);
    }
  };

  return {
    async search(projectId, model, query, count, { only, signal } = {}) {
      signal?.throwIfAborted();
      if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT)
        throw new FoveaError('bad_count', `1 to ${MAX_COUNT} pictures can be asked for, not ${count}.`, { count });
      const unit = unitVector(query);
      return use(projectId, model, async (index) => {
        const { dimensions } = index.state;
        if (unit.length !== dimensions)
          throw new FoveaError(
            'wrong_dimensions',
            `Vectors of ${model} have ${dimensions} numbers; the one asked about has ${unit.length}.`,
            { model, dimensions, given: unit.length },
          );
        await index.refresh();
        signal?.throwIfAborted();
        const found = await index.search(unit, { count, ...(only && { only: Float64Array.from(only) }) });
        return Array.from(found.mediaIds, (mediaId, at) => ({ mediaId, similarity: found.similarities[at]! }));
      });
    },
    prepare: (projectId, model, { signal, onProgress } = {}) =>
      use(projectId, model, async (index) => {
        const told = setInterval(() => {
          const { making } = index.state;
          if (making) onProgress?.(making.done, making.total);
        }, 250);
        try {
          await abortable(index.ready(), signal);
          await index.refresh();
        } finally {
          clearInterval(told);
        }
        return index.state;
      }),
    get open() {
      return [...held.values()].flatMap(({ projectId, model, opened }) =>
        opened ? [{ projectId, model, ...opened.state }] : [],
      );
    },
    async close() {
      closed = true;
      for (const [key, entry] of [...held]) drop(key, entry);
      await Promise.all(closing);
    },
  };
}

function unitVector(query: Float32Array): Float32Array {
  let sum = 0;
  for (const value of query) sum += value * value;
  const length = Math.sqrt(sum);
  if (length > 0 && Number.isFinite(length)) return query.map((value) => value / length);
  throw new FoveaError('bad_vector', 'The vector asked about has no direction: its numbers are zeros or not finite.');
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

async function failed(index: VectorIndex): Promise<boolean> {
  if (index.state.making) {
    const undecided = new Promise<'later'>((resolve) => setImmediate(() => resolve('later')));
    return Promise.race([index.ready(), undecided]).then(
      () => false,
      () => true,
    );
  }
  return false;
}

/** Waits for `work`, or until the signal aborts; the work goes on. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
