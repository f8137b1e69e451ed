import { fork } from 'node:child_process';
import { TrainError } from './error.js';
import type { Locate } from './loading/picture-source.js';
import type { TrainerMessage, TrainerOrder } from './plan.js';

/** The last thing a training process says. */
export type LastWord = Extract<TrainerMessage, { type: 'finished' | 'stopped' | 'failed' }>;

/** How a training process is followed. */
export interface FollowOptions {
  /** Stops it after its current step, with a checkpoint. */
  readonly signal: AbortSignal;
  /** Everything it says but the last word, in order. */
  readonly onMessage: (message: TrainerMessage) => void;
  /** Finds bytes that are not where the plan says. */
  readonly locate?: Locate;
  /** Ends it at once, as when what it says cannot be kept. */
  readonly kill?: AbortSignal;
}

/**
 * Runs a plan in a process of its own, so that a crash or memory running out takes only that along; resolves with its
 * last word.
 *
 * @throws TrainError `trainer_died` where it ended without one.
 */
export async function followTrainer(
  planPath: string,
  { signal, onMessage, kill, locate }: FollowOptions,
): Promise<LastWord> {
  const child = fork(new URL('./trainer-process.js', import.meta.url), [planPath], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  const order = (what: TrainerOrder) => child.connected && child.send(what);
  const stop = () => order({ type: 'stop' });
  async function answer(sha256: string): Promise<void> {
    try {
      if (!locate) throw new Error(`The file with the SHA-256 ${sha256} is not where it was.`);
      order({ type: 'located', sha256, path: await locate(sha256) });
    } catch (error) {
      order({ type: 'located', sha256, error: (error as Error).message });
    }
  }
  const end = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stop);
  kill?.addEventListener('abort', end);
  let complaint = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000);
  });
  let last: LastWord | undefined;
  child.on('message', (raw) => {
    const message = raw as TrainerMessage;
    if (message.type === 'finished' || message.type === 'stopped' || message.type === 'failed') last = message;
    else if (message.type === 'locate') void answer(message.sha256);
    else onMessage(message);
  });
  if (signal.aborted) stop();
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signalName) => resolve(exitCode ?? signalName));
  }).finally(() => {
    signal.removeEventListener('abort', stop);
    kill?.removeEventListener('abort', end);
  });
  if (last) return last;
  const detail = complaint.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? '';
  throw new TrainError(
    'trainer_died',
    `The training process ended (${code}) without a word${detail ? `: ${detail}` : ', as when memory runs out; try a smaller batch or picture size, or divide the batch into turns'}. ` +
      'Resume the run to go on from its last checkpoint.',
  );
}
