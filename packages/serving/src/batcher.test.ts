import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createBatcher } from './batcher.js';

const bounds = { maxBatch: 4, maxWaiting: 10 };

describe('createBatcher', () => {
  test('runs a lone item at once and gathers what comes meanwhile', async () => {
    const batches: number[][] = [];
    const batcher = createBatcher<number, number>(async (items) => {
      batches.push(items);
      await sleep(5);
      return items.map((item) => item * 2);
    }, bounds);
    const outputs = await Promise.all([1, 2, 3, 4, 5, 6].map((item) => batcher.submit(item, 'same')));
    expect(outputs.map(({ output }) => output)).toEqual([2, 4, 6, 8, 10, 12]);
    expect(batches).toEqual([[1], [2, 3, 4, 5], [6]]);
    expect(batcher.pending).toBe(0);
  });

  test('keeps items of different keys in different batches, oldest key first', async () => {
    const seen: string[] = [];
    const batcher = createBatcher<number, number>(async (items, key) => {
      seen.push(`${key}:${items.join()}`);
      await sleep(1);
      return items;
    }, bounds);
    await Promise.all([batcher.submit(0, 'a'), batcher.submit(1, 'b'), batcher.submit(2, 'a'), batcher.submit(3, 'b')]);
    expect(seen).toEqual(['a:0', 'b:1,3', 'a:2']);
  });

  test('a failing batch fails its own items and no others', async () => {
    const batcher = createBatcher<number, number>(async (items) => {
      if (items.includes(1)) throw new Error('one is bad');
      return items;
    }, bounds);
    await expect(batcher.submit(1, 'a')).rejects.toThrow('one is bad');
    expect((await batcher.submit(2, 'a')).output).toBe(2);
  });

  test('turns callers away when too many wait, and drains', async () => {
    const batcher = createBatcher<number, number>(
      async (items) => {
        await sleep(2);
        return items;
      },
      { maxBatch: 1, maxWaiting: 1 },
    );
    const first = batcher.submit(1, 'a');
    const second = batcher.submit(2, 'a');
    await expect(batcher.submit(3, 'a')).rejects.toMatchObject({ code: 'overloaded' });
    await batcher.drained();
    expect((await Promise.all([first, second])).map(({ output }) => output)).toEqual([1, 2]);
  });
});
