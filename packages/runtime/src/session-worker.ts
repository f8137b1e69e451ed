import { parentPort, workerData } from 'node:worker_threads';
import { OnnxError } from '@fovea/onnx';
import { createSession, type SessionOptions } from './session.js';
import type { SessionReply, SessionRequest } from './worker-session.js';

const port = parentPort!;
const { model, options } = workerData as { model: string | Uint8Array; options: SessionOptions };

function describe(cause: unknown): { code: string; message: string; details: Record<string, unknown> } {
  if (cause instanceof OnnxError) return { code: cause.code, message: cause.message, details: cause.details };
  const message = cause instanceof Error ? cause.message : String(cause);
  return { code: 'inference_failed', message, details: {} };
}

const send = (reply: SessionReply, moved: ArrayBuffer[] = []) => port.postMessage(reply, moved);

try {
  const session = await createSession(model, options);
  let last = Promise.resolve();
  const answer = async (request: SessionRequest) => {
    try {
      if ('release' in request) {
        await session.release();
        send({ id: request.id });
        return;
      }
      const outputs = await session.run(request.feeds);
      const buffers = new Set(Object.values(outputs).map((tensor) => tensor.data.buffer as ArrayBuffer));
      send({ id: request.id, outputs }, [...buffers]);
    } catch (cause) {
      send({ id: request.id, error: describe(cause) });
    }
  };
  port.on('message', (request: SessionRequest) => {
    last = last.then(() => answer(request));
  });
  send({ ready: true, inputNames: session.inputNames, outputNames: session.outputNames });
} catch (cause) {
  send({ id: 0, error: describe(cause) });
}
