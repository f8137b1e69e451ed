import type { Readable } from 'node:stream';
import { FoveaError } from '@fovea/annotations';
import { HEAD_BYTES, passingArchive, peek, sniffArchive, unknownArchive } from './archive-source.js';
import { archiveKindOf, kindOf } from './file-name.js';
import { maxBytesOf } from './limited-bytes.js';
import type { OpenedSource, SourceTools } from './open-source.js';
import { describeUrl, type Fetched, safeFetch } from './safe-fetch.js';
import { sniffMedia } from './sniff-media.js';
import type { MediaKind, SourceItem } from './source.js';

const PICTURE_MS = 600_000;
const LARGE_MS = 12 * 3600_000;

/**
 * Opens a URL of a picture, a video or an archive. What it is, its name says, else its server, else its first bytes.
 *
 * @throws FoveaError `bad_url`; when asked for items `private_address`, `fetch_failed`, `too_large`, `unknown_kind`
 */
export function openUrlSource(spec: string, tools: SourceTools): OpenedSource {
  const location = describe(spec);
  return { root: location, items: (signal) => urlItems(spec, location, tools, signal) };
}

function describe(spec: string): string {
  try {
    return describeUrl(spec);
  } catch (cause) {
    throw new FoveaError('bad_url', 'The address is no URL: write https://host/path.', undefined, { cause });
  }
}

async function* urlItems(
  spec: string,
  location: string,
  tools: SourceTools,
  signal: AbortSignal | undefined,
): AsyncGenerator<SourceItem> {
  const { limits, allowPrivate } = tools;
  const name = nameOf(spec);
  const isArchive = archiveKindOf(name) !== undefined;
  const named = isArchive ? undefined : kindOf(name);
  const maxBytes =
    named === undefined ? Math.max(limits.maxArchiveBytes, limits.maxVideoBytes) : maxBytesOf(named, limits);
  const get = () =>
    safeFetch(spec, {
      allowPrivate,
      maxBytes,
      timeoutMs: named === 'picture' ? PICTURE_MS : LARGE_MS,
      ...(signal && { signal }),
    });

  const fetched = await get();
  let first: Readable | undefined;
  try {
    const { head, rest } = await peek(fetched.body, HEAD_BYTES);
    first = rest;
    const version = fetched.etag ?? fetched.headers['last-modified']?.slice(0, 64) ?? null;
    const fingerprint = version && `${version}/${fetched.sizeBytes ?? ''}`;
    const format = named === undefined ? sniffArchive(head) : undefined;
    if (isArchive || format !== undefined) {
      if (format === undefined) throw unknownArchive(location);
      const archive = { location, fingerprint, sizeBytes: fetched.sizeBytes, bytes: rest, format };
      return yield* passingArchive(archive, { ...tools, signal });
    }
    assertPlain(fetched, location);
    const kind = named ?? kindByServer(fetched.mediaType) ?? sniffMedia(head);
    if (kind === undefined) throw unknownKind(location, fetched.mediaType);
    yield {
      location,
      name,
      kind,
      fingerprint,
      sizeBytes: fetched.sizeBytes,
      // The bytes that were asked for to see what it is serve the first reader; others ask again.
      open: async () => {
        const bytes = first ?? (await get()).body;
        first = undefined;
        return bytes;
      },
    };
  } finally {
    first?.destroy();
    first = undefined;
  }
}

/** The last part of the path, as its name; `index` where there is none. */
function nameOf(spec: string): string {
  const part =
    new URL(spec).pathname
      .split('/')
      .filter((each) => each !== '')
      .at(-1) ?? 'index';
  try {
    const name = decodeURIComponent(part).replace(/[/\\\0]/g, '_');
    return name === '.' || name === '..' ? 'index' : name;
  } catch {
    return part;
  }
}

function kindByServer(mediaType: string): MediaKind | undefined {
  if (mediaType.startsWith('image/') && mediaType !== 'image/svg+xml') return 'picture';
  return mediaType.startsWith('video/') ? 'video' : undefined;
}

/** Bytes are taken as they are sent, so that a small answer cannot unpack to a large one. */
function assertPlain({ headers, body }: Fetched, location: string): void {
  const coding = headers['content-encoding'];
  if (coding === undefined || coding === 'identity') return;
  body.destroy();
  const reason = `the server sends it packed (${coding}), though it was asked not to`;
  throw new FoveaError('fetch_failed', `"${location}" could not be fetched: ${reason}.`, { file: location, reason });
}

function unknownKind(location: string, mediaType: string): FoveaError {
  const what = mediaType.startsWith('text/html')
    ? 'a web page'
    : `${mediaType || 'something'} that Fovea does not know`;
  return new FoveaError(
    'unknown_kind',
    `"${location}" is neither a picture, a video, nor an archive (ZIP, TAR, TAR.GZ): it is ${what}.`,
    { file: location, mediaType },
  );
}
