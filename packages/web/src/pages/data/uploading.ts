import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { api } from '../../data/api.js';

/** A batch of pictures on its way to the server. */
export interface Uploading {
  readonly project: string;
  readonly total: number;
  readonly done: number;
  readonly imported: number;
  readonly duplicates: number;
  /** What was refused or changed, file by file. */
  readonly problems: readonly { file: string; reason: string }[];
}

const atOnce = 3;
let state: Uploading | null = null;
const listeners = new Set<() => void>();

function publish(next: Uploading | null): void {
  state = next;
  for (const listener of listeners) listener();
}

/** The batch under way or just done; it outlives the page, so that work elsewhere does not stop it. */
export function useUploading(): Uploading | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

export function dismissUploading(): void {
  publish(null);
}

/** Sends pictures, a few at a time; one that fails is noted with its reason and the rest go on. */
export async function uploadPictures(client: QueryClient, project: string, files: readonly File[]): Promise<void> {
  const queue = [...files];
  const before = state && state.done < state.total ? state : null;
  publish({
    project,
    total: (before?.total ?? 0) + files.length,
    done: before?.done ?? 0,
    imported: before?.imported ?? 0,
    duplicates: before?.duplicates ?? 0,
    problems: before?.problems ?? [],
  });
  const work = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) await uploadOne(project, file);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  for (const queryKey of [['media', project], ['media-count', project], ['project', project], ['projects']]) {
    await client.invalidateQueries({ queryKey });
  }
}

async function uploadOne(project: string, file: File): Promise<void> {
  let imported = 0;
  let duplicates = 0;
  let problems: { file: string; reason: string }[] = [];
  try {
    const answer = await api.uploadMedia(project, { file, name: file.webkitRelativePath || file.name });
    if (answer.status === 'imported') imported = 1;
    else duplicates = 1;
    problems = answer.problems.map((problem) => ({ file: file.name, reason: problem.reason }));
  } catch (error) {
    // Foreign input, one of many: its reason belongs in the list, beside the others'.
    problems = [{ file: file.name, reason: error instanceof Error ? error.message : String(error) }];
  }
  if (!state) return;
  publish({
    ...state,
    done: state.done + 1,
    imported: state.imported + imported,
    duplicates: state.duplicates + duplicates,
    problems: [...state.problems, ...problems],
  });
}
