import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { FoveaError } from '@fovea/annotations';
import type { Home } from '@fovea/store';
import type { Context } from 'hono';

/**
 * Answers a blob's bytes, see {@link sendFile}.
 *
 * @throws StoreError `unknown_blob` where the bytes are gone from the store
 */
export function sendBlob(c: Context, home: Home, sha256: string, mediaType: string): Promise<Response> {
  return sendFile(c, sha256, mediaType, () => home.blobs.localPath(sha256));
}

/**
 * Answers the bytes of what is named by a SHA-256, which never change, so a browser keeps them for good and asks no more;
 * or, where it asks so, one range of them (RFC 9110, 14). Ranges that make no sense, or several at once, are answered with
 * the whole, as that permits.
 *
 * @param locate - says the file; not asked where the browser has the bytes
 * @throws FoveaError `range_beyond` for a range that begins behind the end
 */
export async function sendFile(
  c: Context,
  sha256: string,
  mediaType: string,
  locate: () => Promise<string>,
): Promise<Response> {
  const etag = `"${sha256}"`;
  c.header('ETag', etag);
  c.header('Cache-Control', 'private, max-age=31536000, immutable');
  c.header('Accept-Ranges', 'bytes');
  if (c.req.header('if-none-match') === etag) return c.body(null, 304);
  // Opened before it is measured: a copy that gives way to others keeps its bytes while it is open.
  const file = await open(await locate());
  try {
    const { size } = await file.stat();
    const ifRange = c.req.header('if-range');
    const asked = ifRange === undefined || ifRange === etag ? c.req.header('range') : undefined;
    const range = asked === undefined || c.req.method !== 'GET' ? undefined : parseRange(asked, size);
    if (range !== undefined && range.start >= size) {
      c.header('Content-Range', `bytes */${size}`);
      c.header('Cache-Control', 'no-store');
      throw new FoveaError('range_beyond', `There are ${size} bytes; the range "${asked}" begins behind them.`, {
        size,
      });
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    c.header('Content-Type', mediaType);
    c.header('Content-Length', String(end - start + 1));
    if (range !== undefined) c.header('Content-Range', `bytes ${start}-${end}/${size}`);
    if (c.req.method === 'HEAD' || size === 0) {
      await file.close();
      return c.body(null);
    }
    const body = Readable.toWeb(file.createReadStream({ start, end })) as ReadableStream<Uint8Array>;
    return c.body(body, range === undefined ? 200 : 206);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The one range of a `Range` header, `bytes=0-499`, `bytes=500-` or `bytes=-500`; undefined where it is no such. */
export function parseRange(header: string, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim());
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  // The last so many bytes.
  if (match[1] === '') return { start: match[2] === '0' ? size : Math.max(0, size - Number(match[2])), end: size - 1 };
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return match[2] !== '' && Number(match[2]) < start ? undefined : { start, end };
}
