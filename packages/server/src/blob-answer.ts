import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Home } from '@fovea/store';
import type { Context } from 'hono';

/**
 * Answers a blob's bytes. What is named by its own SHA-256 never changes, so a browser keeps it for good and asks no more.
 *
 * @throws StoreError `unknown_blob` where the bytes are gone from the store
 */
export async function sendBlob(c: Context, home: Home, sha256: string, mediaType: string): Promise<Response> {
  const etag = `"${sha256}"`;
  c.header('ETag', etag);
  c.header('Cache-Control', 'private, max-age=31536000, immutable');
  if (c.req.header('if-none-match') === etag) return c.body(null, 304);
  // Opened before it is measured: a copy that gives way to others keeps its bytes while it is open.
  const file = await open(await home.blobs.localPath(sha256));
  c.header('Content-Type', mediaType);
  c.header('Content-Length', String((await file.stat()).size));
  if (c.req.method === 'HEAD') {
    await file.close();
    return c.body(null);
  }
  return c.body(Readable.toWeb(file.createReadStream()) as ReadableStream<Uint8Array>);
}
