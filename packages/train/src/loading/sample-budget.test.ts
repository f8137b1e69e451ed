import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeRoom } from './sample-budget.js';
import { findSampleFolders, useSampleFolder } from './sample-folder.js';

let base: string;
let root: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'fovea-budget-test-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  root = await mkdtemp(join(base, 'root-'));
});

const [mega, giga] = [1e6, 1e9];
/** A disk with room for anything. */
const wide = async () => ({ size: 1000 * giga, free: 900 * giga });

/** A folder that was used some minutes ago. */
async function leave(key: string, bytes: number, minutesAgo: number): Promise<void> {
  await mkdir(join(root, key), { recursive: true });
  await writeFile(join(root, key, '00000.shard'), new Uint8Array(bytes).fill(1));
  await writeFile(join(root, key, 'about.json'), '{}');
  const then = new Date(Date.now() - minutesAgo * 60_000);
  await utimes(join(root, key, 'about.json'), then, then);
}
async function enter(key: string, user: { pid: number; host: string; bytes: number }, minutesAgo = 0) {
  const path = join(root, key, 'users', 'some');
  await mkdir(join(root, key, 'users'), { recursive: true });
  await writeFile(path, JSON.stringify(user));
  const then = new Date(Date.now() - minutesAgo * 60_000);
  await utimes(path, then, then);
}
const left = async () => (await readdir(root)).sort();
/** A number no process has: those of Linux and macOS stay far below. */
const nobody = 2 ** 30;

describe('room for decoded pictures', () => {
  it('is as much as is wanted where that fits', async () => {
    const room = await makeRoom(root, 'own', 3 * giga, null, wide);
    expect(room).toMatchObject({ bytes: 3 * giga, why: null });
    expect(await room.mayWrite(mega)).toBe(true);
  });

  it('is what may be kept over all at the most', async () => {
    expect(await makeRoom(root, 'own', 80 * giga, null, wide)).toMatchObject({ bytes: 50 * giga, why: /50 GB/ });
    expect(await makeRoom(root, 'own', 80 * giga, 2 * giga, wide)).toMatchObject({ bytes: 2 * giga, why: /2\.0 GB/ });
  });

  it('leaves a fifth of the disk and 5 GB free; 5 GB where a size was asked for', async () => {
    const disk = (size: number, free: number) => async () => ({ size: size * giga, free: free * giga });
    const bytesOf = async (asked: number | null, look: ReturnType<typeof disk>) =>
      Math.round((await makeRoom(root, 'own', 40 * giga, asked, look)).bytes / giga);
    expect(await bytesOf(null, disk(100, 30))).toBe(10);
    expect(await bytesOf(null, disk(100, 15))).toBe(0);
    expect(await bytesOf(null, disk(10, 8))).toBe(3);
    expect(await bytesOf(50 * giga, disk(100, 15))).toBe(10);
    const room = await makeRoom(root, 'own', 40 * giga, null, disk(100, 15));
    expect(room.why).toMatch(/disk is to keep 20 GB free/);
  });

  it('is made of what was least recently used, and of no more than needed', async () => {
    await leave('old', 2 * mega, 30);
    await leave('older', 2 * mega, 60);
    await leave('new', 2 * mega, 10);
    const room = await makeRoom(root, 'own', 5 * mega, 8 * mega, wide);
    expect(room).toMatchObject({ bytes: 5 * mega, why: null });
    expect(await left()).toEqual(['new']);
  });

  it('is made where the disk is nearly full', async () => {
    await leave('old', 2 * mega, 30);
    await leave('new', 2 * mega, 10);
    const look = async () => ({ size: 10 * giga, free: 5 * giga + mega });
    const room = await makeRoom(root, 'own', 2 * mega, null, look);
    expect(room.bytes).toBe(2 * mega);
    expect(await left()).toEqual(['new']);
  });

  it('counts what is there of its own', async () => {
    await leave('own', 4 * mega, 30);
    const look = async () => ({ size: 10 * giga, free: 5 * giga });
    const { bytes } = await makeRoom(root, 'own', 6 * mega, null, look);
    expect(bytes).toBeGreaterThanOrEqual(4 * mega);
    expect(bytes).toBeLessThan(4.1 * mega);
    expect(await left()).toEqual(['own']);
  });

  it('is never made of what somebody uses, who may yet fill what was granted', async () => {
    await leave('used', 2 * mega, 60);
    await enter('used', { pid: process.pid, host: hostname(), bytes: 5 * mega });
    const room = await makeRoom(root, 'own', 5 * mega, 8 * mega, wide);
    expect(room).toMatchObject({ bytes: 3 * mega });
    expect(await left()).toEqual(['used']);
  });

  it('is made of what users left who are gone: here by their process, elsewhere by their silence', async () => {
    for (const key of ['dead', 'silent', 'elsewhere', 'reborn']) await leave(key, mega, 60);
    await enter('dead', { pid: nobody, host: hostname(), bytes: mega });
    await enter('silent', { pid: nobody, host: 'another', bytes: mega }, 20);
    await enter('elsewhere', { pid: nobody, host: 'another', bytes: mega }, 1);
    await enter('reborn', { pid: process.pid, host: hostname(), bytes: mega }, 3 * 24 * 60);
    await makeRoom(root, 'own', 5 * mega, 6.5 * mega, wide);
    expect(await left()).toEqual(['elsewhere']);
  });

  it('ends where others fill the disk meanwhile', async () => {
    let free = 100 * giga;
    const room = await makeRoom(root, 'own', 10 * giga, null, async () => ({ size: 200 * giga, free }));
    expect(await room.mayWrite(mega)).toBe(true);
    free = 41 * giga;
    expect(await room.mayWrite(100 * mega)).toBe(true);
    free = 40 * giga;
    expect(await room.mayWrite(100 * mega)).toBe(false);
    expect(await room.mayWrite(1)).toBe(false);
  });
});

describe('a folder in use', () => {
  it('stays until it is closed, and is the latest used then', async () => {
    await leave('other', mega, 1);
    const folder = await useSampleFolder(root, 'own', { what: 'a test' }, mega, () => undefined);
    expect(folder.isShared).toBe(false);
    const second = await useSampleFolder(root, 'own', {}, 3 * mega, () => undefined);
    expect(second.isShared).toBe(true);
    const found = async () => (await findSampleFolders(root)).find(({ key }) => key === 'own');
    expect(await found()).toMatchObject({ isUsed: true, granted: 3 * mega });
    await makeRoom(root, 'third', 5 * mega, mega, wide);
    expect(existsSync(join(root, 'own', 'about.json'))).toBe(true);
    await folder.close();
    await second.close();
    expect(await found()).toMatchObject({ isUsed: false });
    expect((await findSampleFolders(root)).at(-1)!.key).toBe('own');
  });
});
