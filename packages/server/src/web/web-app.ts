import { readFile, stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import type { Context } from 'hono';
import { pagePolicy } from './security-headers.js';

const mediaTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/**
 * Serves the built web app from a folder. A path without a file is the app's own (its router shows the page or says
 * there is none), unless it looks like a file's. Files below `assets/` have their hash in the name and never change.
 */
export function serveWebApp(folder: string): (c: Context) => Promise<Response> {
  return async (c) => {
    if (!['GET', 'HEAD'].includes(c.req.method)) {
      throw new FoveaError('method_not_allowed', `${c.req.path} can only be read; the API is below /api/v1.`);
    }
    const path = safePath(c.req.path);
    const file = path === undefined ? undefined : await fileAt(join(folder, path));
    if (file) return send(c, file, isAsset(path!));
    // A model or a project may have a dot in its name, so only what names a known kind of file is one.
    if (path === undefined || isAsset(path) || Object.hasOwn(mediaTypes, extname(path))) {
      throw new FoveaError('unknown_path', `There is nothing at ${c.req.path}.`);
    }
    const page = await fileAt(join(folder, 'index.html'));
    if (!page) {
      throw new FoveaError(
        'web_app_not_built',
        'The web app is not built: run `npm run build` in the repository. The API is below /api/v1 all the same.',
      );
    }
    return send(c, page, false);
  };
}

interface StaticFile {
  readonly path: string;
  readonly etag: string;
}

/** The path as one below the folder, undefined where it is none: encoded slashes and dots do not lead out of it. */
function safePath(path: string): string | undefined {
  try {
    const decoded = decodeURIComponent(path);
    if (decoded.includes('\0') || decoded.includes('\\')) return undefined;
    const inside = normalize(`${sep}${decoded}`);
    return inside.split(sep).some((part) => part.startsWith('.')) ? undefined : inside;
  } catch {
    return undefined;
  }
}

async function fileAt(path: string): Promise<StaticFile | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  return { path, etag: `"${found.size.toString(36)}-${Math.round(found.mtimeMs).toString(36)}"` };
}

const isAsset = (path: string) => path.startsWith(`${sep}assets${sep}`);

async function send(c: Context, file: StaticFile, immutable: boolean): Promise<Response> {
  c.header('Cache-Control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  c.header('ETag', file.etag);
  if (c.req.header('if-none-match') === file.etag) return c.body(null, 304);
  const bytes = await readFile(file.path);
  const type = mediaTypes[extname(file.path)] ?? 'application/octet-stream';
  c.header('Content-Type', type);
  if (type.startsWith('text/html')) c.header('Content-Security-Policy', pagePolicy(bytes.toString('utf8')));
  return c.body(new Uint8Array(bytes));
}
