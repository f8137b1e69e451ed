import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlobStore } from './blob.js';
import { openBlobStore } from './blob-store.js';
import { openTestS3, seededCoin, type TestS3 } from './fixtures/s3-server.js';
import { restoreCondemned } from './folder-blobs.js';
import { removeDrafts } from './home.js';
import type { S3BlobsOptions } from './s3-blobs.js';

let s3: TestS3;

beforeAll(async () => {
  s3 = await openTestS3();
});

afterAll(() => s3.close());

async function makeHome(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'fovea-blobs-'));
  await Promise.all(['blobs', 'tmp'].map((name) => mkdir(join(root, name))));
  return root;
}

const openS3 = (root: string, more: S3BlobsOptions = {}) =>
  openBlobStore(root, `s3://${s3.bucket}/of/fovea/`, { env: s3.env, client: { partBytes: 100_000 }, ...more });

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const keyOf = (sha256: string) => `of/fovea/${sha256.slice(0, 2)}/${sha256.slice(2)}`;

describe.each([
  {
    kind: 'a folder',
    open: (root: string): BlobStore => openBlobStore(root),
    url: () => '',
    damage: (root: string, sha256: string) =>
      writeFile(join(root, 'blobs', sha256.slice(0, 2), sha256.slice(2)), 'others'),
    leftovers: async () => [] as string[],
    age: (root: string, sha256: string, then: Date) =>
      utimes(join(root, 'blobs', sha256.slice(0, 2), sha256.slice(2)), then, then),
  },
  {
    kind: 'S3',
    open: (root: string): BlobStore => openS3(root),
    url: () => `s3://${s3.bucket}/of/fovea/`,
    damage: async (_: string, sha256: string) =>
      void s3.objects.set(keyOf(sha256), { bytes: Buffer.from('others'), etag: 'other' }),
    leftovers: async () => [...s3.uploads.keys()],
    age: async (_: string, sha256: string, then: Date) => {
      s3.objects.get(keyOf(sha256))!.storedAt = then;
    },
  },
])('blobs in $kind', ({ open, url, damage, leftovers, age }) => {
  let root: string;
  let blobs: BlobStore;

  beforeAll(async () => {
    root = await makeHome();
    blobs = open(root);
  });

  afterAll(() => rm(root, { recursive: true, force: true }));

  it('are listed, and removed unless they were stored since', async () => {
    const [old, again, young] = [1, 2, 3].map((seed) => Buffer.from(`to be collected ${seed}`)) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    for (const bytes of [old, again]) {
      const { sha256 } = await blobs.put(bytes);
      await age(root, sha256, new Date(Date.now() - 3 * 3600_000));
    }
    await blobs.put(young);
    // Found there, and so counted as new.
    await blobs.put(again);
    const listed = new Map<string, number>();
    for await (const some of blobs.list())
      for (const { sha256, storedAt } of some) listed.set(sha256, storedAt.getTime());
    const before = new Date(Date.now() - 3600_000);
    const ages = [old, again, young].map((bytes) => listed.get(sha256Of(bytes))! < before.getTime());
    expect(ages).toEqual([true, false, false]);
    const removed: boolean[] = [];
    for (const bytes of [old, again, young, Buffer.from('never stored')]) {
      removed.push(await blobs.deleteUnused(sha256Of(bytes), before));
    }
    expect(removed).toEqual([true, false, false, false]);
    expect(await blobs.has(sha256Of(old))).toBe(false);
    for (const bytes of [again, young]) expect(Buffer.compare(await blobs.read(sha256Of(bytes)), bytes)).toBe(0);
    for (const bytes of [again, young]) await blobs.delete(sha256Of(bytes));
  });

  it.each([
    ['bytes', 70_000, async (bytes: Uint8Array) => bytes],
    ['a stream', 70_000, async (bytes: Uint8Array) => Readable.from([bytes.subarray(0, 10), bytes.subarray(10)])],
    [
      'a file',
      70_000,
      async (bytes: Uint8Array) => {
        await writeFile(join(root, 'source'), bytes);
        return join(root, 'source');
      },
    ],
    ['a large stream', 950_001, async (bytes: Uint8Array) => Readable.from([bytes])],
  ])('names %s by its SHA-256 and gives it back', async (_, size, source) => {
    const bytes = randomBytes(size);
    const stored = await blobs.put(await source(bytes));
    expect(stored).toEqual({ sha256: sha256Of(bytes), sizeBytes: size });
    expect(await blobs.has(stored.sha256)).toBe(true);
    expect(Buffer.compare(await blobs.read(stored.sha256), bytes)).toBe(0);
    expect(Buffer.compare(await readFile(await blobs.localPath(stored.sha256)), bytes)).toBe(0);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });

  it('stores the same bytes once, however many write them at a time', async () => {
    const bytes = randomBytes(300_000);
    const stored = await Promise.all(
      Array.from({ length: 20 }, (_, i) => blobs.put(i % 2 === 0 ? bytes : Readable.from([bytes]))),
    );
    expect(new Set(stored.map((blob) => blob.sha256))).toEqual(new Set([sha256Of(bytes)]));
    expect(Buffer.compare(await readFile(await blobs.localPath(sha256Of(bytes))), bytes)).toBe(0);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    expect(await leftovers()).toEqual([]);
  });

  it('gives many readers of one blob the same file', async () => {
    const { sha256 } = await blobs.put(randomBytes(100));
    const paths = await Promise.all(Array.from({ length: 10 }, () => blobs.localPath(sha256)));
    expect(new Set(paths).size).toBe(1);
  });

  it('stores nothing at all as well', async () => {
    const empty = { sha256: sha256Of(new Uint8Array()), sizeBytes: 0 };
    expect(await blobs.put(new Uint8Array())).toEqual(empty);
    expect(await blobs.put(Readable.from([]))).toEqual(empty);
    expect((await stat(await blobs.localPath(empty.sha256))).size).toBe(0);
  });

  it('leaves nothing behind when a source fails midway', async () => {
    const failing = Readable.from(
      (async function* () {
        yield Buffer.from('half');
        throw new Error('the wire broke');
      })(),
    );
    await expect(blobs.put(failing)).rejects.toThrow('the wire broke');
    await expect(blobs.put(join(root, 'nowhere'))).rejects.toThrow('ENOENT');
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    expect(await leftovers()).toEqual([]);
  });

  it('leaves nothing under a name when its writer is killed, and no draft for long', async () => {
    const main = fileURLToPath(new URL('./fixtures/hold-blob.js', import.meta.url));
    const before = s3.objects.size;
    const child = spawn(process.execPath, [main, root, url()], { env: { ...process.env, ...s3.env } });
    await once(child.stdout, 'data');
    expect(await readdir(join(root, 'tmp'))).toHaveLength(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await removeDrafts(join(root, 'tmp'));
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    expect(s3.objects.size).toBe(before);
  });

  it('says which blob is not there, and refuses names that are none', async () => {
    const missing = sha256Of(randomBytes(8));
    for (const ask of [blobs.read, blobs.localPath]) {
      await expect(ask(missing)).rejects.toMatchObject({ code: 'unknown_blob', details: { sha256: missing } });
      await expect(ask('../../etc/passwd')).rejects.toMatchObject({ code: 'unknown_blob' });
    }
    expect(await blobs.has(missing)).toBe(false);
    await expect(blobs.has('../../etc/passwd')).rejects.toMatchObject({ code: 'unknown_blob' });
    await expect(blobs.delete('')).rejects.toMatchObject({ code: 'unknown_blob' });
  });

  it('gives no bytes that are not those of the name', async () => {
    const { sha256 } = await blobs.put(randomBytes(500));
    await damage(root, sha256);
    await expect(blobs.read(sha256)).rejects.toMatchObject({ code: 'damaged_blob' });
    await blobs.delete(sha256);
  });

  it('deletes, also what is not there', async () => {
    const { sha256 } = await blobs.put(randomBytes(10));
    await blobs.localPath(sha256);
    await blobs.delete(sha256);
    await blobs.delete(sha256);
    expect(await blobs.has(sha256)).toBe(false);
    await expect(blobs.localPath(sha256)).rejects.toMatchObject({ code: 'unknown_blob' });
    expect((await blobs.put(Buffer.from('again'))).sizeBytes).toBe(5);
  });
});

describe('the copies of blobs that lie on S3', () => {
  it('are checked when they come, fetched once, and give way to others', async () => {
    const root = await makeHome();
    const [one, other] = [openS3(root, { cacheBytes: 100_000 }), openS3(root, { cacheBytes: 100_000 })];
    const stored = await Promise.all(Array.from({ length: 9 }, () => one.put(randomBytes(30_000))));
    const gets = () => s3.requests.filter((request) => request.startsWith('GET')).length;
    const before = gets();
    for (const { sha256 } of stored) {
      const path = await one.localPath(sha256);
      expect(await other.localPath(sha256)).toBe(path);
    }
    expect(gets() - before).toBe(stored.length);
    expect(await bytesBelow(join(root, 'cache'))).toBeLessThanOrEqual(100_000);
    expect(one.localBytes).toBe(100_000);

    const held = createReadStream(await one.localPath(stored[0]!.sha256));
    for (const { sha256 } of stored.slice(1)) await one.localPath(sha256);
    let size = 0;
    for await (const chunk of held) size += (chunk as Buffer).length;
    expect(size).toBe(30_000);

    const { bytes: damaged } = s3.objects.get(keyOf(stored[0]!.sha256))!;
    damaged[0] = damaged[0]! ^ 255;
    await rm(join(root, 'cache'), { recursive: true });
    await expect(one.localPath(stored[0]!.sha256)).rejects.toMatchObject({ code: 'damaged_blob' });
    expect(await bytesBelow(join(root, 'cache'))).toBe(0);
    await rm(root, { recursive: true });
  });

  it('are fetched anew where they were damaged', async () => {
    const root = await makeHome();
    const blobs = openS3(root);
    const bytes = randomBytes(1000);
    const { sha256 } = await blobs.put(Readable.from([bytes]));
    await writeFile(await blobs.localPath(sha256), 'other');
    expect(Buffer.compare(await blobs.read(sha256), bytes)).toBe(0);
    expect(Buffer.compare(await readFile(await blobs.localPath(sha256)), bytes)).toBe(0);
    await rm(root, { recursive: true });
  });
});

describe('blobs on S3', () => {
  it('work through a service that fails half its requests in every way', async () => {
    const root = await makeHome();
    const blobs = openS3(root, { client: { idleMs: 150, partBytes: 100_000 } });
    const coin = seededCoin(7);
    const ways = ['busy', 'reset', 'cut', 'busy', 'reset', 'cut', 'stall'] as const;
    let turn = 0;
    s3.trouble = () => (coin() ? ways[turn++ % ways.length] : undefined);
    try {
      const pictures = Array.from({ length: 12 }, (_, i) => randomBytes(i === 0 ? 450_000 : 5_000 + i));
      const stored = await Promise.all(
        pictures.map((bytes, i) => blobs.put(i % 3 === 0 ? Readable.from([bytes]) : bytes)),
      );
      await rm(join(root, 'cache'), { recursive: true, force: true });
      for (const [i, { sha256 }] of stored.entries()) {
        expect(Buffer.compare(await blobs.read(sha256), pictures[i]!)).toBe(0);
        expect(Buffer.compare(await readFile(await blobs.localPath(sha256)), pictures[i]!)).toBe(0);
      }
    } finally {
      s3.trouble = () => undefined;
    }
    // Where the answer to the beginning of an upload was lost, nobody knows of it: it is ended a day later, and empty.
    expect([...s3.uploads.values()].filter(({ parts }) => parts.size > 0)).toEqual([]);
    s3.uploads.clear();
    await rm(root, { recursive: true });
  });

  it('say that the service is down, or not theirs to use, and never a secret', async () => {
    const root = await makeHome();
    const secret = 'hush-hush-hush';
    const env = { ...s3.env, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: 'token-hush' };
    const refused = await openBlobStore(root, `s3://${s3.bucket}`, { env })
      .put(Buffer.from('x'))
      .catch((e) => e);
    expect(refused).toMatchObject({ code: 'storage_denied' });
    const down = { ...env, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
    const lost = await openBlobStore(root, 's3://bucket', { env: down, client: { retryMs: 300 } })
      .put(Buffer.from('x'))
      .catch((e) => e);
    expect(lost).toMatchObject({ code: 'storage_unreachable' });
    expect(lost.message).toContain('ECONNREFUSED');
    const nobody = await openBlobStore(root, 's3://nobodys', { env: s3.env })
      .put(Buffer.from('x'))
      .catch((e) => e);
    expect(nobody).toMatchObject({ code: 'storage_no_bucket' });
    for (const error of [refused, lost, nobody]) {
      const all = JSON.stringify([error.message, error.details, error.stack, String(error.cause)]);
      expect(all).not.toMatch(/hush|AKID|Signature=/);
    }
    expect(() => openBlobStore(root, 's3://bucket', { env: {} })).toThrow(
      expect.objectContaining({ code: 'bad_credentials' }),
    );
    expect(() => openBlobStore(root, 's3://bucket', { env: { ...s3.env, FOVEA_BLOBS_CACHE_GB: 'much' } })).toThrow(
      expect.objectContaining({ code: 'bad_setting' }),
    );
    await rm(root, { recursive: true });
  });

  it('end uploads that somebody began a day ago and never finished', async () => {
    const root = await makeHome();
    const upload = (key: string, hours: number) =>
      s3.uploads.set(`${key}-${hours}`, { key, parts: new Map(), begun: new Date(Date.now() - hours * 3600_000) });
    upload('of/fovea/ab/old', 30);
    upload('of/fovea/ab/new', 1);
    upload('of/somebody', 30);
    await openS3(root).put(Readable.from([randomBytes(250_000)]));
    expect([...s3.uploads.keys()]).toEqual(['of/fovea/ab/new-1', 'of/somebody-30']);
    s3.uploads.clear();
    await rm(root, { recursive: true });
  });
});

async function bytesBelow(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const files = await Promise.all(names.map((name) => stat(join(folder, name))));
  return files.filter((file) => file.isFile()).reduce((sum, file) => sum + file.size, 0);
}

it('a blob that was moved aside by a process that was killed is put back, and is no draft', async () => {
  const root = await makeHome();
  try {
    const blobs = openBlobStore(root);
    const { sha256 } = await blobs.put(Buffer.from('in the balance'));
    const ended = spawn(process.execPath, ['-e', '']);
    await once(ended, 'exit');
    const path = await blobs.localPath(sha256);
    for (const writer of [ended.pid, process.pid]) {
      await rename(path, join(root, 'tmp', `condemned-${writer}-${sha256}`));
      const then = new Date(Date.now() - 90 * 3600_000);
      await utimes(join(root, 'tmp', `condemned-${writer}-${sha256}`), then, then);
      await removeDrafts(join(root, 'tmp'));
      await restoreCondemned(root);
      // Of one that runs it is left alone: it is about to decide.
      expect(await blobs.has(sha256)).toBe(writer === ended.pid);
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
