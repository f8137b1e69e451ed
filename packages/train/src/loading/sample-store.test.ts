import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { capacities, recordOf } from '../fixtures/fill-store.js';
import { createSampleBuffers } from './sample-buffers.js';
import { layOut } from './sample-layout.js';
import { openSampleStore, type SampleStore, type SampleStoreOptions } from './sample-store.js';

let root: string;
let folder: string;
let troubles: string[];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fovea-store-test-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'store-'));
  troubles = [];
});

const count = 40;
const openStore = (more: Partial<SampleStoreOptions> = {}): Promise<SampleStore> =>
  openSampleStore({
    folder,
    count,
    capacities,
    buffers: createSampleBuffers(1 << 20),
    limitBytes: Number.POSITIVE_INFINITY,
    mayWrite: async () => true,
    onTrouble: (text) => troubles.push(text),
    bytesOfShard: 10_000,
    ...more,
  });

const fill = async (store: SampleStore, from = 0, to = count) => {
  const kept = [];
  for (let at = from; at < to; at++) kept.push(await store.put(at, [recordOf(at)]));
  return kept;
};

/** The numbers of the records that are there, each compared with what was put. */
async function look(store: SampleStore): Promise<number[]> {
  const there: number[] = [];
  for (let at = 0; at < count; at++) {
    const lent = await store.load(at);
    if (!lent) continue;
    expect(Buffer.compare(lent.bytes, recordOf(at)), `record ${at}`).toBe(0);
    lent.release();
    there.push(at);
  }
  return there;
}
const all = Array.from({ length: count }, (_, at) => at);

