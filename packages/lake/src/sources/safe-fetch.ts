import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { FoveaError } from '@fovea/annotations';
import { systemCode } from '@fovea/store';
import { assertPublicHost, lookupPublic } from './address.js';
import { passBytes, tooLarge } from './limited-bytes.js';

/** Options of {@link safeFetch}. */
export interface SafeFetchOptions {
  /** Lifts the rule about addresses, and no other. Default false. */
  readonly allowPrivate?: boolean;
  /** The most bytes of the body; told by its length before it comes, or when it has come. */
  readonly maxBytes: number;
  /** How long all of it may take, default an hour. */
  readonly timeoutMs?: number;
  /** How long nothing may come, default 30 s. A reader that is slow itself has all time. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
}

/** An answer, its body on its way. */
export interface Fetched {
  /** Where it came from in the end, without credentials. */
  readonly location: string;
  readonly headers: IncomingHttpHeaders;
  /** Media type without parameters, in lower case; '' where none is told. */
  readonly mediaType: string;
  /** What the answer says its length is; null where it does not. */
  readonly sizeBytes: number | null;
  readonly etag: string | null;
  /** The bytes as they were sent, not unpacked. Fails with FoveaError `fetch_failed` or `too_large`. */
  readonly body: Readable;
}

const MAX_REDIRECTS = 5;
const TRIES = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const SECRET =
  /^(x-amz-|x-goog-|x-oss-|x-cos-)|signature|^sig$|^sv$|^se$|token|secret|passw|credential|api[-_]?key|^key$|^auth/i;

/**
 * Gets what a URL leads to, without being led where nobody should be: http and https only; each host on the way is
 * resolved once, every one of its addresses must be public, and the connection is made to the address that was looked
 * at; at most five redirects, none from https to http; a user name and password go to the host they were written for and
 * no other; the body has a limit in size, in time, and in silence, and must be as long as was said.
 *
 * Three tries where the server is busy or the connection breaks before there is an answer.
 *
 * @throws FoveaError `bad_url`, `private_address`, `fetch_failed`, `too_large`
 */
export async function safeFetch(address: string, options: SafeFetchOptions): Promise<Fetched> {
  const { allowPrivate = false, maxBytes, timeoutMs = 3_600_000, idleMs = 30_000, signal } = options;
  const first = parseUrl(address);
  const deadline = performance.now() + timeoutMs;
  const stop = AbortSignal.any([AbortSignal.timeout(Math.min(timeoutMs, 2 ** 31 - 1)), ...(signal ? [signal] : [])]);
  let url = first;
  for (let hop = 0; ; hop++) {
    if (!allowPrivate) assertPublicHost(url);
    const answer = await persist(url, url.origin === first.origin ? first : undefined, {
      allowPrivate,
      idleMs,
      stop,
      signal,
    });
    const { statusCode: status = 0, headers } = answer;
    const target = REDIRECTS.has(status) ? headers.location : undefined;
    if (target !== undefined) {
      answer.destroy();
      const next = redirected(url, target);
      if (hop === MAX_REDIRECTS) throw failed(url, `it redirects more than ${MAX_REDIRECTS} times`);
      if (url.protocol === 'https:' && next.protocol === 'http:') {
        throw failed(url, 'it redirects from https to http, where anybody could read and change what comes');
      }
      url = next;
      continue;
    }
    if (status !== 200) {
      answer.destroy();
      throw failed(url, statusReason(status, hop), { status });
    }
    const said = headers['content-length'];
    const sizeBytes = said === undefined || !/^\d{1,15}$/.test(said) ? null : Number(said);
    const location = describeUrl(url);
    if (sizeBytes !== null && sizeBytes > maxBytes) {
      answer.destroy();
      throw tooLarge(location, maxBytes);
    }
    const body = passBytes(answer, {
      location,
      maxBytes,
      onEnd: (size) => {
        if (sizeBytes !== null && size !== sizeBytes) throw failed(url, `it ended after ${size} of ${sizeBytes} bytes`);
      },
      explain: (cause) => {
        signal?.throwIfAborted();
        if (performance.now() >= deadline)
          return failed(url, `it took longer than ${timeoutMs / 1000} s`, undefined, cause);
        return failed(url, reasonOf(cause), undefined, cause);
      },
    });
    return {
      location,
      headers,
      mediaType: (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase(),
      sizeBytes,
      etag: headers.etag?.slice(0, 200) ?? null,
      body,
    };
  }
}

/**
 * A URL to show: without user name and password, without fragment, and without those parameters of its query that are
 * signatures or keys.
 */
export function describeUrl(address: string | URL): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  url.hash = '';
  for (const name of [...url.searchParams.keys()]) if (SECRET.test(name)) url.searchParams.delete(name);
  return url.href;
}

function parseUrl(address: string): URL {
  let url: URL;
  try {
    url = new URL(address);
  } catch (cause) {
    throw new FoveaError('bad_url', 'The address is no URL: write https://host/path.', undefined, { cause });
  }
  assertWeb(url);
  return url;
}

function assertWeb(url: URL): void {
  if (url.protocol === 'http:' || url.protocol === 'https:') return;
  throw new FoveaError('bad_url', `Only http and https are fetched, and this leads to ${url.protocol}//.`, {
    protocol: url.protocol,
  });
}

function redirected(from: URL, target: string): URL {
  let url: URL;
  try {
    url = new URL(target, from);
  } catch {
    throw failed(from, 'it redirects to what is no URL');
  }
  assertWeb(url);
  return url;
}

interface Attempt {
  readonly allowPrivate: boolean;
  readonly idleMs: number;
  readonly stop: AbortSignal;
  readonly signal: AbortSignal | undefined;
}

async function persist(url: URL, credentialsOf: URL | undefined, attempt: Attempt): Promise<IncomingMessage> {
  for (let tries = 1; ; tries++) {
    let trouble: unknown;
    try {
      const answer = await send(url, credentialsOf, attempt);
      const { statusCode = 0 } = answer;
      if ((statusCode !== 429 && statusCode < 500) || statusCode === 501 || tries === TRIES) return answer;
      answer.destroy();
    } catch (cause) {
      trouble = cause;
    }
    attempt.signal?.throwIfAborted();
    if (trouble instanceof FoveaError) throw trouble;
    const isTemporary = trouble === undefined || /^(ECONN|EPIPE|EAI_AGAIN|HPE_)/.test(systemCode(trouble) ?? '');
    if (!isTemporary || tries === TRIES || attempt.stop.aborted)
      throw failed(url, reasonOf(trouble), undefined, trouble);
    await sleep(200 * 2 ** tries * (0.5 + Math.random() / 2));
  }
}

/** One request on a connection of its own: one that is kept may lead to an address that nobody looked at. */
function send(
  url: URL,
  credentialsOf: URL | undefined,
  { allowPrivate, idleMs, stop }: Attempt,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { username = '', password = '' } = credentialsOf ?? {};
    const plain = new URL(url);
    plain.username = '';
    plain.password = '';
    const outgoing = (url.protocol === 'https:' ? requestHttps : requestHttp)(plain, {
      agent: false,
      signal: stop,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'fovea' },
      ...(!allowPrivate && { lookup: lookupPublic }),
      ...((username || password) && { auth: `${decode(username)}:${decode(password)}` }),
    });
    let incoming: IncomingMessage | undefined;
    outgoing.setTimeout(idleMs, () => {
      if (incoming !== undefined && incoming.readableLength > 0) return void outgoing.setTimeout(idleMs);
      const error = Object.assign(new Error('silence'), { code: 'ETIMEDOUT', idleMs });
      incoming?.destroy(error);
      outgoing.destroy(error);
    });
    outgoing.once('response', (answer) => {
      incoming = answer;
      // Whoever gives up on the body destroys it; that is no news to anybody.
      answer.on('error', () => undefined);
      resolve(answer);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function reasonOf(cause: unknown): string {
  const code = systemCode(cause);
  if ((cause as Error | undefined)?.name === 'TimeoutError') return 'it took too long';
  if (code === 'ENOTFOUND') return 'there is no such host';
  if (code === 'ECONNRESET') return 'the connection broke';
  if (code === 'ETIMEDOUT') return 'nothing came for too long';
  return code ?? 'the connection failed';
}

function statusReason(status: number, hop: number): string {
  if (status === 401 || status === 403) return `the server refuses it (${status}); does it want a password?`;
  if (status === 404 || status === 410) return `there is nothing there (${status})`;
  return `the server answered ${status}${hop > 0 ? ` after ${hop} redirects` : ''}`;
}

function failed(url: URL, reason: string, details: Record<string, unknown> = {}, cause?: unknown): FoveaError {
  const file = describeUrl(url);
  return new FoveaError(
    'fetch_failed',
    `"${file}" could not be fetched: ${reason}.`,
    { file, reason, ...details },
    { cause },
  );
}
