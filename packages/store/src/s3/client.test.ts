import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openTestS3, seededCoin, type TestS3 } from '../fixtures/s3-server.js';
import { openS3Client, type S3Client, type S3ClientOptions } from './client.js';
import { getS3Credentials, parseS3Url } from './location.js';

let s3: TestS3;
let client: S3Client;

beforeAll(async () => {
  s3 = await openTestS3({ sessionToken: 'a session+token/=' });
  client = open();
});

afterEach(() => {
  s3.trouble = () => undefined;
  s3.objects.clear();
  s3.requests.length = 0;
});

afterAll(async () => {
  client.close();
  await s3.close();
});

function open(more: Partial<S3ClientOptions> = {}, url = `s3://${s3.bucket}`): S3Client {
  return openS3Client({ location: parseS3Url(url, s3.env), credentials: getS3Credentials(s3.env), ...more });
}

async function bytesOf(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const ODD_KEYS = [
  'plain.jpg',
  'with space & ampersand.jpg',
  'plus+percent%20hash#question?.jpg',
  'quotes\'"()*!~.jpg',
  'größe/日本/😀.png',
  'double//slash.jpg',
  'new\nline\ttab.jpg',
  '<xml>&amp;.jpg',
];

describe('the S3 client, against a server that checks every signature', () => {
  it.each(ODD_KEYS)('stores, finds, reads, lists and deletes %j', async (key) => {
    const bytes = randomBytes(1234);
    expect(await client.head(key)).toBeUndefined();
    expect(await client.put(key, bytes)).toBe(true);
    const head = await client.head(key);
    expect(head).toMatchObject({ key, sizeBytes: 1234 });
    const got = await client.get(key);
    expect(got).toMatchObject({ sizeBytes: 1234, etag: head!.etag });
    expect(Buffer.compare(await bytesOf(got.body), bytes)).toBe(0);
    const pages = [];
    for await (const page of client.list('')) pages.push(...page);
    expect(pages).toEqual([head]);
    await client.delete(key);
    await client.delete(key);
    expect(s3.objects.size).toBe(0);
  });

  it('addresses a bucket by the name of the host', async () => {
    const virtual = open(
      {
        lookup: (_host, _options, callback) =>
          (callback as (e: null, a: object[]) => void)(null, [{ address: '127.0.0.1', family: 4 }]),
      },
      `s3://${s3.bucket}?endpoint=${s3.endpoint.replace('127.0.0.1', 'storage.test')}&style=virtual`,
    );
    await virtual.put('a b.jpg', Buffer.from('x'));
    expect(s3.requests).toEqual(['PUT /a%20b.jpg']);
    expect([...s3.objects.keys()]).toEqual(['a b.jpg']);
    virtual.close();
  });

  it('reads ranges', async () => {
    await client.put('r', Buffer.from('0123456789'));
    expect(String(await bytesOf((await client.get('r', { start: 3, end: 6 })).body))).toBe('345');
    expect(String(await bytesOf((await client.get('r', { start: 7 })).body))).toBe('789');
  });

  it('refuses keys that a URL would change', async () => {
    await expect(client.get('a/../b')).rejects.toMatchObject({ code: 'bad_key' });
    await expect(client.put('./b', Buffer.from(''))).rejects.toMatchObject({ code: 'bad_key' });
  });

  it('stores only what is not there, where asked', async () => {
    expect(await client.put('once', Buffer.from('1'), { ifNoneMatch: true })).toBe(true);
    expect(await client.put('once', Buffer.from('2'), { ifNoneMatch: true })).toBe(false);
    expect(String(s3.objects.get('once')!.bytes)).toBe('1');
  });

  it('has the service check the hash of what it is sent', async () => {
    const failure = await client.put('h', Buffer.from('1'), { sha256: '0'.repeat(64) }).catch((error) => error);
    expect(failure).toMatchObject({ code: 'storage_failed', details: { code: 'XAmzContentSHA256Mismatch' } });
    expect(s3.objects.size).toBe(0);
  });

  it('lists in pages, in the order of bytes', async () => {
    const names = Array.from(
      { length: 25 },
      (_, i) => `p/${String.fromCodePoint(97 + ((i * 7) % 25))}${i === 3 ? '😀' : '￿'}`,
    );
    for (const name of names) await client.put(name, Buffer.from(name));
    await client.put('q', Buffer.from(''));
    const pages = [];
    for await (const page of client.list('p/', { pageSize: 10 })) pages.push(page.map(({ key }) => key));
    expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual([...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });

  it('sends large files in parts, and leaves no parts where one cannot be sent', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fovea-s3-'));
    const bytes = randomBytes(1_050_000);
    await writeFile(join(folder, 'large'), bytes);
    const small = open({ partBytes: 100_000, retryMs: 200 });
    await small.put('large', { path: join(folder, 'large'), sizeBytes: bytes.length });
    expect(s3.requests.filter((request) => request.includes('partNumber'))).toHaveLength(11);
    expect(Buffer.compare(s3.objects.get('large')!.bytes, bytes)).toBe(0);

    s3.trouble = (request) => (request.includes('partNumber=5&') ? 'busy' : undefined);
    const file = { path: join(folder, 'large'), sizeBytes: bytes.length };
    await expect(small.put('other', file)).rejects.toMatchObject({ code: 'storage_unreachable' });
    expect(s3.objects.has('other')).toBe(false);
    expect(s3.uploads.size).toBe(0);
    small.close();
    await rm(folder, { recursive: true });
  });

  it('takes a broken answer up where it was', async () => {
    const bytes = randomBytes(400_000);
    await client.put('big', bytes);
    s3.requests.length = 0;
    const coin = seededCoin(3, 0.7);
    s3.trouble = () => (coin() ? 'cut' : undefined);
    expect(Buffer.compare(await bytesOf((await client.get('big')).body), bytes)).toBe(0);
    expect(s3.requests.length).toBeGreaterThan(1);
  });

  it('does not mend a broken answer with the bytes of another object', async () => {
    await client.put('big', Buffer.alloc(400_000, 1));
    s3.trouble = () => 'cut';
    const { body } = await client.get('big');
    s3.trouble = () => undefined;
    await client.put('big', Buffer.alloc(400_000, 2));
    await expect(bytesOf(body)).rejects.toMatchObject({ code: 'object_changed' });
  });

  it('gives up on a service that falls silent, and stops when told', async () => {
    const hasty = open({ idleMs: 50, retryMs: 100 });
    s3.trouble = () => 'stall';
    await expect(hasty.head('x')).rejects.toMatchObject({ code: 'storage_unreachable' });
    const stop = new AbortController();
    const pages = client.list('', { signal: stop.signal }).next();
    setTimeout(() => stop.abort(new Error('told to')), 20);
    await expect(pages).rejects.toThrow('told to');
    hasty.close();
  });

  it('waits for a reader that is slow', async () => {
    const bytes = randomBytes(3_000_000);
    await client.put('slow', bytes);
    const hasty = open({ idleMs: 60, retryMs: 100 });
    const { body } = await hasty.get('slow');
    const chunks: Buffer[] = [];
    for await (const chunk of body) {
      if (chunks.length < 3) await new Promise((resolve) => setTimeout(resolve, 150));
      chunks.push(chunk as Buffer);
    }
    expect(Buffer.compare(Buffer.concat(chunks), bytes)).toBe(0);
    hasty.close();
  });

  it('tells the region of a bucket that lies elsewhere, a wrong key, and a service that is no S3', async () => {
    const elsewhere = open({}, `s3://${s3.bucket}?region=us-west-9`);
    await expect(elsewhere.list('').next()).rejects.toMatchObject({ code: 'storage_failed' });
    const unsigned = open({ credentials: undefined });
    await expect(unsigned.get('x')).rejects.toMatchObject({ code: 'storage_denied' });
    await expect(client.get('missing')).rejects.toMatchObject({ code: 'unknown_object' });
    elsewhere.close();
    unsigned.close();
  });
});
