import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  DecodeFailure,
  type Decoder,
  DecoderMissing,
  type FrameFinder,
  NoFrameYet,
  STALL_MS,
  type VideoFrame,
} from './frame.js';
import { BEATS, STOPPED, type WorkerAnswer, type WorkerData, type WorkerRequest } from './node-av-protocol.js';

/** Frames asked for before the first is consumed. */
const AHEAD = 3;
const CLOSE_TIMEOUT_MS = 2000;
const LOOK_MS = 1000;

/** Decodes by the package `node-av`, whose blocking calls are its fastest and its most dependable, in a worker thread. */
export const nodeAvDecoder: Decoder = {
  async probe(path, signal) {
    const session = new Session(path, { kind: 'probe' }, signal);
    try {
      session.ask('next');
      const answer = await session.answer();
      if (answer.kind !== 'facts') throw new Error('internal: a probe was answered with something else');
      return answer.facts;
    } finally {
      await session.close();
    }
  },

  async *read(path, plan, signal) {
    const session = new Session(path, { kind: 'read', plan }, signal);
    try {
      for (let i = 0; i < AHEAD; i++) session.ask('next');
      while (true) {
        const answer = await session.answer();
        if (answer.kind !== 'frame') return;
        session.ask('next');
        yield answer.frame as VideoFrame;
      }
    } finally {
      await session.close();
    }
  },

  open(path): FrameFinder {
    const session = new Session(path, { kind: 'find' });
    return {
      async at(micros) {
        session.ask({ atMicros: micros });
        const answer = await session.answer();
        if (answer.kind === 'frame') return answer.frame;
        throw new DecodeFailure('not a single frame of it can be decoded');
      },
      close: () => session.close(),
    };
  },
};

/** A worker thread at work on one file. */
class Session {
  private readonly worker: Worker;
  private readonly exited: Promise<unknown>;
  private readonly shared = new Int32Array(new SharedArrayBuffer(8));
  private readonly answers: WorkerAnswer[] = [];
  private wake: (() => void) | undefined;
  private isClosed = false;

  constructor(
    path: string,
    work: WorkerData['work'],
    private readonly signal?: AbortSignal,
  ) {
    const workerData: WorkerData = { path, work, shared: this.shared };
    this.worker = new Worker(new URL('./node-av-worker.js', import.meta.url), { workerData });
    this.exited = once(this.worker, 'exit').catch(() => undefined);
    const arrive = (answer: WorkerAnswer) => {
      this.answers.push(answer);
      this.wake?.();
    };
    this.worker.on('message', arrive);
    this.worker.on('error', (error) =>
      arrive({ kind: 'failure', reason: `the decoder broke down (${error.message})` }),
    );
    this.worker.on('exit', () => arrive({ kind: 'failure', reason: 'the decoder broke down' }));
  }

  ask(request: WorkerRequest): void {
    this.worker.postMessage(request);
  }

  /** The next answer. @throws DecodeFailure, DecoderMissing, NoFrameYet, the signal's reason */
  async answer(): Promise<WorkerAnswer> {
    this.signal?.throwIfAborted();
    const answer = this.answers.shift() ?? (await this.wait());
    if (answer.kind === 'missing') throw new DecoderMissing(answer.reason);
    if (answer.kind === 'failure') throw new DecodeFailure(answer.reason);
    if (answer.kind === 'early') throw new NoFrameYet(answer.firstMicros);
    return answer;
  }

  private async wait(): Promise<WorkerAnswer> {
    let beats = Atomics.load(this.shared, BEATS);
    let aliveMs = performance.now();
    const abort = () => this.wake?.();
    this.signal?.addEventListener('abort', abort);
    try {
      while (this.answers.length === 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, LOOK_MS);
          this.wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        this.signal?.throwIfAborted();
        const now = Atomics.load(this.shared, BEATS);
        if (now !== beats) aliveMs = performance.now();
        beats = now;
        if (performance.now() - aliveMs > STALL_MS) {
          throw new DecodeFailure(`the decoder has not got on for ${STALL_MS / 1000} seconds and was stopped`);
        }
      }
    } finally {
      this.signal?.removeEventListener('abort', abort);
    }
    return this.answers.shift()!;
  }

  async close(): Promise<void> {
    if (!this.isClosed) {
      this.isClosed = true;
      Atomics.store(this.shared, STOPPED, 1);
      this.ask('close');
    }
    if (await this.hasExited()) return;
    void this.worker.terminate();
    // A call that does not return cannot be ended; its thread must not keep the process.
    if (!(await this.hasExited())) this.worker.unref();
  }

  private hasExited(): Promise<boolean> {
    const controller = new AbortController();
    const timeout = sleep(CLOSE_TIMEOUT_MS, false, { signal: controller.signal }).catch(() => false);
    return Promise.race([this.exited.then(() => true), timeout]).finally(() => controller.abort());
  }
}
