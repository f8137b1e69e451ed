import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeUrl, safeFetch } from './safe-fetch.js';

const BYTES = randomBytes(200_000);
let server: Server;
let base: string;
let requests: IncomingMessage[] = [];

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/picture.jpg': (_, response) =>
    void response
      .writeHead(200, { 'content-type': 'Image/JPEG; x=1', etag: '"e1"', 'content-length': BYTES.length })
      .end(BYTES),
  '/chunked': (_, response) => void response.writeHead(200).end(BYTES),
  '/to-picture': (_, response) => void response.writeHead(302, { location: '/picture.jpg' }).end(),
  '/loop': (_, response) => void response.writeHead(301, { location: '/loop' }).end(),
  '/to-file': (_, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/to-other-host': (request, response) =>
    void response.writeHead(302, { location: `http://localhost:${request.socket.localPort}/picture.jpg` }).end(),
  '/endless': (_, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(65_536);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  },
  '/short': (_, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('only this', () => response.socket!.end());
  },
  '/silent': () => undefined,
  '/slow-loris': (_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'), 30);
    response.on('close', () => clearInterval(timer));
  },
  '/packed': (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1e6))),
  '/busy-twice': (_, response) => {
    const count = requests.filter(({ url }) => url === '/busy-twice').length;
    response.writeHead(count < 3 ? 503 : 200).end('there');
  },
  '/broken': (request) => void request.socket.destroy(),
  '/missing': (_, response) => void response.writeHead(404).end(),
};

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    routes[request.url!.split('?')[0]!]!(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(
  () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
);

const get = (path: string, more: object = {}) =>
  safeFetch(path.includes(':') ? path : `${base}${path}`, { allowPrivate: true, maxBytes: 1e6, ...more });

async function bytesOf(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const failure = async (path: string, more: object = {}) =>
  get(path, more)
    .then(({ body }) => bytesOf(body))
    .then(
      () => undefined,
      (error: unknown) => error,
    );

describe('a safe fetch', () => {
  it('gets bytes, with what is said of them', async () => {
    const got = await get('/to-picture');
    expect(got).toMatchObject({ mediaType: 'image/jpeg', etag: '"e1"', sizeBytes: BYTES.length });
    expect(got.location).toBe(`${base}/picture.jpg`);
    expect(Buffer.compare(await bytesOf(got.body), BYTES)).toBe(0);
    expect((await get('/chunked')).sizeBytes).toBeNull();
  });

  it('refuses private addresses, of the URL, by name, and at every redirect', async () => {
    for (const url of [base, base.replace('127.0.0.1', 'localhost'), base.replace('127.0.0.1', '[::ffff:127.0.0.1]')]) {
      expect(await failure(`${url}/picture.jpg`, { allowPrivate: false })).toMatchObject({ code: 'private_address' });
    }
    expect(String(await failure(base, { allowPrivate: false }))).toContain('--allow-private-addresses');
  });

  // A public address that is this machine's takes a network of one's own: root in most containers, but not in all.
  const setUp = 'ip link set lo up && ip addr add 8.8.8.8/32 dev lo';
  const mayUnshare = spawnSync('unshare', ['-n', 'sh', '-c', setUp]).status === 0;
  it.skipIf(!mayUnshare)('is led from a public address to no private one, at any hop', () => {
    const main = fileURLToPath(new URL('../fixtures/redirect-from-public.js', import.meta.url));
    const ran = spawnSync('unshare', ['-n', 'sh', '-c', `${setUp} && exec "$0" "$1"`, process.execPath, main]);
    expect(JSON.parse(String(ran.stdout))).toEqual({
      outcomes: {
        '/loopback': 'private_address',
        '/metadata': 'private_address',
        '/mapped': 'private_address',
        '/name': 'private_address',
        '/twice': 'private_address',
        '/public': 'bytes',
      },
      reachedSecret: false,
    });
  });

  it('follows five redirects and no more, and none to what is not the web', async () => {
    expect(await failure('/loop')).toMatchObject({
      code: 'fetch_failed',
      details: { reason: 'it redirects more than 5 times' },
    });
    expect(requests.filter(({ url }) => url === '/loop')).toHaveLength(6);
    expect(await failure('/to-file')).toMatchObject({ code: 'bad_url' });
    for (const url of ['ftp://host/x', 'file:///etc/passwd', 'data:text/plain,x']) {
      expect(await failure(url)).toMatchObject({ code: 'bad_url' });
    }
    await expect(safeFetch('nothing', { maxBytes: 1 })).rejects.toMatchObject({ code: 'bad_url' });
  });

  it('gives a password to the host it was written for, and to no other', async () => {
    requests = [];
    const secret = base.replace('//', '//me:hush%20@');
    await failure(`${secret}/to-picture`);
    await failure(`${secret}/to-other-host`);
    const sent = requests.map(({ url, headers }) => `${url} ${headers.authorization ?? 'none'}`);
    const basic = `Basic ${Buffer.from('me:hush ').toString('base64')}`;
    expect(sent).toEqual([
      `/to-picture ${basic}`,
      `/picture.jpg ${basic}`,
      `/to-other-host ${basic}`,
      '/picture.jpg none',
    ]);
    const error = (await failure(`${secret}/missing?X-Amz-Signature=hush&token=hush`)) as Error & { details: object };
    expect(error).toMatchObject({ code: 'fetch_failed', details: { status: 404 } });
    expect(JSON.stringify([error.message, error.details, error.stack])).not.toContain('hush');
  });

  it('stops at the limit of bytes, be it told before or not', async () => {
    expect(await failure('/picture.jpg', { maxBytes: 1000 })).toMatchObject({ code: 'too_large' });
    expect(await failure('/chunked', { maxBytes: 1000 })).toMatchObject({ code: 'too_large' });
    expect(await failure('/endless')).toMatchObject({ code: 'too_large' });
  });

  it('notices an answer shorter than was said', async () => {
    expect(await failure('/short')).toMatchObject({ code: 'fetch_failed' });
  });

  it('gives up on silence, and on an answer that drips', async () => {
    expect(await failure('/silent', { idleMs: 80 })).toMatchObject({ code: 'fetch_failed' });
    expect(await failure('/slow-loris', { idleMs: 500, timeoutMs: 300 })).toMatchObject({
      code: 'fetch_failed',
      details: { reason: 'it took longer than 0.3 s' },
    });
  });

  it('stops when told', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('told to')), 50);
    expect(String(await failure('/slow-loris', { signal: stop.signal }))).toContain('told to');
    expect(String(await failure('/silent', { signal: AbortSignal.abort(new Error('told to')) }))).toContain('told to');
  });

  it('unpacks nothing', async () => {
    expect((await bytesOf((await get('/packed')).body)).length).toBeLessThan(5_000);
  });

  it('tries again where the server is busy, and says what does not work', async () => {
    expect(String(await bytesOf((await get('/busy-twice')).body))).toBe('there');
    expect(await failure('/broken')).toMatchObject({
      code: 'fetch_failed',
      details: { reason: 'the connection broke' },
    });
    expect(await failure('http://127.0.0.1:9/')).toMatchObject({ code: 'fetch_failed' });
    expect(await failure('http://no-such-host.invalid/')).toMatchObject({ code: 'fetch_failed' });
  });

  it('waits for a reader that is slow', async () => {
    const { body } = await get('/picture.jpg', { idleMs: 60 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await bytesOf(body)).length).toBe(BYTES.length);
  });

  it('survives a server that speaks no HTTP', async () => {
    const { createServer: createRaw } = await import('node:net');
    const raw = createRaw((socket) => socket.end('SSH-2.0-nothing\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => raw.once('listening', resolve));
    const { port } = raw.address() as AddressInfo;
    connect(port, '127.0.0.1').destroy();
    expect(await failure(`http://127.0.0.1:${port}/`)).toMatchObject({ code: 'fetch_failed' });
    raw.close();
  });
});

describe('URLs as they are shown', () => {
  it('hold no secret', () => {
    expect(describeUrl('https://me:hush@host/a%20b.jpg?X-Amz-Credential=hush&w=1&sig=hush&access_token=hush#x')).toBe(
      'https://host/a%20b.jpg?w=1',
    );
  });
});