describe('a store of samples', () => {
  it('gives back what was put, in any order, also when opened again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(count - 1)), fc.integer({ min: 1, max: 60_000 }), async (some, bytes) => {
        folder = await mkdtemp(join(root, 'property-'));
        const store = await openStore({ bytesOfShard: bytes });
        expect(await Promise.all(some.map((at) => store.put(at, [recordOf(at)])))).toEqual(some.map(() => true));
        const sorted = some.toSorted((a, b) => a - b);
        expect(await look(store)).toEqual(sorted);
        const kept = { records: some.length, bytes: some.reduce((sum, at) => sum + recordOf(at).length, 0) };
        expect(store.kept()).toEqual(kept);
        await store.close();
        const again = await openStore({ bytesOfShard: bytes });
        expect(again.kept()).toEqual(kept);
        expect(await look(again)).toEqual(sorted);
        await again.close();
      }),
      { numRuns: 25 },
    );
    expect(troubles).toEqual([]);
  });

  it('gives a shard its lasting name when it is full, and not before', async () => {
    const store = await openStore();
    const { firsts } = await layOut(capacities(0, count), 10_000);
    expect(firsts.length).toBeGreaterThan(3);
    await fill(store, 0, firsts[1]! - 1);
    expect(await readdir(folder)).toEqual(['00000.draft']);
    await fill(store, firsts[1]! - 1, firsts[1]! + 1);
    expect((await readdir(folder)).sort()).toEqual(['00000.shard', '00001.draft']);
    await fill(store);
    expect((await readdir(folder)).every((name) => name.endsWith('.shard'))).toBe(true);
    await store.close();
  });

  it('opens more shards than may be open at once', async () => {
    const store = await openStore({ bytesOfShard: 1, count: 100 });
    await Promise.all(Array.from({ length: 100 }, (_, at) => store.put(at, [recordOf(at)])));
    const lent = await Promise.all(Array.from({ length: 100 }, (_, at) => store.load(at)));
    expect(lent.map((each) => each!.bytes.length)).toEqual(lent.map((_, at) => recordOf(at).length));
    expect(store.kept().records).toBe(100);
    await store.close();
  });

  it('takes up what a killed process left, whatever that was', async () => {
    const program = fileURLToPath(new URL('../fixtures/fill-store.js', import.meta.url));
    for (const after of [1, 13, 29]) {
      const child = fork(program, [folder, String(after)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      await once(child, 'message');
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const store = await openStore();
    const there = await look(store);
    expect(there.length).toBeGreaterThanOrEqual(29);
    await fill(store);
    expect(await look(store)).toEqual(all);
    await store.close();
    expect((await readdir(folder)).filter((name) => !name.endsWith('.shard'))).toEqual([]);
  });

  it('is filled by two processes at once, each of which sees what the other has kept', async () => {
    const [one, other] = [await openStore(), await openStore()];
    await Promise.all([fill(one, 0, 25), fill(other, 15, 40)]);
    expect(await look(one)).toEqual(all);
    expect(await look(other)).toEqual(all);
    expect(one.kept()).toEqual(other.kept());
    await one.close();
    await other.close();
    expect((await readdir(folder)).filter((name) => !name.endsWith('.shard'))).toEqual([]);
  });

  it('finds a record whose bytes have changed on the disk, and takes it anew', async () => {
    const store = await openStore();
    await fill(store);
    const file = await open(join(folder, '00001.shard'), 'r+');
    const { size } = await file.stat();
    await file.write(Buffer.from([1, 2, 3, 4, 5]), 0, 5, size - 10);
    await file.close();
    const there = await look(store);
    expect(there.length).toBe(count - 1);
    const missing = all.find((at) => !there.includes(at))!;
    expect(troubles).toEqual([expect.stringMatching(/damaged.*made again/)]);
    expect(await store.put(missing, [recordOf(missing)])).toBe(true);
    expect(await look(store)).toEqual(all);
    await store.close();
  });

  const broken: [string, (path: string) => Promise<void>][] = [
    ['cut off', async (path) => truncate(path, (await stat(path)).size - 1)],
    ['cut off within its table', (path) => truncate(path, 40)],
    ['empty', (path) => truncate(path, 0)],
    ['of another head', (path) => scribble(path, 0)],
    ['of another table', (path) => scribble(path, 32)],
  ];
  async function scribble(path: string, at: number) {
    const file = await open(path, 'r+');
    await file.write(Buffer.from([255, 254, 253]), 0, 3, at);
    await file.close();
  }
  it.each(broken)('makes a shard again that is %s', async (_, harm) => {
    const first = await openStore();
    await fill(first);
    await first.close();
    await harm(join(folder, '00001.shard'));
    const store = await openStore();
    const { firsts } = await layOut(capacities(0, count), 10_000);
    const lost = all.filter((at) => at >= firsts[1]! && at < firsts[2]!);
    expect(await look(store)).toEqual(all.filter((at) => !lost.includes(at)));
    expect(troubles).toEqual([expect.stringMatching(/a part was broken \(.+\) and is made again/)]);
    await fill(store);
    expect(await look(store)).toEqual(all);
    await store.close();
  });

  it('keeps what there is room for, and gives up what was kept beyond it', async () => {
    const { bytes } = await layOut(capacities(0, count), 10_000);
    const whole = await openStore({ limitBytes: bytes });
    expect(whole.keepable).toBe(count);
    await fill(whole);
    await whole.close();
    const store = await openStore({ limitBytes: bytes / 2, trims: true });
    expect(store.keepable).toBeGreaterThan(count / 4);
    expect(store.keepable).toBeLessThan((3 * count) / 4);
    expect(await look(store)).toEqual(all.slice(0, store.keepable));
    expect(await store.put(store.keepable, [recordOf(store.keepable)])).toBe(false);
    await store.close();
    const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
    expect(sizes.reduce((a, b) => a + b)).toBeLessThan(bytes / 2 + 10_000);
  });

  it('stops where the disk has no room to spare, and says so once', async () => {
    let room = 5;
    const store = await openStore({ mayWrite: async () => room-- > 0 });
    expect((await fill(store)).filter(Boolean).length).toBe(5);
    expect(troubles).toEqual([expect.stringMatching(/no room left to spare/)]);
    expect(await look(store)).toEqual(all.slice(0, 5));
    await store.close();
  });

  it('refuses a record larger than its place', async () => {
    const store = await openStore();
    await fill(store);
    expect(await store.put(3, [recordOf(3), new Uint8Array(1000)])).toBe(false);
    expect(await look(store)).toEqual(all);
    await store.close();
  });

  it('goes on where its folder is removed under it', async () => {
    const store = await openStore();
    await fill(store);
    await rm(folder, { recursive: true });
    // What is open is still to be read.
    await look(store);
    await store.reopen();
    expect(await look(store)).toEqual([]);
    expect(store.kept()).toEqual({ records: 0, bytes: 0 });
    await fill(store);
    expect(await look(store)).toEqual(all);
    await store.close();
    expect(troubles).toEqual([]);
  });
});
