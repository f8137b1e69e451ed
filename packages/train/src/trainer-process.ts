import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { TrainError } from './error.js';
import { runTrainer } from './loop/trainer.js';
import type { TrainerMessage, TrainerOrder, TrainPlan } from './plan.js';

// The process that does the numbers: forked by `executeRun`, told a plan's path, spoken to over IPC. It leaves when the
// process that forked it is gone, since whoever takes the run up next starts its own.
const stop = new AbortController();
let sent: Promise<unknown> = Promise.resolve();
const send = (message: TrainerMessage) => {
  if (process.connected)
    sent = new Promise((resolve) => process.send!(message, undefined, undefined, () => resolve(null)));
};
// Bytes that are not where the plan says: whoever forked this process knows where they are to be had.
const asked = new Map<string, { resolve(path: string): void; reject(error: Error): void }[]>();
function locate(sha256: string): Promise<string> {
  const waiting = asked.get(sha256);
  if (!waiting) send({ type: 'locate', sha256 });
  return new Promise((resolve, reject) => asked.set(sha256, [...(waiting ?? []), { resolve, reject }]));
}
process.on('message', (message) => {
  const order = message as TrainerOrder;
  if (order.type === 'stop') return stop.abort();
  const { sha256, path, error } = order;
  for (const { resolve, reject } of asked.get(sha256) ?? []) {
    if (path === undefined) reject(new TrainError('missing_picture', error ?? `No bytes ${sha256}.`, { sha256 }));
    else resolve(path);
  }
  asked.delete(sha256);
});
process.on('disconnect', () => process.exit(1));
// Ctrl-C reaches the whole process group; the parent decides what it means.
process.on('SIGINT', () => undefined);

try {
  setPriority(5);
} catch {
  // Not allowed everywhere; training then runs at the usual priority.
}

try {
  const plan = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as TrainPlan;
  await runTrainer(plan, send, stop.signal, locate);
} catch (cause) {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  send({ type: 'failed', code: 'code' in error ? String(error.code) : 'training_failed', message: error.message });
}
// What is not yet written when the channel closes is lost, and the last word matters.
await sent;
if (process.connected) process.disconnect();
