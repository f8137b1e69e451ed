import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { concurrent } from './concurrent.js';

describe('concurrent', () => {
  test('runs all, never more than the limit at once', async () => {
    let running = 0;
    let most = 0;
    const seen: number[] = [];
    await concurrent([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++running);
      await sleep(2);
      seen.push(item);
      running -= 1;
    });
    expect([seen.length, most]).toEqual([7, 3]);
  });

  test('the first failure ends it, after what runs is done', async () => {
    const done: number[] = [];
    const work = async (item: number) => {
      await sleep(item === 2 ? 1 : 5);
      if (item === 2) throw new Error('two');
      done.push(item);
    };
    await expect(concurrent([1, 2, 3, 4, 5, 6], 2, work)).rejects.toThrow('two');
    expect(done.length).toBeLessThan(4);
  });

  test('aborting starts no more', async () => {
    const stop = new AbortController();
    const done: number[] = [];
    await concurrent(
      [1, 2, 3, 4],
      1,
      async (item) => {
        done.push(item);
        if (item === 2) stop.abort();
      },
      stop.signal,
    );
    expect(done).toEqual([1, 2]);
  });
});
