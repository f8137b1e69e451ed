import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBlobStore } from './blob-store.js';
import { openBlobWriter } from './blob-writer.js';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'fovea-writer-'));
  for (const name of ['blobs', 'tmp']) await mkdir(join(home, name));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a blob writer', () => {
  it('stores what the blob store reads, the same bytes at once and again among them, and leaves no drafts', async () => {
    const writers = [openBlobWriter(home), openBlobWriter(home)];
    const store = openBlobStore(home);
    const blobs = Array.from({ length: 300 }, (_, i) => Buffer.from(`blob ${i % 200}`.repeat(1 + (i % 7) * 500)));
    await Promise.all(blobs.map((bytes, i) => writers[i % 2]!.put(sha256Of(bytes), bytes)));
    for (const bytes of blobs) expect(Buffer.compare(await store.read(sha256Of(bytes)), bytes)).toBe(0);
    expect(await readdir(join(home, 'tmp'))).toEqual([]);
    await writers[0]!.put(sha256Of(blobs[0]!), blobs[0]!);
    await writers[0]!.put(sha256Of(new Uint8Array()), new Uint8Array());
    expect(await store.has(sha256Of(new Uint8Array()))).toBe(true);
  });

  it('refuses what is no SHA-256, and tells of a folder that is gone', async () => {
    const writer = openBlobWriter(home);
    await expect(writer.put('../../x', Buffer.from('x'))).rejects.toMatchObject({ code: 'unknown_blob' });
    const lost = openBlobWriter(join(home, 'absent'));
    await expect(lost.put(sha256Of(Buffer.from('x')), Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
