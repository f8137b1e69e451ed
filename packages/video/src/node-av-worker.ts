import { workerData as data, parentPort } from 'node:worker_threads';
import { DecodeFailure, NoFrameYet, type VideoFrame } from './frame.js';
import { FramePosition, selectFrames } from './frame-cursor.js';
import { loadNodeAv, type NodeAv } from './node-av.js';
import { NodeAvCursor, probeWithNodeAv } from './node-av-cursor.js';
import { BEATS, STOPPED, type WorkerAnswer, type WorkerData, type WorkerRequest } from './node-av-protocol.js';

class Stopped extends Error {}

/** All calls into the library block this thread only. */
function serve(): void {
  const port = parentPort!;
  const { path, work, shared } = data as WorkerData;
  const beat = () => {
    Atomics.add(shared, BEATS, 1);
    if (Atomics.load(shared, STOPPED) !== 0) throw new Stopped();
  };
  let cursor: NodeAvCursor | undefined;
  const ready = loadNodeAv();
  const open = (library: NodeAv) => {
    cursor ??= new NodeAvCursor(library, path, beat);
    return cursor;
  };
  let frames: AsyncGenerator<VideoFrame> | undefined;
  let position: FramePosition | undefined;

  const answer = async (request: Exclude<WorkerRequest, 'close'>): Promise<WorkerAnswer> => {
    let library: NodeAv;
    try {
      library = await ready;
    } catch (error) {
      const why = (error as Error).message.split('\n')[0];
      return { kind: 'missing', reason: `the package node-av does not load (${why})` };
    }
    try {
      if (work.kind === 'probe') return { kind: 'facts', facts: probeWithNodeAv(library, path, beat) };
      if (request === 'next') {
        if (work.kind !== 'read') throw new Error('internal: nothing is being read');
        frames ??= selectFrames(open(library), work.plan);
        const { value, done } = await frames.next();
        return done ? { kind: 'end' } : { kind: 'frame', frame: value };
      }
      position ??= new FramePosition(open(library));
      const frame = await position.at(request.atMicros);
      return frame ? { kind: 'frame', frame } : { kind: 'end' };
    } catch (error) {
      if (error instanceof Stopped) return { kind: 'end' };
      if (error instanceof NoFrameYet) return { kind: 'early', firstMicros: error.firstMicros };
      if (error instanceof DecodeFailure) return { kind: 'failure', reason: error.message };
      throw error;
    }
  };

  let turn: Promise<void> = Promise.resolve();
  port.on('message', (request: WorkerRequest) => {
    turn = turn.then(async () => {
      if (request === 'close') {
        cursor?.close();
        port.close();
        return;
      }
      const message = await answer(request);
      port.postMessage(message, message.kind === 'frame' ? [message.frame.image.data.buffer as ArrayBuffer] : []);
    });
  });
}

serve();
