import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BlobStore, openBlobStore } from './blob-store.js';

let root: string;
let blobs: BlobStore;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fovea-blobs-'));
  await Promise.all(['blobs', 'tmp'].map((name) => mkdir(join(root, name))));
  blobs = openBlobStore(root);
});

afterAll(() => rm(root, { recursive: true, force: true }));

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('the blob store', () => {
  it.each([
    ['bytes', async (bytes: Uint8Array) => bytes],
    ['a stream', async (bytes: Uint8Array) => Readable.from([bytes.subarray(0, 10), bytes.subarray(10)])],
    [
      'a file',
      async (bytes: Uint8Array) => {
        await writeFile(join(root, 'source'), bytes);
        return join(root, 'source');
      },
    ],
  ])('names %s by its SHA-256 and gives it back', async (_, source) => {
    const bytes = randomBytes(70_000);
    const stored = await blobs.put(await source(bytes));
    expect(stored).toEqual({ sha256: sha256Of(bytes), sizeBytes: 70_000 });
    expect(await blobs.has(stored.sha256)).toBe(true);
    expect(Buffer.compare(await blobs.read(stored.sha256), bytes)).toBe(0);
    expect(blobs.pathOf(stored.sha256)).toBe(join(root, 'blobs', stored.sha256.slice(0, 2), stored.sha256.slice(2)));
  });

  it('stores the same bytes once, however many write them at a time', async () => {
    const bytes = randomBytes(300_000);
    const stored = await Promise.all(
      Array.from({ length: 20 }, (_, i) => blobs.put(i % 2 === 0 ? bytes : Readable.from([bytes]))),
    );
    expect(new Set(stored.map((blob) => blob.sha256))).toEqual(new Set([sha256Of(bytes)]));
    expect(Buffer.compare(await readFile(blobs.pathOf(sha256Of(bytes))), bytes)).toBe(0);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });

  it('stores nothing at all as well', async () => {
    expect(await blobs.put(new Uint8Array())).toEqual({ sha256: sha256Of(new Uint8Array()), sizeBytes: 0 });
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
  });

  it('says which blob is not there, and refuses names that are none', async () => {
    const missing = sha256Of(randomBytes(8));
    await expect(blobs.read(missing)).rejects.toMatchObject({ code: 'unknown_blob', details: { sha256: missing } });
    expect(await blobs.has(missing)).toBe(false);
    expect(() => blobs.pathOf('../../etc/passwd')).toThrow(expect.objectContaining({ code: 'unknown_blob' }));
  });

  it('deletes, also what is not there', async () => {
    const { sha256 } = await blobs.put(randomBytes(10));
    await blobs.delete(sha256);
    await blobs.delete(sha256);
    expect(await blobs.has(sha256)).toBe(false);
    expect((await blobs.put(Buffer.from('again'))).sizeBytes).toBe(5);
  });
});
