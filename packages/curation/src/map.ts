import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FoveaError } from '@fovea/annotations';
import { projectIdOf, readEmbeddings } from '@fovea/lake';
import { type Home, storageError } from '@fovea/store';
import type { LongWork } from './neighbour-graph.js';

/** Options of {@link computeMap}. */
export interface MapOptions extends LongWork {
  /** Pictures each is kept near to, default 15: fewer show small groups, more the lie of the whole. */
  readonly neighbours?: number | undefined;
  /** How near to each other points may come, default 0.1. */
  readonly minDistance?: number | undefined;
  /** Of more points than this, that many are laid out and the others placed among them; default 5000. */
  readonly sample?: number | undefined;
  /** Default 1; the same seed gives the same map. */
  readonly seed?: number | undefined;
}

interface MapSettings {
  readonly neighbours: number;
  readonly minDistance: number;
  readonly sample: number;
  readonly seed: number;
  readonly threads: number;
}

/** What the map's thread begins with. */
export interface MapRequest {
  readonly vectors: Float32Array;
  readonly dimensions: number;
  readonly settings: MapSettings;
}

/** What it says: how far it is, in [0, 1], and at last the points. */
export interface MapReply {
  readonly done?: number;
  readonly points?: Float32Array;
}

/** A project's pictures as points of the plane. */
export interface ProjectMap {
  readonly model: string;
  readonly mediaIds: Float64Array;
  /** [mediaIds.length, 2], each axis in [0, 1] by one scale. */
  readonly points: Float32Array;
}

/**
 * Vectors as points of the plane, so that those near each other lie near each other: UMAP (McInnes, Healy and Melville
 * 2018, arXiv:1802.03426) by the cosine, in a thread of its own. Of many, a sample is laid out, and each of the others
 * lies in the midst of its five nearest of the sample.
 *
 * @param vectors [points, dimensions], each of length 1
 * @returns [points, 2], each axis in [0, 1] by one scale, so that the map keeps its shape
 * @throws FoveaError `map_failed`; the signal's reason
 */
export async function computeMap(
  vectors: Float32Array,
  dimensions: number,
  options: MapOptions = {},
): Promise<Float32Array> {
  const { signal, onProgress } = options;
  const size = vectors.length / dimensions;
  if (!Number.isInteger(size))
    throw new FoveaError('wrong_dimensions', `${vectors.length} numbers are no vectors of ${dimensions}.`);
  signal?.throwIfAborted();
  // Too few for a layout to mean anything: side by side.
  if (size < 4) return Float32Array.from({ length: 2 * size }, (_, at) => (at % 2 === 0 ? (at / 2 + 0.5) / size : 0.5));
  const request: MapRequest = { vectors, dimensions, settings: settingsOf(options) };
  const worker = new Worker(new URL('./map-worker.js', import.meta.url), { workerData: request });
  let stop = () => {};
  try {
    const points = await new Promise<Float32Array>((resolve, reject) => {
      stop = () => reject(signal?.reason);
      signal?.addEventListener('abort', stop, { once: true });
      worker.on('message', ({ done, points }: MapReply) => {
        if (points) resolve(points);
        else onProgress?.(Math.round(done! * size), size);
      });
      worker.on('error', (cause) =>
        reject(new FoveaError('map_failed', `The map could not be computed: ${cause.message}`, {}, { cause })),
      );
      worker.on('exit', () => reject(new FoveaError('map_failed', 'The map could not be computed: its thread ended.')));
    });
    return scaled(points);
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

function settingsOf({ neighbours = 15, minDistance = 0.1, sample = 5000, seed = 1 }: MapOptions): MapSettings {
  return { neighbours, minDistance, sample: Math.max(neighbours + 1, sample), seed, threads: availableParallelism() };
}

function scaled(points: Float32Array): Float32Array {
  const [least, most] = [
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ] as const;
  const [low, high] = [[...least], [...most]];
  points.forEach((value, at) => {
    low[at % 2] = Math.min(low[at % 2]!, value);
    high[at % 2] = Math.max(high[at % 2]!, value);
  });
  const side = Math.max(high[0]! - low[0]!, high[1]! - low[1]!, 1e-9);
  return points.map((value, at) => (value - (low[at % 2]! + high[at % 2]!) / 2) / side + 0.5);
}

/** Most vectors a map is made of at once: they lie in memory meanwhile. */
const MAX_NUMBERS = 600e6;

/**
 * The map of a project's pictures by the vectors of a model. It is kept in the home's cache, and computed again where
 * any of the vectors, or the options, are others.
 *
 * @throws FoveaError `unknown_project`; `no_embeddings` where no picture has a vector; as {@link computeMap}
 */
export async function computeProjectMap(
  home: Home,
  project: string,
  options: MapOptions & { readonly model: string },
): Promise<ProjectMap> {
  const { model, signal } = options;
  const projectId = await projectIdOf(home, project);
  const { threads: _, ...settings } = settingsOf(options);
  const hash = createHash('sha256').update(JSON.stringify([1, projectId, model, settings]));
  const ids: Float64Array[] = [];
  const parts: Float32Array[] = [];
  let [dimensions, numbers] = [0, 0];
  for await (const batch of readEmbeddings(home, projectId, model, { signal })) {
    ids.push(batch.mediaIds);
    parts.push(batch.vectors);
    dimensions = batch.dimensions;
    numbers += batch.vectors.length;
    hash.update(new Uint8Array(batch.mediaIds.buffer, 0, batch.mediaIds.byteLength));
    hash.update(new Uint8Array(batch.vectors.buffer, 0, batch.vectors.byteLength));
    if (numbers > MAX_NUMBERS)
      throw new FoveaError(
        'map_too_large',
        `A map is made of at most ${Math.floor(MAX_NUMBERS / dimensions)} vectors of ${dimensions} numbers.`,
        { dimensions },
      );
  }
  if (dimensions === 0)
    throw new FoveaError('no_embeddings', `No picture of "${project}" has a vector of ${model}: embed them first.`, {
      project,
      model,
    });
  const mediaIds = joined(Float64Array, ids);
  const folder = join(home.path, 'cache', 'maps');
  const path = join(folder, `${hash.digest('hex')}.f32`);
  const stored = await readFile(path).catch(() => undefined);
  if (stored?.length === mediaIds.length * 8)
    return { model, mediaIds, points: new Float32Array(new Uint8Array(stored).buffer) };
  const points = await computeMap(joined(Float32Array, parts), dimensions, options);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(`${path}.${process.pid}`, points);
    await rename(`${path}.${process.pid}`, path);
  } catch (error) {
    throw storageError(error, home.path);
  }
  return { model, mediaIds, points };
}

function joined<T extends Float32Array | Float64Array>(make: new (length: number) => T, parts: readonly T[]): T {
  const all = new make(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
