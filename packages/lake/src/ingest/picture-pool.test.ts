import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FoveaError } from '@fovea/annotations';
import { pngOf } from '@fovea/formats/testing';
import { readFacts } from '@fovea/image';
import { type Home, openBlobStore, StoreError } from '@fovea/store';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasThumbnail, readThumbnail } from '../thumbnail.js';
import { openPicturePool, type PicturePool } from './picture-pool.js';

const shared = join(
  process.env.FOVEA_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared'),
  'data',
);

let root: string;
let home: { path: string; blobs: ReturnType<typeof openBlobStore> };
let pool: PicturePool | undefined;
const nodeOptions = process.env.NODE_OPTIONS;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fovea-pool-'));
  home = { path: join(root, 'home'), blobs: openBlobStore(join(root, 'home')) };
  for (const name of ['blobs', 'tmp']) await mkdir(join(home.path, name), { recursive: true });
});
afterEach(async () => {
  await pool?.close();
  pool = undefined;
  if (nodeOptions === undefined) delete process.env.NODE_OPTIONS;
  else process.env.NODE_OPTIONS = nodeOptions;
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Has every worker run this beside its own code, for each request, with `file` its name. */
async function whenAsked(code: string): Promise<void> {
  const path = join(root, 'preload.cjs');
  const line = `process.on('message', ({ path }) => { const file = Buffer.from(path, 'hex').toString(); ${code} });\n`;
  await writeFile(path, line);
  process.env.NODE_OPTIONS = `--require ${path}`;
}

const drafts = () => readdir(join(home.path, 'tmp'));

describe('the pool of picture workers', () => {
  it('gives the facts, the bytes and the thumbnail of a path, of a name that is no text, and of bytes', async () => {
    pool = openPicturePool(home, { workers: 2 });
    const [first, second, third] = [pngOf(1, 600, 300), pngOf(2), pngOf(3)];
    const rawPath = Buffer.concat([Buffer.from(join(root, 'ni')), Buffer.from([0xf1]), Buffer.from('o.png')]);
    await writeFile(join(root, 'ü.png'), first);
    await writeFile(rawPath, second);
    const inputs = [join(root, 'ü.png'), { rawPath }, third];
    const stowed = await Promise.all(inputs.map((input) => pool!.stow(input)));
    for (const [index, bytes] of [first, second, third].entries()) {
      const { thumbnail, ...facts } = await readFacts(bytes);
      expect(stowed[index]).toEqual(facts);
      expect(Buffer.compare(await home.blobs.read(facts.sha256), bytes)).toBe(0);
      expect(await hasThumbnail(home, facts.sha256)).toBe(true);
      expect(Buffer.compare(await readThumbnail(home as Home, facts.sha256), thumbnail)).toBe(0);
    }
    expect(await drafts()).toEqual([]);
  });

  it('says of a hundred at once, the same bytes many times among them, what each is', async () => {
    pool = openPicturePool(home, { workers: 2 });
    const pictures = Array.from({ length: 100 }, (_, i) => pngOf(i % 40));
    const stowed = await Promise.all(pictures.map((bytes) => pool!.stow(bytes)));
    expect(new Set(stowed.map(({ sha256 }) => sha256)).size).toBe(40);
    for (const { sha256 } of stowed) expect(await home.blobs.has(sha256)).toBe(true);
    expect(await drafts()).toEqual([]);
  });

  it('keeps class, code, message and details of errors', async () => {
    pool = openPicturePool(home, { workers: 1 });
    const path = join(root, 'text.png');
    await writeFile(path, 'no picture');
    for (const input of [path, join(root, 'absent.png'), root]) {
      const [theirs, ours] = await Promise.all([pool.stow(input), readFacts(input)].map((p) => p.catch((e) => e)));
      expect(theirs).toBeInstanceOf(FoveaError);
      expect(theirs).toMatchObject({ code: ours.code, message: ours.message, details: ours.details });
    }
    const ofBytes = await pool.stow(Buffer.from('no picture')).catch((error) => error);
    expect(ofBytes.message).toMatch(/^Cannot read the picture: it is not a JPEG/);
    const broken = pngOf(7, 300, 300);
    const error = await pool.stow(broken.subarray(0, broken.length >> 1)).catch((e) => e);
    expect(error).toMatchObject({ code: 'unreadable_image' });
    expect(await drafts()).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('tells of a home it cannot write', async () => {
    pool = openPicturePool(home, { workers: 1 });
    const path = join(root, 'unseen.png');
    await writeFile(path, pngOf(991));
    await chmod(join(home.path, 'tmp'), 0o500);
    const error = await pool.stow(path).catch((e) => e);
    await chmod(join(home.path, 'tmp'), 0o700);
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ code: 'home_not_writable', details: { folder: home.path } });
  });

  it('tells of a home that is gone, as bytes and as a path', async () => {
    const path = join(root, 'lost.png');
    await writeFile(path, pngOf(992));
    pool = openPicturePool({ path: join(root, 'no-home') }, { workers: 1 });
    await expect(pool.stow(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(pool.stow(pngOf(992))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('replaces a worker that dies, and only the picture it died of is lost', async () => {
    await whenAsked(`if (file.endsWith('killer.png')) process.kill(process.pid, 'SIGSEGV');`);
    pool = openPicturePool(home, { workers: 1 });
    const names = ['a.png', 'killer.png', 'b.png', 'c.png', 'd.png', 'e.png'];
    for (const [index, name] of names.entries()) await writeFile(join(root, name), pngOf(100 + index, 900, 900));
    const outcomes = await Promise.allSettled(names.map((name) => pool!.stow(join(root, name))));
    expect(outcomes.map(({ status }) => status)).toEqual(names.map((n) => (n[0] === 'k' ? 'rejected' : 'fulfilled')));
    const { reason } = outcomes[1] as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(FoveaError);
    expect(reason).toMatchObject({ code: 'unreadable_image', details: { file: join(root, 'killer.png') } });
    expect(reason.message).toMatch(/the decoder died of it \(SIGSEGV\)/);
  });

  it('ends a worker that hangs', async () => {
    await whenAsked(`if (file.endsWith('endless.png')) for (;;);`);
    pool = openPicturePool(home, { workers: 1, patienceMs: 3000 });
    await writeFile(join(root, 'endless.png'), pngOf(200));
    const [endless, other] = await Promise.allSettled([pool.stow(join(root, 'endless.png')), pool.stow(pngOf(201))]);
    expect(endless).toMatchObject({ status: 'rejected', reason: { code: 'unreadable_image' } });
    expect(other.status).toBe('fulfilled');
  });

  it('fails, rather than start again and again, where its processes cannot start', async () => {
    process.env.NODE_OPTIONS = `--require ${join(root, 'absent.cjs')}`;
    pool = openPicturePool(home, { workers: 2 });
    for (const outcome of await Promise.allSettled([1, 2, 3, 4, 5].map((n) => pool!.stow(pngOf(n))))) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'picture_worker_failed' } });
    }
  });

  it('does what it was given before it closes, and nothing after', async () => {
    pool = openPicturePool(home, { workers: 2 });
    const given = [300, 301, 302, 303].map((n) => pool!.stow(pngOf(n)));
    await pool.close();
    for (const { sha256 } of await Promise.all(given)) expect(await home.blobs.has(sha256)).toBe(true);
    await expect(pool.stow(pngOf(1))).rejects.toThrow(/internal/);
  });

  const hostile = join(shared, 'hostile');
  it.skipIf(!existsSync(hostile))('takes in or refuses every hostile picture, as this process does', async () => {
    pool = openPicturePool(home, { workers: 2 });
    const entries = await readdir(hostile, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const outcomes = await Promise.allSettled(files.map((file) => pool!.stow(file)));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') {
        expect(outcome.reason, files[index]).toMatchObject({ code: 'unreadable_image' });
        expect(outcome.reason.message).not.toMatch(/died/);
      } else {
        const bytes = await readFile(files[index]!);
        expect(Buffer.compare(await home.blobs.read(outcome.value.sha256), bytes)).toBe(0);
      }
    }
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(50);
  });
});
