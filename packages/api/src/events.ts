import { toApiError } from './error.js';
import type { MetricsPage, Run, RunProgress } from './resources.js';

/** What happens in a run, as it happens. A `state` event comes first and whenever the state changes. */
export type RunEvent =
  | { readonly type: 'state'; readonly data: Run }
  | { readonly type: 'progress'; readonly data: RunProgress }
  | { readonly type: 'metrics'; readonly data: MetricsPage }
  | { readonly type: 'samples'; readonly data: { epochs: number[] } };

/** `since`: the `last` of metrics already at hand, so that only later points are sent. */
export interface FollowOptions {
  readonly since?: number;
  readonly signal?: AbortSignal;
}

const ended = new Set(['finished', 'failed', 'stopped']);

/**
 * Follows a run's server-sent events until it has ended. A lost connection is taken up again after a second, from the
 * last metric seen; a server that stays away for `patienceMs` or an unknown run throws ApiError. Aborting ends the
 * loop without an error.
 *
 * @example
 * for await (const event of api.followRun(run.id)) if (event.type === 'progress') show(event.data);
 */
export async function* followRun(
  url: string,
  send: typeof fetch,
  options: FollowOptions = {},
  patienceMs = 60_000,
): AsyncGenerator<RunEvent, void, undefined> {
  let since = options.since;
  let aliveAt = Date.now();
  while (!options.signal?.aborted) {
    try {
      const address = since === undefined ? url : `${url}?since=${since}`;
      const response = await send(address, { headers: { accept: 'text/event-stream' }, signal: options.signal });
      if (!response.ok || !response.body) throw toApiError(await response.json().catch(() => undefined), response);
      for await (const event of readEvents(response.body, options.signal)) {
        aliveAt = Date.now();
        if (event.type === 'metrics') since = event.data.last;
        yield event;
        if (event.type === 'state' && ended.has(event.data.state)) return;
      }
    } catch (error) {
      if (options.signal?.aborted) return;
      const status = (error as { status?: number }).status ?? 0;
      if (status >= 400 && status < 500) throw error;
      if (Date.now() - aliveAt > patienceMs) throw error;
    }
    await pause(1000, options.signal);
  }
}

/**
 * Parses a text/event-stream body into events, until it ends or the signal aborts; comments (keep-alives) and unknown
 * fields are passed over.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<RunEvent, void, undefined> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal?.addEventListener('abort', cancel, { once: true });
  const decoder = new TextDecoder();
  let text = '';
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done || signal?.aborted) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parseBlock(block);
        if (event && !signal?.aborted) yield event;
      }
    }
  } finally {
    signal?.removeEventListener('abort', cancel);
    await reader.cancel().catch(() => undefined);
  }
}

function parseBlock(block: string): RunEvent | undefined {
  let type = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith('event:')) type = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
  }
  return data.length > 0 ? ({ type, data: JSON.parse(data.join('\n')) } as RunEvent) : undefined;
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
