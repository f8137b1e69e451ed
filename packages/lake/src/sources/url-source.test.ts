import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import yazl from 'yazl';
import { readItem, readSource } from '../fixtures/source-items.js';
import { openSource } from './open-source.js';

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(900)]);
let server: Server;
let base: string;
let root: string;
const asked: string[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fovea-url-'));
  const packed = pack();
  packed.entry({ name: 'x/a.jpg' }, 'a picture');
  packed.finalize();
  const tar: Buffer[] = [];
  for await (const chunk of packed) tar.push(chunk as Buffer);
  const zip = new yazl.ZipFile();
  zip.addBuffer(Buffer.from('a picture'), 'x/a.jpg');
  zip.end();
  const zipped: Buffer[] = [];
  for await (const chunk of zip.outputStream) zipped.push(chunk as unknown as Buffer);
  const files: Record<string, readonly [Buffer, Record<string, string>]> = {
    '/a%20b.jpg': [PNG, { etag: '"tag"' }],
    '/download': [PNG, {}],
    '/by-type': [Buffer.from('?'), { 'content-type': 'video/mp4' }],
    '/page': [Buffer.from('<html>'), { 'content-type': 'text/html' }],
    '/packed.jpg': [gzipSync(PNG), { 'content-encoding': 'gzip' }],
    '/set.zip': [Buffer.concat(zipped), { etag: '"zip"' }],
    '/set.tar.gz': [gzipSync(Buffer.concat(tar)), { etag: '"tar"', 'content-encoding': 'x-gzip' }],
    '/archive?id=1': [Buffer.concat(tar), {}],
    '/wrong.zip': [Buffer.from('<html>'), {}],
    '/': [PNG, {}],
  };
  server = createServer((request, response) => {
    asked.push(request.url!);
    const [bytes, headers] = files[request.url!] ?? [];
    response.writeHead(bytes ? 200 : 404, { 'content-length': bytes?.length ?? 0, ...headers }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await rm(root, { recursive: true });
});

const read = (path: string, more: object = {}) =>
  readSource(`${base}${path}`, { allowPrivate: true, tmpFolder: root, ...more });

describe('a URL as a source', () => {
  it.each([
    ['/a%20b.jpg', 'a b.jpg', 'picture', '"tag"/908'],
    ['/download', 'download', 'picture', null],
    ['/by-type', 'by-type', 'video', null],
    ['/', 'index', 'picture', null],
  ])('%s is one item, asked for once', async (path, name, kind, fingerprint) => {
    asked.length = 0;
    const got = await read(path);
    expect(got.items).toEqual([expect.objectContaining({ name, kind, fingerprint, location: `${base}${path}` })]);
    expect(got.bytes[name]).toBeInstanceOf(Buffer);
    expect(asked).toEqual([path]);
  });

  it.each([
    ['/set.zip', `x/a.jpg`],
    ['/set.tar.gz', 'x/a.jpg'],
    ['/archive?id=1', 'x/a.jpg'],
  ])('%s is an archive', async (path, name) => {
    const got = await read(path);
    expect(got.items[0]).toMatchObject({ name, location: `${base}${path}!/${name}` });
    expect(String(got.bytes[name])).toBe('a picture');
    expect(await readdir(root)).toEqual([]);
  });

  it('may be read again, and later', async () => {
    const source = await openSource(`${base}/a%20b.jpg`, { allowPrivate: true, tmpFolder: root });
    const items = [];
    for await (const item of source.items()) items.push(item);
    expect((await readItem(items[0]!)).length).toBe(PNG.length);
    expect((await readItem(items[0]!)).length).toBe(PNG.length);
    await source.close();
  });

  it.each([
    ['/page', {}, 'unknown_kind'],
    ['/missing.jpg', {}, 'fetch_failed'],
    ['/packed.jpg', {}, 'fetch_failed'],
    ['/wrong.zip', {}, 'unknown_archive'],
    ['/a%20b.jpg', { allowPrivate: false }, 'private_address'],
    ['/a%20b.jpg', { limits: { maxPictureBytes: 10 } }, 'too_large'],
    ['/set.zip', { limits: { maxArchiveBytes: 10, maxVideoBytes: 10 } }, 'too_large'],
  ])('%s with %o is refused as %s', async (path, more, code) => {
    await expect(read(path, more)).rejects.toMatchObject({ code });
    expect(await readdir(root)).toEqual([]);
  });
});
