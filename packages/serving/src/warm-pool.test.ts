import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createWarmPool } from './warm-pool.js';

function setup(maxOpen: number, idleMs = 60_000) {
  const events: string[] = [];
  const pool = createWarmPool<{ name: string; close(): Promise<void> }>({ maxOpen, idleMs });
  const open = (name: string) => async () => {
    events.push(`open ${name}`);
    await sleep(1);
    return {
      name,
      close: async () => {
        events.push(`close ${name}`);
      },
    };
  };
  const touch = (name: string) => pool.use(name, open(name), async (thing) => thing.name);
  return { events, pool, open, touch };
}

describe('createWarmPool', () => {
  test('opens once for many at once, and again not while warm', async () => {
    const { events, touch } = setup(2);
    expect(await Promise.all([touch('a'), touch('a'), touch('a')])).toEqual(['a', 'a', 'a']);
    await touch('a');
    expect(events).toEqual(['open a']);
  });

  test('closes the least recently used beyond its bound', async () => {
    const { events, pool, touch } = setup(2);
    await touch('a');
    await touch('b');
    await touch('a');
    await touch('c');
    await sleep(5);
    expect(events).toEqual(['open a', 'open b', 'open c', 'close b']);
    expect(pool.keys).toEqual(['a', 'c']);
  });

  test('never closes what is in use', async () => {
    const { events, pool, open, touch } = setup(1);
    await pool.use('a', open('a'), async () => {
      await touch('b');
      expect(events).not.toContain('close a');
    });
    await pool.close();
    expect(events.filter((event) => event.startsWith('close')).sort()).toEqual(['close a', 'close b']);
  });

  test('closes what is idle', async () => {
    const { events, pool, touch } = setup(2, 5);
    await touch('a');
    await sleep(50);
    expect(events).toEqual(['open a', 'close a']);
    expect(pool.keys).toEqual([]);
  });

  test('forgets what could not be opened', async () => {
    const { pool, touch } = setup(2);
    const broken = () => Promise.reject(new Error('no such file'));
    await expect(pool.use('a', broken, async () => 1)).rejects.toThrow('no such file');
    expect(await touch('a')).toBe('a');
  });
});
