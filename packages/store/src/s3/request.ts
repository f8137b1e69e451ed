import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';

/** One request, as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes, or a function that makes a new stream of them; its length is in the headers. */
  readonly body?: Uint8Array | (() => Readable);
  readonly signal?: AbortSignal;
}

/** Its answer; the body is unread. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** Connections to one service, kept open between requests. */
export interface Wire {
  /** @throws the system's error, or one with the code `ETIMEDOUT` where nothing moved for the time allowed */
  send(request: WireRequest): Promise<WireAnswer>;
  close(): void;
}

/**
 * Opens connections as they are needed.
 *
 * @param idleMs how long a request may go without a byte in either direction; a reader that is slow itself has all time
 * @param lookup resolves host names, for callers that allow only some addresses
 */
export function openWire(options: { readonly idleMs: number; readonly lookup?: LookupFunction }): Wire {
  const settings = {
    keepAlive: true,
    maxSockets: 64,
    maxFreeSockets: 16,
    ...(options.lookup && { lookup: options.lookup }),
  };
  const agents = { 'http:': new HttpAgent(settings), 'https:': new HttpsAgent(settings) };
  return {
    send: (request) => send(request, agents, options.idleMs),
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function send(
  { method, url, headers, body, signal }: WireRequest,
  agents: Record<'http:' | 'https:', HttpAgent>,
  idleMs: number,
): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const start = secure ? requestHttps : requestHttp;
    const agent = agents[secure ? 'https:' : 'http:'];
    const outgoing = start(url, { method, headers, agent, ...(signal && { signal }) });
    let incoming: IncomingMessage | undefined;
    outgoing.setTimeout(idleMs, () => {
      // Bytes that wait to be read are the reader's doing, not the network's.
      if (incoming !== undefined && incoming.readableLength > 0) return void outgoing.setTimeout(idleMs);
      const error = Object.assign(new Error(`nothing was heard for ${idleMs / 1000} s`), { code: 'ETIMEDOUT' });
      incoming?.destroy(error);
      outgoing.destroy(error);
    });
    outgoing.once('response', (answer) => {
      incoming = answer;
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer });
    });
    outgoing.on('error', reject);
    if (typeof body === 'function') {
      const source = body();
      source.once('error', (error) => outgoing.destroy(error));
      outgoing.once('close', () => source.destroy());
      source.pipe(outgoing);
    } else outgoing.end(body);
  });
}

/**
 * The whole body of an answer.
 *
 * @throws an Error with the code `EMSGSIZE` past `maxBytes`, and with `ETIMEDOUT` past `maxMs`
 */
export async function readBody(body: Readable, maxBytes: number, maxMs: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const late = setTimeout(() => {
    body.destroy(Object.assign(new Error(`the answer took more than ${maxMs / 1000} s`), { code: 'ETIMEDOUT' }));
  }, maxMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) {
        throw Object.assign(new Error(`the answer has more than ${maxBytes} bytes`), { code: 'EMSGSIZE' });
      }
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(chunks, size);
}
