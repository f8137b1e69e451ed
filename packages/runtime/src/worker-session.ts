import { Worker } from 'node:worker_threads';
import { OnnxError, type Tensor } from '@fovea/onnx';
import type { Session, SessionOptions, Tensors } from './session.js';

/** What the worker is told and what it answers (see `session-worker.ts`). */
export type SessionRequest = { id: number; feeds: Tensors } | { id: number; release: true };
export type SessionReply =
  | { ready: true; inputNames: readonly string[]; outputNames: readonly string[] }
  | {
      id: number;
      outputs?: Record<string, Tensor>;
      error?: { code: string; message: string; details: Record<string, unknown> };
    };

/**
 * A session in a worker thread of its own, so that a run never blocks the event loop. Runs queue up in order; the feeds
 * are copied over, the results moved. Should the thread die, what was asked and what is asked later is rejected with
 * `session_died`.
 *
 * @throws OnnxError as `createSession`; `session_died`.
 */
export function openWorkerSession(model: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const url = new URL('./session-worker.js', import.meta.url);
  return sessionOf(new Worker(url, { workerData: { model, options } }));
}

interface Waiting {
  readonly resolve: (outputs: Record<string, Tensor>) => void;
  readonly reject: (error: Error) => void;
}

const closed = () => new OnnxError('session_closed', 'The session has been closed.');

const died = (reason: string, cause?: unknown) =>
  new OnnxError(
    'session_died',
    `The thread that computed the session died: ${reason}. Open the session again.`,
    {},
    { cause },
  );

/** The session behind a worker that speaks as `session-worker.ts` does; resolves when it says that it is ready. */
export async function sessionOf(worker: Worker): Promise<Session> {
  const pending = new Map<number, Waiting>();
  let dead: Error | undefined;
  let closing: Promise<void> | undefined;
  let next = 1;

  const fail = (error: Error) => {
    dead ??= error;
    for (const { reject } of pending.values()) reject(dead);
    pending.clear();
  };
  const names = await new Promise<{ inputNames: readonly string[]; outputNames: readonly string[] }>(
    (resolve, reject) => {
      worker.on('message', (reply: SessionReply) => {
        if ('ready' in reply) {
          resolve(reply);
          return;
        }
        const error = reply.error && new OnnxError(reply.error.code, reply.error.message, reply.error.details);
        const waiting = pending.get(reply.id);
        pending.delete(reply.id);
        if (!error) waiting?.resolve(reply.outputs ?? {});
        else if (waiting) waiting.reject(error);
        else reject(error);
      });
      const end = (error: Error) => {
        fail(error);
        reject(error);
      };
      worker.on('error', (error) => end(died(error instanceof Error ? error.message : String(error), error)));
      worker.on('messageerror', (error) => end(died('its answer could not be read', error)));
      worker.on('exit', (code) => end(closing ? closed() : died(`it ended with code ${code}`)));
    },
  );
  worker.unref();

  const ask = (request: SessionRequest) =>
    new Promise<Record<string, Tensor>>((resolve, reject) => {
      if (dead) return reject(dead);
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
      worker.ref();
      try {
        worker.postMessage(request);
      } catch (cause) {
        // Feeds that cannot be sent, memory that was moved away for example, are the asker's own fault.
        pending.delete(request.id);
        settle();
        reject(cause);
      }
    });

  // A thread that is terminated while onnxruntime computes in it takes the whole process along: the release is the last
  // thing asked, and nothing is asked after it.
  async function close(): Promise<void> {
    if (dead) return;
    await ask({ id: next++, release: true });
    await worker.terminate();
  }

  return {
    inputNames: names.inputNames,
    outputNames: names.outputNames,
    run: (feeds) => (closing ? Promise.reject(closed()) : ask({ id: next++, feeds })),
    release() {
      closing ??= close();
      return closing;
    },
  };
}
