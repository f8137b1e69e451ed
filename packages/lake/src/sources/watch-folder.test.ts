import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Problem } from '@fovea/formats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readItem } from '../fixtures/source-items.js';
import { openSource } from './open-source.js';
import { type WatchOptions, watchFolder } from './watch-folder.js';

let root: string;
let stop: AbortController;
let events: string[];
let problems: Problem[];
let watching: Promise<void>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'fovea-watch-'));
  stop = new AbortController();
  events = [];
  problems = [];
});

afterEach(async () => {
  stop.abort();
  await watching;
  await rm(root, { recursive: true, force: true });
});

const write = (name: string, text = 'x') => writeFile(join(root, name), text);

/** Starts the watch, and answers when it has seen what there is. */
async function start(more: Partial<WatchOptions> = {}): Promise<void> {
  const source = await openSource(root, { tmpFolder: root });
  await new Promise<void>((resolve, reject) => {
    watching = watchFolder(source, {
      signal: stop.signal,
      stableMs: 150,
      rescanMs: 3_600_000,
      onReady: resolve,
      onProblem: (problem) => problems.push(problem),
      onChange: ({ added, changed, removed }) => {
        for (const [word, items] of Object.entries({ added, changed, removed })) {
          for (const { name } of items) events.push(`${word} ${name}`);
        }
      },
      ...more,
    });
    watching.catch(reject);
  });
}

/** Waits until these events, in any order, have come, and no other. */
async function expectEvents(...expected: string[]): Promise<void> {
  for (let tries = 0; tries < 400 && events.length < expected.length; tries++) await sleep(25);
  await sleep(300);
  expect([...events].sort()).toEqual(expected.sort());
  events.length = 0;
}

