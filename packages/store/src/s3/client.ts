import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { StoreError } from '../error.js';
import { type Failure, networkFailure, readFailure, storageFailure } from './failure.js';
import { objectUrl, type S3Credentials, type S3Location } from './location.js';
import { openWire, readBody, type WireAnswer } from './request.js';
import { elementsOf, escapeXml, textOf } from './xml.js';

/** What a listing or a head says of an object. */
export interface S3Object {
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes with the bytes; without its quotation marks. */
  readonly etag: string;
  /** When it was last stored, by the storage's clock; now where it does not say, so that nothing is taken for old. */
  readonly storedAt: Date;
}

/** Bytes of an object, on their way. */
export interface S3Bytes {
  /** Takes up a connection that breaks where it was, as long as the object is the same. */
  readonly body: Readable;
  /** How many bytes the body has. */
  readonly sizeBytes: number;
  readonly etag: string;
  /** What the object's writer said it is, e.g. `image/jpeg`; undefined where nothing. */
  readonly contentType: string | undefined;
}

/** What to store: bytes, or a file that nobody changes meanwhile. */
export type S3Body = Uint8Array | { readonly path: string; readonly sizeBytes: number };

/** Options of {@link S3Client.put}. */
export interface S3PutOptions {
  /** SHA-256 of the bytes, which a service that checks it holds them against. */
  readonly sha256?: string;
  /** Only where there is no such object yet. */
  readonly ifNoneMatch?: boolean;
}

/**
 * Objects of one bucket. Everything that may be done twice is tried again, with growing, random pauses, while the
 * service fails or cannot be reached, for half a minute; one that never answered so far, for five seconds.
 *
 * All throw StoreError `storage_unreachable`, `storage_denied`, `storage_no_bucket`, `storage_failed` or `bad_key`; no
 * message or detail holds a key of the credentials.
 */
export interface S3Client {
  readonly location: S3Location;
  /** What is known of an object without its bytes; undefined where there is none. */
  head(key: string): Promise<S3Object | undefined>;
  /**
   * An object's bytes, or those from `start` up to and without `end`.
   *
   * @throws StoreError `unknown_object`; the body fails with `object_changed` where it is another after a broken connection
   */
  get(key: string, range?: { readonly start: number; readonly end?: number }, signal?: AbortSignal): Promise<S3Bytes>;
  /**
   * Stores an object: it is there whole or not at all. Large files go in parts.
   *
   * @returns whether it was stored; false only with `ifNoneMatch`, where there was one, be it from a try whose answer
   *   was lost
   */
  put(key: string, body: S3Body, options?: S3PutOptions): Promise<boolean>;
  /** Removes an object; nothing happens where there is none. */
  delete(key: string): Promise<void>;
  /** All objects whose key begins with `prefix`, in the order of the keys' UTF-8 bytes, page by page. */
  list(
    prefix: string,
    options?: { readonly pageSize?: number; readonly signal?: AbortSignal },
  ): AsyncGenerator<S3Object[]>;
  /** Ends uploads in parts below `prefix` that were begun longer ago than this and never finished; gives their number. */
  abortUploads(prefix: string, olderThanMs: number): Promise<number>;
  /** Lets go of the connections. */
  close(): void;
}

/** Options of {@link openS3Client}. */
export interface S3ClientOptions {
  readonly location: S3Location;
  /** Undefined: requests go unsigned. */
  readonly credentials: S3Credentials | undefined;
  /** Resolves host names; for callers that allow only some addresses. Literal addresses are theirs to check. */
  readonly lookup?: LookupFunction;
  /** How long a request may go without a byte, default 20 s. */
  readonly idleMs?: number;
  /** How long to try again, default 30 s. */
  readonly retryMs?: number;
  /** Size of the parts of large files, and from where on a file is large; default 16 MiB. */
  readonly partBytes?: number;
}

const FIRST_CONTACT_MS = 5_000;
const LEAST_TRIES = 4;
const PARTS_AT_ONCE = 3;
const MAX_PARTS = 9_000;
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

interface Asked {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly key?: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | { readonly path: string; readonly sizeBytes: number };
  readonly sha256?: string;
  readonly signal?: AbortSignal;
  /** Statuses beside 2xx that are an answer and no failure. */
  readonly also?: readonly number[];
}

