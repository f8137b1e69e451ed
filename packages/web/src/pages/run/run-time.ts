import type { Run } from '@fovea/api';

/** How far a run has come, from 0 to 1: its steps, for those are what takes the time. */
export function runShare({ state, progress }: Run): number {
  if (state === 'finished') return 1;
  if (!progress) return 0;
  if (progress.phase === 'evaluating' || progress.phase === 'registering' || progress.phase === 'done') return 1;
  return progress.steps > 0 ? Math.min(1, progress.step / progress.steps) : 0;
}

/** Seconds from start to end, or to now; null before it starts. */
export function secondsTaken({ startedAt, finishedAt }: Run, now = Date.now()): number | null {
  if (!startedAt) return null;
  return ((finishedAt ? Date.parse(finishedAt) : now) - Date.parse(startedAt)) / 1000;
}
