import { ApiError } from '@fovea/api';
import { useSyncExternalStore } from 'react';
import { api } from '../../data/api.js';

/** A file on its way to the server. */
export interface Sending {
  readonly name: string;
  readonly sentBytes: number;
  readonly totalBytes: number;
}

let sending: readonly Sending[] = [];
/** Jobs begun on this page: their reports are shown until they are dismissed. */
let begun: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Files under way now. */
export const useSending = (): readonly Sending[] => useSyncExternalStore(subscribe, () => sending);

/** Jobs whose reports are to be shown. */
export const useBegun = (): ReadonlySet<string> => useSyncExternalStore(subscribe, () => begun);

export function rememberJob(id: string): void {
  begun = new Set([...begun, id]);
  tell();
}

export function forgetJob(id: string): void {
  begun = new Set([...begun].filter((one) => one !== id));
  tell();
}

/**
 * Sends a video or an archive to be taken in, and answers its job. By XMLHttpRequest, since `fetch` does not tell how much
 * has been sent. Rejects with ApiError.
 */
export function sendToIngest(project: string, file: File): Promise<string> {
  const query = new URLSearchParams({ name: file.name });
  const url = `${api.origin}/api/v1/projects/${encodeURIComponent(project)}/ingest/upload?${query}`;
  let own: Sending = { name: file.name, sentBytes: 0, totalBytes: file.size };
  sending = [...sending, own];
  tell();
  return new Promise<string>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded }) => {
      const next = { ...own, sentBytes: loaded };
      sending = sending.map((one) => (one === own ? next : one));
      own = next;
      tell();
    };
    request.onload = () => {
      const answer = request.response as { jobId?: string; error?: { code: string; message: string } } | null;
      if (request.status < 300 && answer?.jobId !== undefined) return resolve(answer.jobId);
      const { code = 'unknown', message = `The server answered ${request.status}.` } = answer?.error ?? {};
      reject(new ApiError(code, message, request.status));
    };
    request.onerror = () =>
      reject(new ApiError('unreachable', `${file.name} could not be sent: the server cannot be reached.`, 0));
    request.send(file);
  }).then(
    (id) => {
      sending = sending.filter((one) => one !== own);
      rememberJob(id);
      return id;
    },
    (error: unknown) => {
      sending = sending.filter((one) => one !== own);
      tell();
      throw error;
    },
  );
}
