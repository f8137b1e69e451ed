import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FoveaError } from '@fovea/annotations';
import { type Home, storageError } from '@fovea/store';
import type { VectorBatch } from './copy-vectors.js';
import {
  isBefore,
  lookForChanges,
  type Moment,
  readAllVectors,
  readChangedVectors,
  readMoment,
} from './follow-vectors.js';
import { type IndexThread, openIndexThread } from './index-thread.js';
import type { Neighbours, VectorQuery } from './vector-set.js';

/** What an index is made of and how far its making is. */
export interface IndexState {
  /** How it searches: all vectors, or along the edges of a graph. */
  readonly kind: 'exact' | 'graph';
  readonly dimensions: number;
  /** Vectors in it. */
  readonly size: number;
  /** About how much memory it takes. */
  readonly sizeBytes: number;
  /** While it is made: vectors there are to be. */
  readonly making?: { readonly done: number; readonly total: number };
}

/** The index of one model's vectors in one project; follows PostgreSQL. */
export interface VectorIndex {
  readonly state: IndexState;
  /** Brings it up to all that was saved before the call, unless it is still being made. */
  refresh(): Promise<void>;
  /** Resolves when it is made. */
  ready(): Promise<void>;
  search(query: Float32Array, asked: VectorQuery): Promise<Neighbours>;
  close(): Promise<void>;
}

/** What {@link openVectorIndex} opens. */
export interface VectorIndexSettings {
  readonly home: Home;
  readonly projectId: number;
  readonly model: string;
  readonly dimensions: number;
  readonly kind: 'exact' | 'graph';
  /** Vectors there are, for progress. */
  readonly total: number;
  readonly threads: number;
}

/** Vectors added to a graph between two looks at who else waits for its thread. */
const GRAPH_BATCH = 512;
/** Rough bytes of a vector beside its numbers. */
const [EXACT_OVERHEAD, GRAPH_OVERHEAD] = [120, 300];

/** About how much memory an index takes. */
export function indexBytes(kind: 'exact' | 'graph', size: number, dimensions: number): number {
  return size * (kind === 'exact' ? dimensions * 4 + EXACT_OVERHEAD : dimensions * 2 + GRAPH_OVERHEAD);
}

interface StoredGraph {
  readonly layout: 1;
  readonly moment: Moment;
  readonly dimensions: number;
  readonly size: number;
  readonly graph: string;
  /** Of the graph's file: loading one that is broken would end the process. */
  readonly sha256: string;
}

/** Opens an index and begins to fill it. */
export function openVectorIndex(settings: VectorIndexSettings): VectorIndex {
  const { home, projectId, model, dimensions, kind, total } = settings;
  const folder = join(home.path, 'cache', 'vectors', String(projectId));
  const header = join(folder, `${createHash('sha256').update(model).digest('hex').slice(0, 20)}.json`);
  /** Digest by id, so that a picture whose labels changed is not taken out of the graph and put back. */
  const digests = new Map<number, number>();
  let thread: IndexThread | undefined;
  let making: { done: number; total: number } | undefined = { done: 0, total };
  let moment: Moment;
  let unsaved = 0;
  let closed = false;

  const put = async (batch: VectorBatch) => {
    const fresh = freshOf(batch, digests);
    const step = kind === 'graph' ? GRAPH_BATCH : Math.max(1, fresh.mediaIds.length);
    for (let at = 0; at < fresh.mediaIds.length; at += step) {
      if (closed) throw new FoveaError('index_closed', 'The vector index was closed.');
      const mediaIds = fresh.mediaIds.slice(at, at + step);
      const vectors = fresh.vectors.slice(at * dimensions, (at + mediaIds.length) * dimensions);
      await thread!.ask({ do: 'put', mediaIds, vectors });
      unsaved += mediaIds.length;
      if (making) making.done += mediaIds.length;
    }
  };
  const remove = async (ids: readonly number[]) => {
    const known = ids.filter((id) => digests.delete(id));
    if (known.length > 0) await thread!.ask({ do: 'remove', mediaIds: Float64Array.from(known) });
    unsaved += known.length;
  };

  const follow = async () => {
    const { snapshot, changed } = await lookForChanges(home, projectId, moment);
    if (changed) {
      for await (const batch of readChangedVectors(home, projectId, model, dimensions, moment)) {
        await put(batch);
        await remove(batch.without);
      }
    }
    moment = { ...moment, snapshot };
    if (kind === 'graph' && unsaved > Math.max(1000, thread!.size / 20)) await save();
  };

  const make = async () => {
    const now = await readMoment(home);
    const stored = kind === 'graph' ? await readStored(header, folder, now, dimensions, digests) : undefined;
    thread = openIndexThread({
      kind,
      dimensions,
      threads: settings.threads,
      ...(stored && { path: join(folder, stored.graph) }),
    });
    if (stored && (await isWhole(thread, stored.size))) {
      moment = stored.moment;
      making = undefined;
      await follow();
      return;
    }
    if (stored) {
      await thread.close();
      digests.clear();
      thread = openIndexThread({ kind, dimensions, threads: settings.threads });
    }
    // What is written from now on is not seen by this moment, and read again when somebody looks.
    moment = now;
    for await (const batch of readAllVectors(home, projectId, model)) await put(batch);
    making = undefined;
    if (kind === 'graph') await save();
  };

  const save = async () => {
    const graph = `${randomUUID()}.usearch`;
    try {
      await mkdir(folder, { recursive: true });
      const before = await readHeader(header);
      await thread!.ask({ do: 'save', path: join(folder, graph) });
      const pairs = Float64Array.from([...digests].flat());
      await writeFile(join(folder, `${graph}.ids`), pairs);
      const sha256 = await hashFile(join(folder, graph));
      const stored: StoredGraph = { layout: 1, moment, dimensions, size: digests.size, graph, sha256 };
      const draft = join(folder, `${graph}.draft`);
      await writeFile(draft, JSON.stringify(stored));
      await rename(draft, header);
      if (before) for (const end of ['', '.ids']) await rm(join(folder, before.graph + end), { force: true });
      unsaved = 0;
    } catch (error) {
      for (const end of ['', '.ids', '.draft']) await rm(join(folder, graph + end), { force: true });
      throw storageError(error, home.path);
    }
  };

  let looking: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const made = make();
  made.catch(() => undefined);

  /** A look that begins after the call; those who come while one is under way share the one after it. */
  const look = (): Promise<void> => {
    if (!looking) {
      looking = made.then(follow).finally(() => {
        looking = undefined;
      });
      return looking;
    }
    next ??= looking
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return look();
      });
    return next;
  };

  return {
    get state() {
      const size = making ? making.done : (thread?.size ?? 0);
      const sizeBytes = indexBytes(kind, Math.max(size, making?.total ?? 0), dimensions);
      return { kind, dimensions, size, sizeBytes, ...(making && { making: { ...making } }) };
    },
    refresh: async () => {
      if (making && kind === 'graph') return;
      await look();
    },
    ready: () => made,
    async search(query, asked) {
      if (making && kind === 'graph') {
        // Whatever broke the making is the reason; otherwise it takes its time.
        await Promise.race([made, new Promise((resolve) => setImmediate(resolve))]);
        if (making)
          throw new FoveaError(
            'index_in_the_making',
            `The index over the ${total} vectors of ${model} is being made, ${making.done} are in it: ask again later.`,
            { ...making, model },
          );
      }
      return thread!.search(query, asked);
    },
    async close() {
      closed = true;
      await made.catch(() => undefined);
      await looking?.catch(() => undefined);
      if (kind === 'graph' && !making && unsaved > 0) await save().catch(() => undefined);
      await thread?.close();
    },
  };
}

