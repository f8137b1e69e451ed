import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBlobStore } from './blob-store.js';
import { openBlobWriter } from './blob-writer.js';
import { openHome } from './home.js';
import { stopDatabase } from './postgres/server.js';

// A disk of its own, small or read-only, takes the right to mount one: root in most containers, but not in all.
const probe = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', tmpdir()]);
const mayMount = process.platform === 'linux' && process.geteuid?.() === 0 && probe.status === 0;

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fovea-disk-'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

async function withDisk(sizeMb: number, use: (disk: string) => Promise<void>): Promise<void> {
  const disk = await mkdtemp(join(root, 'disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'none', disk]);
  try {
    await use(disk);
  } finally {
    await stopDatabase(join(disk, 'home')).catch(() => undefined);
    execFileSync('umount', ['-l', disk]);
  }
}

const open = (path: string) => openHome(path, { databaseUrl: null });

describe.skipIf(!mayMount)('a home on a small disk (skipped where no disk may be mounted)', () => {
  it('says that there is no room for a database', async () => {
    await withDisk(20, async (disk) => {
      await expect(open(join(disk, 'home'))).rejects.toMatchObject({ code: 'disk_full' });
    });
  });

  it('takes blobs of a process of its own until the room that is reserved, and leaves none half-written', async () => {
    await withDisk(64, async (disk) => {
      for (const name of ['blobs', 'tmp']) await mkdir(join(disk, name));
      const [writer, store] = [openBlobWriter(disk), openBlobStore(disk)];
      const saved: string[] = [];
      const failure = await (async () => {
        for (let index = 0; index < 30; index++) {
          const bytes = Buffer.alloc(2 ** 21, `piece ${index} `);
          const sha256 = createHash('sha256').update(bytes).digest('hex');
          await writer.put(sha256, bytes);
          saved.push(sha256);
        }
      })().catch((error) => error);
      expect(failure).toMatchObject({ code: 'disk_full', details: { folder: disk } });
      expect(saved.length).toBeGreaterThan(2);
      for (const sha256 of saved) expect((await store.read(sha256)).length).toBe(2 ** 21);
      expect(await readdir(join(disk, 'tmp'))).toEqual([]);
    });
  });

  it('refuses more bytes before the database beside them runs out of room, and goes on when there is some', async () => {
    await withDisk(200, async (disk) => {
      const home = await open(join(disk, 'home'));
      const saved: string[] = [];
      const piece = (index: number) => Buffer.alloc(4 * 2 ** 20, `piece ${index} `);
      const failure = await (async () => {
        for (let index = 0; index < 100; index++) saved.push((await home.blobs.put(piece(index))).sha256);
      })().catch((error) => error);
      expect(failure).toMatchObject({ code: 'disk_full' });
      expect(failure.message).toContain('full');
      expect(saved.length).toBeGreaterThan(0);

      await home.pool.query('create table public.t as select generate_series(1, 1000) as n');
      for (const sha256 of saved) expect(await home.blobs.has(sha256)).toBe(true);
      await home.blobs.delete(saved[0]!);
      await home.blobs.put(Buffer.from('fits again'));
      await home.close();
    });
  });

  it('says so when the database itself found the disk full, and loses nothing that was saved', async () => {
    await withDisk(150, async (disk) => {
      const home = await open(join(disk, 'home'));
      await home.pool.query('create table public.t (n integer, text text)');
      await home.pool.query('insert into public.t values (1, null)');
      const filler = join(disk, 'filler');
      const failure = await (async () => {
        await writeFile(filler, Buffer.alloc(40 * 2 ** 20));
        for (let round = 0; round < 400; round++) {
          await home.pool.query(
            `insert into public.t select n, repeat(md5(n::text), 40) from generate_series(2, 5000) n`,
          );
        }
      })().catch((error) => error);
      expect(await home.explain(failure)).toMatchObject({ code: 'disk_full' });
      await rm(filler);
      await home.close().catch(() => undefined);
      const again = await open(join(disk, 'home'));
      expect((await again.pool.query('select n from public.t where n = 1')).rowCount).toBe(1);
      await again.close();
    });
  });
});

describe('a home that cannot be written', () => {
  it.skipIf(!mayMount)('says so, on a read-only disk', async () => {
    await withDisk(200, async (disk) => {
      const path = join(disk, 'home');
      await (await open(path)).close();
      await stopDatabase(path);
      // The keeper's last words keep the disk busy for a moment.
      for (let tries = 0; spawnSync('mount', ['-o', 'remount,ro', disk]).status !== 0; tries++) {
        if (tries === 50) throw new Error('the disk stays busy');
        await sleep(100);
      }
      const failure = await open(path).catch((error) => error);
      expect(failure).toMatchObject({ code: 'home_not_writable' });
      expect(failure.message).toContain(path);
      execFileSync('mount', ['-o', 'remount,rw', disk]);
      await (await open(path)).close();
    });
  });

  it.skipIf(process.geteuid?.() === 0)('says so, in a forbidden folder (root is forbidden none)', async () => {
    await mkdir(join(root, 'closed'), { mode: 0o500 });
    await expect(open(join(root, 'closed', 'home'))).rejects.toMatchObject({ code: 'home_not_writable' });
  });

  it('says so where it is a file', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(open(join(root, 'file'))).rejects.toMatchObject({ code: 'home_not_writable' });
    await expect(open(join(root, 'file', 'below'))).rejects.toMatchObject({ code: 'home_not_writable' });
  });
});
