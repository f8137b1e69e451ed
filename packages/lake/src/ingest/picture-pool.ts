import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FoveaError } from '@fovea/annotations';
import { type Home, StoreError, storageError } from '@fovea/store';
import type { PictureReply, PictureRequest, SentError, StowedPicture } from './picture-worker.js';

export type { StowedPicture } from './picture-worker.js';

/** A picture's file whose name is not UTF-8, by the bytes of its path. */
export interface RawPath {
  readonly rawPath: Buffer;
}

/**
 * Processes that take pictures in: read, decode, facts, bytes into the blob store (on disk, fsync), thumbnail into the
 * cache. Processes and not threads, since a decoder that crashes on a hostile file takes its process along.
 */
export interface PicturePool {
  /** How many pictures keep all workers busy; more at once only wait. */
  readonly size: number;
  /**
   * Takes a picture in, by its file's path or as the bytes of one. Its bytes are on disk when it answers.
   *
   * @throws FoveaError `unreadable_image`, also where the decoder died of it; `picture_worker_failed`
   * @throws StoreError `disk_full`, `home_not_writable`
   */
  stow(input: string | RawPath | Uint8Array): Promise<StowedPicture>;
  /** Ends the workers once what they were given is done. */
  close(): Promise<void>;
}

/** Options of {@link openPicturePool}. */
export interface PicturePoolOptions {
  /** How many processes, default one a core. */
  readonly workers?: number;
  /** A worker that has something to do and says nothing for this long is ended; default 3 minutes. */
  readonly patienceMs?: number;
}

/** Pictures a worker holds at once: one is read or flushed while others are decoded. */
const IN_FLIGHT = 3;
/** Decoding alone is given up after a minute, by libvips itself. */
const PATIENCE_MS = 180_000;
/** A worker that has nothing to do gives its memory back. */
const IDLE_MS = 30_000;

const pools = new WeakMap<Home, PicturePool>();

/** The pool of a home, opened by whoever needs it first and closed with the home. */
export function picturePoolOf(home: Home): PicturePool {
  const known = pools.get(home);
  if (known) return known;
  const pool = openPicturePool(home);
  pools.set(home, pool);
  home.onClose(() => pool.close());
  return pool;
}

interface Job {
  readonly request: PictureRequest;
  readonly resolve: (picture: StowedPicture) => void;
  readonly reject: (error: unknown) => void;
  /** Its worker died: it is tried once more, with no other picture beside it. */
  alone: boolean;
}

