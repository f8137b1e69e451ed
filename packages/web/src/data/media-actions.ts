import type { MediaAction, MediaFilterQuery } from '@fovea/api';
import type { QueryClient } from '@tanstack/react-query';
import { toastDone, toastFailed } from '../frame/toasts.js';
import { api } from './api.js';
import { refreshMedia } from './queries.js';

/** What is said of an action, in the reader's language. */
export interface ActionWords {
  /** Of how many pictures it changed. */
  done(changed: number): string;
  readonly none: string;
  readonly failed: string;
  readonly undo: string;
  undone(changed: number): string;
  readonly undoFailed: string;
}

let undoLast: (() => void) | undefined;

/** Takes back the last action of this page, if there is one. */
export function undoLastAction(): void {
  undoLast?.();
}

/** Does something to all pictures a filter chooses; a toast says how many were changed, and offers to take it back. */
export async function changePictures(
  client: QueryClient,
  project: string,
  filter: MediaFilterQuery,
  action: MediaAction['action'],
  words: ActionWords,
): Promise<boolean> {
  try {
    const { actionId, changed } = await api.changeMedia(project, { filter, action });
    if (actionId === null) {
      toastDone(words.none);
      return true;
    }
    const undo = async () => {
      undoLast = undefined;
      try {
        const back = await api.undoAction(project, actionId);
        toastDone(words.undone(back.changed));
        refreshMedia(client, project);
      } catch (error) {
        toastFailed(words.undoFailed, error);
      }
    };
    undoLast = () => void undo();
    toastDone(words.done(changed), { label: words.undo, run: () => void undo() });
    refreshMedia(client, project);
    return true;
  } catch (error) {
    toastFailed(words.failed, error);
    return false;
  }
}
