import { useSyncExternalStore } from 'react';

/** Snapshots that are about to be deleted: not shown any more, and still to be had back. */
let waiting: ReadonlySet<string> = new Set();
const timers = new Map<string, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();
/** As long as a toast offers to take it back. */
const graceMs = 8_000;

function publish(next: ReadonlySet<string>): void {
  waiting = next;
  for (const listener of listeners) listener();
}

/** Ids of snapshots that are about to go. */
export function useDeleting(): ReadonlySet<string> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting,
  );
}

/** Has something deleted after a while, unless {@link keepSnapshot} comes first. A page that is left early deletes nothing. */
export function deleteSoon(id: string, remove: () => Promise<void>): void {
  publish(new Set([...waiting, id]));
  timers.set(
    id,
    setTimeout(() => void remove().finally(() => keepSnapshot(id)), graceMs),
  );
}

/** Shows a snapshot again, and does not delete it where that has not happened yet. */
export function keepSnapshot(id: string): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  publish(new Set([...waiting].filter((one) => one !== id)));
}
