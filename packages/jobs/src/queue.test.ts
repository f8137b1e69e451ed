import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type JobQueue, openQueue } from './queue.js';

const HANG = fileURLToPath(new URL('./fixtures/hang.js', import.meta.url));
let test: TestHome;

beforeAll(async () => {
  test = await openTestHome();
});

afterAll(() => test.remove());

async function withQueue(name: string, use: (queue: JobQueue) => Promise<void>): Promise<void> {
  const queue = await openQueue(test.home, { name, rescueSeconds: 2 });
  try {
    await use(queue);
  } finally {
    await queue.close();
  }
}

async function eventually(probe: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await probe()) return;
    await sleep(50);
  }
  throw new Error('did not happen within 30 s');
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true }));

describe('a job queue', () => {
  it('does its jobs, by priority, and tells what became of them', async () => {
    await withQueue('plain', async (queue) => {
      await queue.submit('add', { a: 1, b: 2 }, { priority: 5 });
      await queue.submit('add', { a: 3, b: 4 }, { priority: 1 });
      const waiting = await queue.list();
      expect(waiting).toHaveLength(2);
      expect(waiting[0]).toMatchObject({ name: 'add', state: 'waiting', attempts: 0, startedAt: null });
      const sums: number[] = [];
      await queue.work({
        add: async ({ a, b }: { a: number; b: number }, { progress }) => {
          await progress({ sum: a + b });
          sums.push(a + b);
        },
      });
      await eventually(async () => (await queue.list(['completed'])).length === 2);
      expect(sums).toEqual([7, 3]);
      const [job] = await queue.list(['completed']);
      expect(job).toMatchObject({ state: 'completed', attempts: 1, error: null });
      expect(job!.finishedAt).toBeInstanceOf(Date);
    });
  });

  it('tries again as often as asked, and says why a job failed', async () => {
    await withQueue('failing', async (queue) => {
      let tries = 0;
      await queue.work({
        fail: async () => {
          tries++;
          throw new Error('no luck');
        },
      });
      const id = await queue.submit('fail', {}, { attempts: 2 });
      const strange = await queue.submit('strange', {});
      await eventually(async () => (await queue.list(['failed'])).length === 2);
      expect(tries).toBe(2);
      expect(await queue.get(id)).toMatchObject({ state: 'failed', error: 'no luck', attempts: 2 });
      expect((await queue.get(strange)).error).toContain('known are fail');
      await expect(queue.get('nope')).rejects.toMatchObject({ code: 'unknown_job' });
    });
  });

  it('has one job of an id at a time, and takes the id again when it is done', async () => {
    await withQueue('ids', async (queue) => {
      const ids = [
        await queue.submit('x', { n: 1 }, { jobId: 'mine' }),
        await queue.submit('x', { n: 2 }, { jobId: 'mine' }),
      ];
      expect(ids).toEqual(['mine', 'mine']);
      const seen: number[] = [];
      await queue.work({ x: async ({ n }: { n: number }) => void seen.push(n) });
      await eventually(async () => (await queue.get('mine')).state === 'completed');
      await queue.submit('x', { n: 3 }, { jobId: 'mine' });
      await eventually(() => seen.length === 2);
      expect(seen).toEqual([1, 3]);
    });
  });

  it('cancels waiting jobs and running ones, also those of another process', async () => {
    await withQueue('cancelled', async (queue) => {
      const waiting = await queue.submit('long', {});
      await queue.cancel(waiting);
      await expect(queue.get(waiting)).rejects.toMatchObject({ code: 'unknown_job' });
      await queue.work({ long: (_, { signal }) => aborted(signal) });
      const running = await queue.submit('long', {}, { attempts: 5 });
      await eventually(async () => (await queue.get(running)).state === 'active');
      await withQueue('cancelled', (other) => other.cancel(running));
      await eventually(async () => (await queue.get(running)).state === 'failed');
      expect(await queue.get(running)).toMatchObject({ error: 'cancelled', attempts: 1 });
      await queue.cancel(running);
    });
  });

  it('gives the jobs in hand back when it closes', async () => {
    let id = '';
    await withQueue('closed', async (queue) => {
      await queue.work({ long: (_, { signal }) => aborted(signal) });
      id = await queue.submit('long', { kept: true });
      await eventually(async () => (await queue.get(id)).state === 'active');
    });
    await withQueue('closed', async (queue) => {
      expect(await queue.get(id)).toMatchObject({ state: 'waiting', data: { kept: true } });
      let done = false;
      await queue.work({
        long: async () => {
          done = true;
        },
      });
      await eventually(() => done);
    });
  });

  it("takes a killed worker's job up again, with what it had saved", async ({ onTestFinished }) => {
    await withQueue('killed', async (queue) => {
      const id = await queue.submit('slow', { n: 1 });
      for (let round = 0; round < 2; round++) {
        const child = spawn(process.execPath, [HANG, test.path, 'killed'], { stdio: ['ignore', 'pipe', 'inherit'] });
        onTestFinished(() => void child.kill('SIGKILL'));
        await once(child.stdout, 'data');
        expect(await queue.get(id)).toMatchObject({ state: 'active', progress: { half: true } });
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
      const taken: unknown[] = [];
      await queue.work({ slow: async (data: object) => void taken.push(data) });
      await eventually(async () => (await queue.get(id)).state === 'completed');
      expect(taken).toEqual([{ n: 1 }]);
      expect((await queue.get(id)).attempts).toBe(3);
    });
  });
});