interface PictureWorker {
  readonly child: ChildProcess;
  readonly jobs: Map<number, Job>;
  /** Its code is loaded: requests before that could be lost, and should it end, no picture is at fault. */
  isReady: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Opens the pool. Its processes start when there is something to do, end when there has been nothing for a while, and a
 * pool that nobody closes keeps no process from ending.
 */
export function openPicturePool(
  home: Pick<Home, 'path'> & Partial<Pick<Home, 'blobsUrl'>>,
  options: PicturePoolOptions = {},
): PicturePool {
  const { workers: limit = availableParallelism(), patienceMs = PATIENCE_MS } = options;
  const workers = new Set<PictureWorker>();
  const queue: Job[] = [];
  let nextId = 1;
  let accepted = 0;
  let onIdle: (() => void) | undefined;
  let closing: Promise<void> | undefined;

  function ask(request: Omit<PictureRequest, 'id'>): Promise<StowedPicture> {
    return new Promise((resolve, reject) => {
      queue.push({ request: { id: nextId++, ...request }, resolve, reject, alone: false });
      dispatch();
    });
  }

  /** Gives what waits to the workers that have room, the emptiest first. */
  function dispatch(): void {
    for (let job = queue[0]; job !== undefined; job = queue[0]) {
      const room = job.alone ? 1 : IN_FLIGHT;
      let worker: PictureWorker | undefined;
      for (const each of workers) {
        const isOpen = each.jobs.size < room && ![...each.jobs.values()].some(({ alone }) => alone);
        if (isOpen && (worker === undefined || each.jobs.size < worker.jobs.size)) worker = each;
      }
      if ((worker === undefined || worker.jobs.size > 0) && workers.size < limit) worker = start();
      if (worker === undefined) return;
      queue.shift();
      worker.jobs.set(job.request.id, job);
      watch(worker);
      if (worker.isReady) send(worker, job);
    }
  }

  function send({ child }: PictureWorker, { request }: Job): void {
    // One that died meanwhile is seen to when its end is told.
    child.send(request, (error) => error && child.kill('SIGKILL'));
  }

  function start(): PictureWorker {
    const child = fork(
      fileURLToPath(new URL('./picture-worker.js', import.meta.url)),
      [home.path, home.blobsUrl ?? ''],
      {
        execArgv: [],
        // Beside those that decode, threads that wait for the disk.
        env: { ...process.env, UV_THREADPOOL_SIZE: String(2 * IN_FLIGHT) },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    );
    const worker: PictureWorker = { child, jobs: new Map(), isReady: false, timer: undefined };
    workers.add(worker);
    child.on('message', (reply: PictureReply) => {
      if ('ready' in reply) {
        worker.isReady = true;
        watch(worker);
        for (const job of worker.jobs.values()) send(worker, job);
        return;
      }
      const job = worker.jobs.get(reply.id);
      worker.jobs.delete(reply.id);
      watch(worker);
      if ('picture' in reply) job?.resolve(reply.picture);
      else job?.reject(received(reply.error));
      dispatch();
    });
    child.on('exit', (code, signal) => bury(worker, signal ?? `exit code ${code}`));
    child.on('error', (error) => {
      if (child.pid === undefined) bury(worker, error.message);
      else child.kill('SIGKILL');
    });
    return worker;
  }

  /** Sets the clock of a worker anew; one that has something to do keeps this process alive. */
  function watch(worker: PictureWorker): void {
    const { child, jobs } = worker;
    clearTimeout(worker.timer);
    if (jobs.size > 0) {
      child.ref();
      child.channel?.ref();
      worker.timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    } else {
      child.unref();
      child.channel?.unref();
      worker.timer = setTimeout(() => retire(worker), IDLE_MS).unref();
    }
  }

  function retire({ child }: PictureWorker): void {
    if (child.connected) child.disconnect();
  }

  /** A worker has ended: its pictures are tried once more, each alone; one that was alone is what it died of. */
  function bury(worker: PictureWorker, how: string): void {
    if (!workers.delete(worker)) return;
    clearTimeout(worker.timer);
    for (const job of [...worker.jobs.values()].reverse()) {
      if (!worker.isReady) job.reject(notStarted(how));
      else if (job.alone) job.reject(decoderDied(job.request.file, how));
      else {
        job.alone = true;
        queue.unshift(job);
      }
    }
    worker.jobs.clear();
    dispatch();
  }

  async function stow(input: string | RawPath | Uint8Array): Promise<StowedPicture> {
    if (closing) throw new Error('internal: the pool of picture workers is closed');
    accepted++;
    try {
      if (!(input instanceof Uint8Array)) {
        const path = typeof input === 'string' ? Buffer.from(input) : input.rawPath;
        return await ask({ path: path.toString('hex'), file: path.toString() });
      }
      // By way of the disk's cache: the bytes need not pass through this process a second time.
      const draft = join(home.path, 'tmp', `blob-${process.pid}-${randomUUID()}`);
      try {
        await writeFile(draft, input);
        return await ask({ path: Buffer.from(draft).toString('hex') });
      } catch (error) {
        throw storageError(error, home.path);
      } finally {
        await rm(draft, { force: true });
      }
    } finally {
      accepted--;
      if (accepted === 0) onIdle?.();
    }
  }

  async function close(): Promise<void> {
    if (accepted > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    const ends = [...workers].map((worker) => {
      worker.child.ref();
      const ended = new Promise((resolve) => worker.child.once('exit', resolve));
      retire(worker);
      return ended;
    });
    await Promise.all(ends);
  }

  return {
    size: limit * IN_FLIGHT,
    stow,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** The error a worker sent, of the class it had. */
function received({ kind, code = 'unknown', message, details }: SentError): Error {
  if (kind === 'fovea') return new FoveaError(code, message, details);
  if (kind === 'store') return new StoreError(code, message, details);
  return Object.assign(new Error(message), { code });
}

function notStarted(how: string): FoveaError {
  const message = `A process that reads pictures could not be started (${how}); what it said is on the error output.`;
  return new FoveaError('picture_worker_failed', message, { reason: how });
}

function decoderDied(file: string | undefined, how: string): FoveaError {
  const reason = `the decoder died of it (${how})`;
  const name = file === undefined ? 'the picture' : `"${file}"`;
  const details = { ...(file !== undefined && { file }), reason };
  return new FoveaError('unreadable_image', `Cannot read ${name}: ${reason}.`, details);
}
