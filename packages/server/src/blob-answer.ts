import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { FoveaError } from '@fovea/annotations';
import type { Home } from '@fovea/store';
import type { Context } from 'hono';

/**
 * Answers a blob's bytes. What is named by its own SHA-256 never changes, so a browser keeps it for good and asks no more.
 *
 * @throws FoveaError `unknown_blob` where the bytes are gone from the store
 */
export async function sendBlob(c: Context, home: Home, sha256: string, mediaType: string): Promise<Response> {
  const etag = `"${sha256}"`;
  c.header('ETag', etag);
  c.header('Cache-Control', 'private, max-age=31536000, immutable');
  if (c.req.header('if-none-match') === etag) return c.body(null, 304);
  const path = home.blobs.pathOf(sha256);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    throw new FoveaError('unknown_blob', `The bytes ${sha256} are gone from ${home.path}: were files removed by hand?`);
  }
  c.header('Content-Type', mediaType);
  c.header('Content-Length', String(found.size));
  if (c.req.method === 'HEAD') return c.body(null);
  return c.body(Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>);
}
