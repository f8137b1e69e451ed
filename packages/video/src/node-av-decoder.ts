import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { DecodeFailure, DecoderMissing, type VideoFrame } from './frame.js';
import type { WorkerAnswer, WorkerData, WorkerRequest } from './node-av-worker.js';

/** Frames asked for before the first is consumed. */
const AHEAD = 3;
const CLOSE_TIMEOUT_MS = 2000;

/** Decodes by the package `node-av`, whose blocking calls are its fastest and its most dependable, in a worker thread. */
export async function* decodeWithNodeAv(
  path: string,
  everyNth: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<VideoFrame> {
  const workerData: WorkerData = { path, everyNth };
  const worker = new Worker(new URL('./node-av-worker.js', import.meta.url), { workerData });
  const ask = (request: WorkerRequest) => worker.postMessage(request);
  const exited = once(worker, 'exit').catch(() => undefined);
  const answers: WorkerAnswer[] = [];
  let wake: (() => void) | undefined;
  const arrive = (answer: WorkerAnswer) => {
    answers.push(answer);
    wake?.();
  };
  worker.on('message', arrive);
  worker.on('error', (error) => arrive({ kind: 'failure', reason: `the decoder broke down (${error.message})` }));
  worker.on('exit', () => arrive({ kind: 'failure', reason: 'the decoder broke down' }));
  const abort = () => wake?.();
  signal?.addEventListener('abort', abort);

  try {
    for (let i = 0; i < AHEAD; i++) ask('next');
    while (true) {
      while (answers.length === 0 && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      signal?.throwIfAborted();
      const answer = answers.shift()!;
      if (answer.kind === 'end') return;
      if (answer.kind === 'missing') throw new DecoderMissing(answer.reason);
      if (answer.kind === 'failure') throw new DecodeFailure(answer.reason);
      ask('next');
      yield answer.frame;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    ask('close');
    const timer = setTimeout(() => worker.terminate(), CLOSE_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }
}