/** Opens a client; nothing is asked yet. */
export function openS3Client(options: S3ClientOptions): S3Client {
  const { location, credentials, idleMs = 20_000, retryMs = 30_000, partBytes = 16 * 2 ** 20 } = options;
  const wire = openWire({ idleMs, ...(options.lookup && { lookup: options.lookup }) });
  const signingKeys = new Map<string, ArrayBuffer>();
  let everAnswered = false;

  async function signed(asked: Asked): Promise<{ url: URL; headers: Record<string, string> }> {
    const url = objectUrl(location, asked.key, asked.query);
    const headers: Record<string, string> = { ...asked.headers };
    if (asked.body !== undefined || asked.method === 'PUT' || asked.method === 'POST') {
      headers['content-length'] = String(asked.body === undefined ? 0 : sizeOf(asked.body));
    }
    if (credentials === undefined) return { url, headers };
    headers['x-amz-content-sha256'] = asked.sha256 ?? (asked.body === undefined ? EMPTY_SHA256 : 'UNSIGNED-PAYLOAD');
    const signer = new AwsV4Signer({
      ...credentials,
      method: asked.method,
      url: url.href,
      headers,
      service: 's3',
      region: location.region,
      cache: signingKeys,
    });
    const { headers: all } = await signer.sign();
    return { url, headers: Object.fromEntries(all.entries()) };
  }

  async function attempt(asked: Asked): Promise<WireAnswer | Failure> {
    const { url, headers } = await signed(asked);
    const { method, body, signal } = asked;
    const source = body === undefined || body instanceof Uint8Array ? body : () => createReadStream(body.path);
    try {
      const answer = await wire.send({
        method,
        url,
        headers,
        ...(source && { body: source }),
        ...(signal && { signal }),
      });
      if ((answer.status >= 200 && answer.status < 300) || asked.also?.includes(answer.status)) {
        everAnswered = true;
        return answer;
      }
      const failure = await readFailure(answer);
      everAnswered = true;
      return failure;
    } catch (cause) {
      return networkFailure(cause);
    }
  }

  /** Does one thing until it works, or until it is clear that it will not. */
  async function persist<T>(
    key: string | undefined,
    signal: AbortSignal | undefined,
    once: () => Promise<{ value: T } | Failure>,
  ): Promise<T> {
    const startedAt = performance.now();
    for (let tries = 1; ; tries++) {
      const outcome = await once();
      if ('value' in outcome) return outcome.value;
      signal?.throwIfAborted();
      const elapsed = performance.now() - startedAt;
      const allowedMs = everAnswered ? retryMs : Math.min(retryMs, FIRST_CONTACT_MS);
      const isOver = elapsed > allowedMs && tries >= LEAST_TRIES;
      if (!outcome.isTemporary || isOver) throw storageFailure(outcome, location, key);
      await pause(tries, signal, outcome.waitMs);
    }
  }

  /** Asks, and reads the whole of a short answer. */
  function ask(asked: Asked): Promise<{ answer: WireAnswer; text: string }> {
    return persist(asked.key, asked.signal, async () => {
      const answer = await attempt(asked);
      if (!('body' in answer)) return answer;
      try {
        const bytes = await readBody(answer.body, 16 * 2 ** 20, Math.max(idleMs, 1_000));
        return { value: { answer, text: bytes.toString('utf8') } };
      } catch (cause) {
        return networkFailure(cause);
      }
    });
  }

  /** Asks for bytes, and leaves the answer's body unread. */
  function start(asked: Asked): Promise<WireAnswer> {
    return persist(asked.key, asked.signal, async () => {
      const answer = await attempt(asked);
      return 'body' in answer ? { value: answer } : answer;
    });
  }

  async function get(
    key: string,
    range: { readonly start: number; readonly end?: number } = { start: 0 },
    signal?: AbortSignal,
  ): Promise<S3Bytes> {
    const whole = range.start === 0 && range.end === undefined;
    const base = { method: 'GET', key, ...(signal && { signal }) } as const;
    const first = await start({ ...base, ...(!whole && { headers: { range: rangeOf(range.start, range.end) } }) });
    if (!whole && first.status !== 206) {
      first.body.destroy();
      throw storageFailure({ status: first.status, isTemporary: false }, location, key);
    }
    const sizeBytes = Number(first.headers['content-length']);
    const etag = etagOf(first);
    const end = range.start + sizeBytes;

    async function* bytes(): AsyncGenerator<Buffer> {
      let at = range.start;
      let answer = first;
      let movedAt = performance.now();
      let breaks = 0;
      try {
        while (at < end) {
          const before = at;
          let failure = networkFailure(Object.assign(new Error('the answer ended early'), { code: 'ECONNRESET' }));
          try {
            for await (const chunk of answer.body as AsyncIterable<Buffer>) {
              at += chunk.length;
              yield at > end ? chunk.subarray(0, chunk.length - (at - end)) : chunk;
            }
            if (at >= end) return;
          } catch (cause) {
            signal?.throwIfAborted();
            failure = networkFailure(cause);
          }
          // Whatever moves on may go on; only standing still counts against the time allowed.
          if (at > before) [movedAt, breaks] = [performance.now(), 0];
          const isOver = ++breaks > LEAST_TRIES && performance.now() - movedAt > retryMs;
          if (!failure.isTemporary || isOver) throw storageFailure(failure, location, key);
          await pause(breaks, signal);
          const headers = { range: rangeOf(at, end), ...(etag && { 'if-match': `"${etag}"` }) };
          answer = await start({ ...base, headers, also: [412] });
          const isRest = answer.status === 206 && answer.headers['content-range']?.startsWith(`bytes ${at}-`);
          if (!isRest || etagOf(answer) !== etag) throw changed(key, location);
        }
      } finally {
        answer.body.destroy();
      }
    }
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
      first.body.destroy();
      throw storageFailure({ status: first.status, code: 'without a length', isTemporary: false }, location, key);
    }
    const body = Readable.from(bytes(), { objectMode: false, highWaterMark: 2 ** 16 });
    // A body that is never read still holds a connection.
    body.once('close', () => first.body.destroy());
    first.body.on('error', () => undefined);
    return { body, sizeBytes, etag, contentType: first.headers['content-type'] };
  }

  async function putWhole(key: string, body: S3Body, { sha256, ifNoneMatch }: S3PutOptions): Promise<boolean> {
    const { answer } = await ask({
      method: 'PUT',
      key,
      body,
      ...(sha256 !== undefined && { sha256 }),
      ...(ifNoneMatch && { headers: { 'if-none-match': '*' }, also: [412] }),
    });
    return answer.status !== 412;
  }

  async function putParts(key: string, path: string, sizeBytes: number, ifNoneMatch = false): Promise<boolean> {
    const partSize = Math.max(partBytes, Math.ceil(sizeBytes / MAX_PARTS));
    const begun = await ask({ method: 'POST', key, query: { uploads: '' } });
    const uploadId = textOf(begun.text, 'UploadId');
    if (!uploadId)
      throw storageFailure({ status: 200, code: 'without an UploadId', isTemporary: false }, location, key);
    const file = await open(path);
    try {
      const etags = await putEach(file, key, uploadId, Math.ceil(sizeBytes / partSize), partSize);
      const parts = etags.map(
        (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
      );
      const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
      return await complete(key, uploadId, body, sizeBytes, ifNoneMatch);
    } catch (error) {
      await ask({ method: 'DELETE', key, query: { uploadId }, also: [404] }).catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
  }

  async function putEach(file: FileHandle, key: string, uploadId: string, count: number, partSize: number) {
    const etags = new Array<string>(count);
    let next = 0;
    const work = async (): Promise<void> => {
      const buffer = Buffer.alloc(partSize);
      while (next < count) {
        const index = next++;
        const { bytesRead } = await file.read(buffer, 0, partSize, index * partSize);
        const query = { partNumber: String(index + 1), uploadId };
        const { answer } = await ask({ method: 'PUT', key, query, body: buffer.subarray(0, bytesRead) });
        etags[index] = String(answer.headers.etag);
      }
    };
    const workers = Array.from({ length: Math.min(PARTS_AT_ONCE, count) }, () =>
      work().catch((error: unknown) => {
        next = count;
        throw error;
      }),
    );
    const failed = (await Promise.allSettled(workers)).find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
    return etags;
  }

  /** Joins the parts. The answer may be a failure with status 200, and a try whose answer was lost may have worked. */
  function complete(key: string, uploadId: string, body: Buffer, sizeBytes: number, ifNoneMatch: boolean) {
    const asked: Asked = {
      method: 'POST',
      key,
      query: { uploadId },
      body,
      also: ifNoneMatch ? [404, 412] : [404],
      ...(ifNoneMatch && { headers: { 'if-none-match': '*' } }),
    };
    return persist<boolean>(key, undefined, async () => {
      const { answer, text } = await ask(asked);
      if (answer.status === 412) return { value: false };
      if (answer.status === 404) {
        const there = await head(key);
        return there?.sizeBytes === sizeBytes
          ? { value: true }
          : { status: 404, code: 'NoSuchUpload', isTemporary: false };
      }
      const code = text.includes('<Error>') ? (textOf(text, 'Code') ?? 'InternalError') : undefined;
      return code === undefined ? { value: true } : { status: 200, code, isTemporary: true };
    });
  }

  async function head(key: string): Promise<S3Object | undefined> {
    const { answer } = await ask({ method: 'HEAD', key, also: [404] });
    // A head has no body to tell a missing bucket by; what is asked next does.
    if (answer.status === 404) return undefined;
    return {
      key,
      sizeBytes: Number(answer.headers['content-length'] ?? 0),
      etag: etagOf(answer),
      storedAt: dateOf(answer.headers['last-modified']),
    };
  }

  async function* list(
    prefix: string,
    { pageSize = 1000, signal }: { readonly pageSize?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<S3Object[]> {
    let token: string | undefined;
    do {
      const query = {
        'list-type': '2',
        'encoding-type': 'url',
        'max-keys': String(pageSize),
        prefix,
        ...(token !== undefined && { 'continuation-token': token }),
      };
      const { text } = await ask({ method: 'GET', query, ...(signal && { signal }) });
      if (!text.includes('ListBucketResult')) {
        throw storageFailure({ status: 200, code: 'without a listing', isTemporary: false }, location, undefined);
      }
      const isEncoded = textOf(text, 'EncodingType') === 'url';
      yield elementsOf(text, 'Contents').map((entry) => {
        const key = textOf(entry, 'Key') ?? '';
        return {
          key: isEncoded ? decodeKey(key) : key,
          sizeBytes: Number(textOf(entry, 'Size') ?? 0),
          etag: (textOf(entry, 'ETag') ?? '').replaceAll('"', ''),
          storedAt: dateOf(textOf(entry, 'LastModified')),
        };
      });
      const next = textOf(text, 'IsTruncated') === 'true' ? textOf(text, 'NextContinuationToken') : undefined;
      if (next !== undefined && next === token) {
        throw storageFailure({ status: 200, code: 'the same page twice', isTemporary: false }, location, undefined);
      }
      token = next;
    } while (token !== undefined);
  }

  async function abortUploads(prefix: string, olderThanMs: number): Promise<number> {
    const { answer, text } = await ask({
      method: 'GET',
      query: { uploads: '', prefix },
      also: [400, 403, 404, 405, 501],
    });
    if (answer.status !== 200) return 0;
    let ended = 0;
    for (const entry of elementsOf(text, 'Upload')) {
      const [key, uploadId, begun] = ['Key', 'UploadId', 'Initiated'].map((name) => textOf(entry, name));
      if (!key?.startsWith(prefix) || !uploadId || !(Date.now() - Date.parse(begun ?? '') > olderThanMs)) continue;
      await ask({ method: 'DELETE', key, query: { uploadId }, also: [404] });
      ended++;
    }
    return ended;
  }

  return {
    location,
    head,
    get,
    put: (key, body, putOptions = {}) =>
      body instanceof Uint8Array || body.sizeBytes <= partBytes
        ? putWhole(key, body, putOptions)
        : putParts(key, body.path, body.sizeBytes, putOptions.ifNoneMatch),
    delete: async (key) => void (await ask({ method: 'DELETE', key, also: [404] })),
    list,
    abortUploads,
    close: wire.close,
  };
}

/** Waits before the next try: longer each time, at most two seconds, and never as long as others wait. */
async function pause(tries: number, signal: AbortSignal | undefined, toldMs?: number): Promise<void> {
  const limit = Math.min(2_000, 50 * 2 ** Math.min(tries, 10));
  await sleep(toldMs ?? limit * (0.1 + 0.9 * Math.random()), undefined, { ...(signal && { signal }) });
}

function sizeOf(body: S3Body): number {
  return body instanceof Uint8Array ? body.byteLength : body.sizeBytes;
}

function rangeOf(start: number, end: number | undefined): string {
  return `bytes=${start}-${end === undefined ? '' : end - 1}`;
}

function dateOf(text: unknown): Date {
  const date = new Date(String(text ?? ''));
  return Number.isNaN(date.getTime()) ? new Date() : date;
}

function etagOf({ headers }: WireAnswer): string {
  return String(headers.etag ?? '').replaceAll('"', '');
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', '%20'));
  } catch {
    return key;
  }
}

function changed(key: string, { bucket }: S3Location): StoreError {
  return new StoreError(
    'object_changed',
    `The object "${key}" of the bucket "${bucket}" was changed while it was read.`,
    {
      bucket,
      key,
    },
  );
}
