import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import { type PretrainedModel, requireEntry } from './catalogue.js';
import { loadPretrained, megabytes } from './locate.js';

/** Options of {@link fetchPretrained}. */
export interface FetchOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (loadedBytes: number, totalBytes: number) => void;
  /** Where to fetch from instead of the catalogue's URL: a mirror. The bytes must be the catalogue's all the same. */
  readonly url?: string;
}

const mostRedirects = 3;
/** A connection that says nothing for this long is given up. */
const stallMs = 30_000;

/**
 * Downloads a pretrained model into a folder, only ever because somebody asked for it. What is there already is kept.
 * The file appears under its name when its size and SHA-256 are those of the catalogue, and not before.
 *
 * @returns the file's path.
 * @throws FoveaError `unknown_pretrained`; `not_downloadable` where the catalogue has no URL; `download_failed` with the
 *   reason; `download_altered` for other bytes than the catalogue's; the signal's reason where it aborts.
 */
export async function fetchPretrained(name: string, folder: string, options: FetchOptions = {}): Promise<string> {
  const entry = requireEntry(name);
  const path = join(folder, entry.file);
  const present = await loadPretrained(entry, [folder]).catch((error: FoveaError) => {
    if (error.code === 'pretrained_missing' || error.code === 'pretrained_altered') return undefined;
    throw error;
  });
  if (present) return path;
  const url = options.url ?? entry.url;
  if (!url)
    throw new FoveaError(
      'not_downloadable',
      `${entry.name} cannot be downloaded: ${entry.origin}. Put ${entry.file} into ${folder} or a folder of FOVEA_MODEL_PATH.`,
      { name },
    );
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `.${entry.file}-${process.pid}-${randomUUID()}`);
  try {
    await download(entry, new URL(url), draft, options);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  return path;
}

async function download(entry: PretrainedModel, url: URL, draft: string, options: FetchOptions): Promise<void> {
  const stalled = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(new Error(`nothing came for ${stallMs / 1000} s`)), stallMs).unref();
  };
  const signal = options.signal ? AbortSignal.any([options.signal, stalled.signal]) : stalled.signal;
  const failed = (why: string, cause?: unknown) =>
    new FoveaError(
      'download_failed',
      `${entry.name} could not be downloaded from ${url.host}: ${why}.`,
      { name: entry.name, url: url.href },
      { cause },
    );
  const file = await open(draft, 'wx');
  try {
    alive();
    const body = await request(url, signal, failed);
    const hash = createHash('sha256');
    let loaded = 0;
    for await (const chunk of body) {
      alive();
      loaded += chunk.length;
      if (loaded > entry.sizeBytes) break;
      hash.update(chunk);
      await file.writeFile(chunk);
      options.onProgress?.(loaded, entry.sizeBytes);
    }
    const sha256 = hash.digest('hex');
    if (loaded !== entry.sizeBytes || sha256 !== entry.sha256)
      throw new FoveaError(
        'download_altered',
        `What ${url.host} gave for ${entry.name} is not the file of the catalogue: ${
          loaded === entry.sizeBytes
            ? `its SHA-256 begins ${sha256.slice(0, 12)}, not ${entry.sha256.slice(0, 12)}`
            : `it has ${loaded > entry.sizeBytes ? 'more' : 'less'} than the ${megabytes(entry.sizeBytes)} it should have`
        }. It was not kept.`,
        { name: entry.name, url: url.href, loaded, sha256 },
      );
    await file.sync();
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (cause instanceof FoveaError) throw cause;
    throw failed(reasonOf(cause), cause);
  } finally {
    clearTimeout(timer);
    await file.close();
  }
}

/** Follows few redirects, none from https to http; the answer's bytes. */
async function request(
  start: URL,
  signal: AbortSignal,
  failed: (why: string) => FoveaError,
): Promise<ReadableStream<Uint8Array>> {
  let url = start;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw failed(`${url.protocol} is neither http nor https`);
    const response = await fetch(url, { redirect: 'manual', signal });
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location) {
      await response.body?.cancel();
      const next = new URL(location, url);
      if (url.protocol === 'https:' && next.protocol !== 'https:') throw failed('it redirects from https to http');
      url = next;
      continue;
    }
    if (!response.ok || !response.body) throw failed(`the server answered ${response.status}`);
    return response.body;
  }
  throw failed(`it redirects more than ${mostRedirects} times`);
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message || (inner as NodeJS.ErrnoException).code || inner.name : String(inner);
}
