import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { runTrainer } from './loop/trainer.js';
import type { TrainerMessage, TrainPlan } from './plan.js';

// The process that does the numbers: forked by `executeRun`, told a plan's path, spoken to over IPC. It leaves when the
// process that forked it is gone, since whoever takes the run up next starts its own.
const stop = new AbortController();
let sent: Promise<unknown> = Promise.resolve();
const send = (message: TrainerMessage) => {
  if (process.connected)
    sent = new Promise((resolve) => process.send!(message, undefined, undefined, () => resolve(null)));
};
process.on('message', (message) => {
  if (message === 'stop') stop.abort();
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
  await runTrainer(plan, send, stop.signal);
} catch (cause) {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  send({ type: 'failed', code: 'code' in error ? String(error.code) : 'training_failed', message: error.message });
}
// What is not yet written when the channel closes is lost, and the last word matters.
await sent;
if (process.connected) process.disconnect();
