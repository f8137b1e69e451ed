import { Worker } from 'node:worker_threads';
import { OnnxError, type Tensor } from '@fovea/onnx';
import type { Session, SessionOptions, Tensors } from './session.js';

/** What the worker is told and what it answers (see `session-worker.ts`). */
export type SessionRequest = { id: number; feeds: Tensors } | { id: number; release: true };
export type SessionReply =
  | { ready: true; inputNames: readonly string[]; outputNames: readonly string[] }
  | { id: number; outputs?: Record<string, Tensor>; error?: { code: string; message: string } };

/**
 * A session in a worker thread of its own, so that a run never blocks the event loop. Runs queue up in order; the feeds
 * are copied over, the results moved.
 *
 * @throws OnnxError `model_not_loadable`.
 */
export async function openWorkerSession(model: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const worker = new Worker(new URL('./session-worker.js', import.meta.url), { workerData: { model, options } });
  const pending = new Map<
    number,
    { resolve: (outputs: Record<string, Tensor>) => void; reject: (error: Error) => void }
  >();
  let names: { inputNames: readonly string[]; outputNames: readonly string[] } | undefined;
  let dead: Error | undefined;
  let next = 1;

  const closed = () => new OnnxError('session_closed', 'The session has been closed.');
  const fail = (error: Error) => {
    dead = error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (reply: SessionReply) => {
      if ('ready' in reply) {
        names = reply;
        resolve();
        return;
      }
      const waiting = pending.get(reply.id);
      pending.delete(reply.id);
      if (reply.error) {
        const error = new OnnxError(reply.error.code, reply.error.message);
        if (waiting) waiting.reject(error);
        else reject(error);
      } else waiting?.resolve(reply.outputs ?? {});
    });
    worker.on('error', (error) => {
      fail(error as Error);
      reject(error);
    });
    worker.on('exit', () => {
      fail(closed());
      reject(closed());
    });
  });
  worker.unref();

  const ask = (request: SessionRequest) =>
    new Promise<Record<string, Tensor>>((resolve, reject) => {
      if (dead) return reject(dead);
      worker.ref();
      const settle = () => {
        if (pending.size === 0) worker.unref();
      };
      pending.set(request.id, {
        resolve: (outputs) => {
          settle();
          resolve(outputs);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      worker.postMessage(request);
    });

  // A thread that is terminated while onnxruntime computes in it takes the whole process along: the release is the last
  // thing asked, and nothing is asked after it.
  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    if (dead) return;
    await ask({ id: next++, release: true });
    await worker.terminate();
  }

  return {
    inputNames: names!.inputNames,
    outputNames: names!.outputNames,
    run: (feeds) => (closing ? Promise.reject(closed()) : ask({ id: next++, feeds })),
    release() {
      closing ??= close();
      return closing;
    },
  };
}
