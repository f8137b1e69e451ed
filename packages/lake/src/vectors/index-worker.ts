// The thread of one vector index: does what it is told, one message after another.
import { parentPort, workerData } from 'node:worker_threads';
import { createExactSet } from './exact-set.js';
import { createGraphSet } from './graph-set.js';
import type { IndexReply, IndexRequest, IndexSettings } from './index-thread.js';
import type { VectorSet } from './vector-set.js';

const port = parentPort!;
const { kind, dimensions, threads, path } = workerData as IndexSettings;
const opened: Promise<VectorSet> =
  kind === 'exact'
    ? createExactSet(dimensions, threads)
    : Promise.resolve().then(() => createGraphSet(dimensions, threads, path));
opened.catch(() => undefined);

async function answer(request: IndexRequest): Promise<{ reply: Omit<IndexReply, 'id'>; moved?: ArrayBuffer[] }> {
  const set = await opened;
  switch (request.do) {
    case 'open':
      break;
    case 'put':
      set.put(request.mediaIds, request.vectors);
      break;
    case 'remove':
      set.remove(request.mediaIds);
      break;
    case 'search': {
      const found = await set.search(request.queries, request.asked);
      const moved = found.flatMap(({ mediaIds, similarities }) => [mediaIds.buffer, similarities.buffer]);
      return { reply: { size: set.size, found }, moved: moved as ArrayBuffer[] };
    }
    case 'save':
      await set.save?.(request.path);
      break;
    case 'close':
      await set.close();
      break;
  }
  return { reply: { size: set.size } };
}

let last: Promise<unknown> = Promise.resolve();
port.on('message', (request: IndexRequest & { id: number }) => {
  last = last.then(async () => {
    try {
      const { reply, moved } = await answer(request);
      port.postMessage({ id: request.id, ...reply }, moved ?? []);
    } catch (cause) {
      port.postMessage({ id: request.id, size: 0, error: cause instanceof Error ? cause.message : String(cause) });
    }
  });
});
