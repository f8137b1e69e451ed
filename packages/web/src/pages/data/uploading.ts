import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { api } from '../../data/api.js';
import { refreshMedia } from '../../data/queries.js';
import { sendToIngest } from '../ingest/sending.js';

/** A batch of pictures on its way to the server. */
export interface Uploading {
  readonly project: string;
  readonly total: number;
  readonly done: number;
  readonly imported: number;
  readonly duplicates: number;
  /** Videos and archives that the server is taking apart. */
  readonly handed: readonly string[];
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

/** What can be dropped. */
export type FileKind = 'picture' | 'video' | 'archive';

/** What the file chooser offers. */
export const acceptedFiles = 'image/*,video/*,.zip,.tar,.tgz,.tar.gz';

/** What a file says it is, by type or, where the system knows none, by name; undefined for all that is not taken. */
export function fileKind(file: File): FileKind | undefined {
  if (file.type.startsWith('image/') || /\.(jpe?g|png|webp|avif|tiff?|gif|bmp|heic|heif)$/i.test(file.name))
    return 'picture';
  if (file.type.startsWith('video/') || /\.(mp4|mov|mkv|webm|avi|m4v|mpe?g)$/i.test(file.name)) return 'video';
  return /\.(zip|tar|tgz|tar\.gz)$/i.test(file.name) ? 'archive' : undefined;
}

/**
 * Sends what was dropped or chosen, a few at a time; one that fails is noted with its reason and the rest go on. Pictures
 * are taken in as they arrive; videos and archives become jobs, whose pictures appear as they are taken out.
 */
export async function uploadFiles(client: QueryClient, project: string, files: readonly File[]): Promise<void> {
  const queue = [...files];
  const before = state && state.done < state.total ? state : null;
  publish({
    project,
    total: (before?.total ?? 0) + files.length,
    done: before?.done ?? 0,
    imported: before?.imported ?? 0,
    duplicates: before?.duplicates ?? 0,
    problems: before?.problems ?? [],
    handed: before?.handed ?? [],
  });
  const work = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) await uploadOne(project, file);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  refreshMedia(client, project);
  await client.invalidateQueries({ queryKey: ['projects'] });
}

async function uploadOne(project: string, file: File): Promise<void> {
  let imported = 0;
  let duplicates = 0;
  const handed: string[] = [];
  let problems: { file: string; reason: string }[] = [];
  try {
    if (fileKind(file) !== 'picture') {
      await sendToIngest(project, file);
      handed.push(file.name);
      return;
    }
    const answer = await api.uploadMedia(project, { file, name: file.webkitRelativePath || file.name });
    if (answer.status === 'imported') imported = 1;
    else duplicates = 1;
    problems = answer.problems.map((problem) => ({ file: file.name, reason: problem.reason }));
  } catch (error) {
    // Foreign input, one of many: its reason belongs in the list, beside the others'.
    problems = [{ file: file.name, reason: error instanceof Error ? error.message : String(error) }];
  } finally {
    if (state) {
      publish({
        ...state,
        done: state.done + 1,
        imported: state.imported + imported,
        duplicates: state.duplicates + duplicates,
        handed: [...state.handed, ...handed],
        problems: [...state.problems, ...problems],
      });
    }
  }
}