/** Those of a batch whose vector is new; notes them down. */
function freshOf({ mediaIds, vectors, dimensions }: VectorBatch, digests: Map<number, number>): VectorBatch {
  const words = new Uint32Array(vectors.buffer, vectors.byteOffset, vectors.length);
  const fresh: number[] = [];
  mediaIds.forEach((id, at) => {
    // FNV-1a (Fowler, Noll, Vo 1991) over 32-bit words.
    let digest = 0x811c9dc5;
    for (let i = at * dimensions; i < (at + 1) * dimensions; i++) digest = Math.imul(digest ^ words[i]!, 0x01000193);
    if (digests.get(id) === digest) return;
    digests.set(id, digest);
    fresh.push(at);
  });
  if (fresh.length === mediaIds.length) return { mediaIds, vectors, dimensions };
  const packed = new Float32Array(fresh.length * dimensions);
  fresh.forEach((at, to) => {
    packed.set(vectors.subarray(at * dimensions, (at + 1) * dimensions), to * dimensions);
  });
  return { mediaIds: Float64Array.from(fresh, (at) => mediaIds[at]!), vectors: packed, dimensions };
}

async function readHeader(header: string): Promise<StoredGraph | undefined> {
  try {
    return JSON.parse(await readFile(header, 'utf8')) as StoredGraph;
  } catch {
    return undefined;
  }
}

/** The stored graph, where it is one of this database; fills `digests`. What is not is made anew. */
async function readStored(
  header: string,
  folder: string,
  now: Moment,
  dimensions: number,
  digests: Map<number, number>,
): Promise<StoredGraph | undefined> {
  const stored = await readHeader(header);
  if (stored?.layout !== 1 || stored.dimensions !== dimensions) return undefined;
  if (stored.moment.database !== now.database || isBefore(now, stored.moment)) return undefined;
  const bytes = await readFile(join(folder, `${stored.graph}.ids`)).catch(() => undefined);
  if (bytes?.length !== stored.size * 16) return undefined;
  if ((await hashFile(join(folder, stored.graph)).catch(() => undefined)) !== stored.sha256) return undefined;
  const pairs = new Float64Array(new Uint8Array(bytes).buffer);
  for (let at = 0; at < pairs.length; at += 2) digests.set(pairs[at]!, pairs[at + 1]!);
  return stored;
}

async function isWhole(thread: IndexThread, size: number): Promise<boolean> {
  return thread.ask({ do: 'open' }).then(
    (reply) => reply.size === size,
    () => false,
  );
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
