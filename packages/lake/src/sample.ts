import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { BoxAnnotation } from '@fovea/annotations';
import { type Home, media } from '@fovea/store';
import { eq } from 'drizzle-orm';
import { type ImportOptions, type IncomingPicture, importPictures } from './import.js';
import { ensureProject, getProject, type Project } from './project.js';

/** Name of the sample project. */
export const SAMPLE_PROJECT = 'sample';

/** Options of {@link createSampleProject}. */
export interface SampleOptions extends ImportOptions {
  /** How many, default 240. */
  readonly pictures?: number;
}

/**
 * Fills the project `sample` with pictures that Fovea renders itself, boxes included. The pictures that are there already
 * are not rendered again, so it may be called at every start, and goes on where a killed one ended.
 */
export async function createSampleProject(home: Home, options: SampleOptions = {}): Promise<Project> {
  const projectId = await ensureProject(home, SAMPLE_PROJECT);
  const present = await home.db.select({ name: media.name }).from(media).where(eq(media.projectId, projectId));
  const names = new Set(present.map((row) => row.name));
  const seeds = Array.from({ length: options.pictures ?? 240 }, (_, seed) => seed).filter(
    (seed) => !names.has(nameOf(seed)),
  );
  // Rendering is slow, and somebody may be watching: small batches.
  const batches = { ...options, batchPictures: 8 };
  if (seeds.length > 0) await importPictures(home, projectId, render(seeds), seeds.length, [], batches);
  return getProject(home, SAMPLE_PROJECT);
}

const nameOf = (seed: number): string => `sample-${String(seed).padStart(4, '0')}.jpg`;

interface Rendered {
  readonly seed: number;
  readonly bytes: Uint8Array;
  readonly annotations: readonly BoxAnnotation[];
}

/** Renders in worker threads, since it is all computing: the process stays free to answer meanwhile. */
async function* render(seeds: readonly number[]): AsyncGenerator<IncomingPicture> {
  const workers = Array.from(
    { length: Math.min(seeds.length, Math.max(1, availableParallelism()), 4) },
    () => new Worker(new URL('./sample-renderer.js', import.meta.url)),
  );
  const waiting = new Map<number, PromiseWithResolver<Rendered>>();
  for (const worker of workers) {
    worker.on('message', (rendered: Rendered) => waiting.get(rendered.seed)?.resolve(rendered));
    worker.on('error', (error) => {
      for (const each of waiting.values()) each.reject(error);
    });
  }
  let asked = 0;
  const ask = (): void => {
    const seed = seeds[asked];
    if (seed === undefined) return;
    waiting.set(seed, promiseWithResolver<Rendered>());
    workers[asked++ % workers.length]!.postMessage(seed);
  };
  try {
    // Two ahead for each worker: none idles, and few pictures are held.
    for (let i = 0; i < workers.length * 2; i++) ask();
    for (const seed of seeds) {
      const { bytes, annotations } = await waiting.get(seed)!.promise;
      waiting.delete(seed);
      ask();
      yield { name: nameOf(seed), sizeBytes: bytes.length, load: async () => bytes, annotations, labelled: true };
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

interface PromiseWithResolver<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** `Promise.withResolvers`, which Node 20 lacks; a rejection nobody awaits yet is no accident here. */
function promiseWithResolver<T>(): PromiseWithResolver<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