describe('a watched folder', () => {
  it('tells what is there, then what is added, changed, moved and removed', async () => {
    await mkdir(join(root, 'sub/deep'), { recursive: true });
    await write('a.jpg');
    await write('sub/deep/b.mp4');
    await write('notes.txt');
    await sleep(200);
    await start();
    await expectEvents('added a.jpg', 'added sub/deep/b.mp4');
    await write('sub/c.png');
    await expectEvents('added sub/c.png');
    await write('a.jpg', 'longer');
    await write('other.txt');
    await write('.hidden.jpg');
    await expectEvents('changed a.jpg');
    await rename(join(root, 'a.jpg'), join(root, 'sub/a.jpg'));
    await expectEvents('removed a.jpg', 'added sub/a.jpg');
    await rm(join(root, 'sub/c.png'));
    await expectEvents('removed sub/c.png');
    await rename(join(root, 'sub'), join(root, 'new 😀'));
    await expectEvents('removed sub/a.jpg', 'removed sub/deep/b.mp4', 'added new 😀/a.jpg', 'added new 😀/deep/b.mp4');
    await write('new 😀/deep/d.jpg');
    await expectEvents('added new 😀/deep/d.jpg');
    await mkdir(join(root, 'later/er'), { recursive: true });
    await write('later/er/e.jpg');
    await expectEvents('added later/er/e.jpg');
    await rm(join(root, 'new 😀'), { recursive: true });
    await expectEvents('removed new 😀/a.jpg', 'removed new 😀/deep/b.mp4', 'removed new 😀/deep/d.jpg');
  });

  it('waits for a file that is still being written, and gives all of its bytes', async () => {
    const sizes: number[] = [];
    await start({
      onChange: async ({ added }) => {
        for (const item of added) sizes.push((await readItem(item)).length);
      },
    });
    const file = await open(join(root, 'slow.jpg'), 'w');
    for (let i = 0; i < 12; i++) {
      await file.write(Buffer.alloc(1000));
      await sleep(50);
    }
    expect(sizes).toEqual([]);
    await file.close();
    for (let tries = 0; tries < 400 && sizes.length === 0; tries++) await sleep(25);
    expect(sizes).toEqual([12_000]);
  });

  it('says nothing of a file that came and went while it was written', async () => {
    await start();
    await write('gone.jpg');
    await rm(join(root, 'gone.jpg'));
    await write('temporary.part');
    await rename(join(root, 'temporary.part'), join(root, 'done.jpg'));
    await expectEvents('added done.jpg');
  });

  it('finds what no news was told of, by looking at everything again', async () => {
    await mkdir(join(root, 'sub'));
    await write('sub/a.jpg');
    await write('b.jpg');
    await sleep(200);
    await start({ rescanMs: 200 });
    await expectEvents('added sub/a.jpg', 'added b.jpg');
    // A folder in another's place, without news of what is in it: its watch still follows the old one.
    await mkdir(join(root, '.staged'));
    await write('.staged/c.jpg');
    await rename(join(root, 'sub'), join(root, '.old'));
    await rename(join(root, '.staged'), join(root, 'sub'));
    await expectEvents('removed sub/a.jpg', 'added sub/c.jpg');
  });

  it('keeps what it knows while the folder is gone', async () => {
    await write('a.jpg');
    await sleep(200);
    await start({ rescanMs: 100 });
    await expectEvents('added a.jpg');
    await rename(root, `${root}-out`);
    for (let tries = 0; tries < 400 && problems.length === 0; tries++) await sleep(25);
    await sleep(300);
    expect(events).toEqual([]);
    // The latter where it went away just when it was looked at.
    expect(problems.filter(({ code }) => code !== 'folder_gone' && code !== 'unreadable_folder')).toEqual([]);
    expect(problems).not.toEqual([]);
    await rename(`${root}-out`, root);
    await write('b.jpg');
    await expectEvents('added b.jpg');
  });

  it('tells each problem once, however often it looks', async () => {
    await symlink('/etc/passwd', join(root, 'link.jpg'));
    await write('a.jpg');
    await sleep(200);
    await start({ rescanMs: 50 });
    await sleep(600);
    expect(problems.map(({ code }) => code)).toEqual(['link_skipped']);
    expect(events).toEqual(['added a.jpg']);
  });

  it('gives batches of the size asked for, one after the other', async () => {
    for (let i = 0; i < 60; i++) await write(`${i}.jpg`);
    await sleep(200);
    const sizes: number[] = [];
    let running = 0;
    await start({
      batchFiles: 25,
      onChange: async ({ added }) => {
        expect(++running).toBe(1);
        sizes.push(added.length);
        await sleep(20);
        running--;
      },
    });
    expect(sizes).toEqual([25, 25, 10]);
  });

  it('ends with what its caller throws, and takes folders alone', async () => {
    await write('a.jpg');
    const source = await openSource(root, { tmpFolder: root });
    watching = watchFolder(source, {
      signal: stop.signal,
      stableMs: 10,
      onChange: () => {
        throw new Error('no room');
      },
    }).catch((error) => expect(String(error)).toContain('no room'));
    await watching;
    const file = await openSource(join(root, 'a.jpg'), { tmpFolder: root });
    await expect(watchFolder(file, { signal: stop.signal, onChange: () => undefined })).rejects.toMatchObject({
      code: 'not_watchable',
    });
  });

  // Of the two names of this limit only this one belongs to the user namespace. Root's write to fs.inotify.max_user_watches
  // would be the whole machine's, from within a namespace too.
  const limit = 'user.max_inotify_watches';
  const mayLimit = spawnSync('unshare', ['-U', '-r', 'sysctl', '-w', `${limit}=3`]).status === 0;
  it.skipIf(!mayLimit)('says that the system watches no more folders, and looks by itself', async () => {
    for (let i = 0; i < 8; i++) await mkdir(join(root, `${i}`));
    const main = fileURLToPath(new URL('../fixtures/watch-for-one.js', import.meta.url));
    const run = `sysctl -qw ${limit}=3 && exec "$0" "$@"`;
    const args = [process.execPath, main, root, join(root, '7/late.jpg')];
    const ran = spawnSync('unshare', ['-U', '-r', 'sh', '-c', run, ...args]);
    expect(JSON.parse(String(ran.stdout))).toEqual(['watch_limit', '7/late.jpg']);
  });
});
