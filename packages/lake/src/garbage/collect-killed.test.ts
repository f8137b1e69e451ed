import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { utimes } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openHome } from '@fovea/store';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addPictures, sha256Of } from '../fixtures/snapshot-project.js';
import { createSnapshot, readManifest } from '../snapshot.js';
import { deleteSnapshot } from '../snapshots/lineage.js';
import { collectGarbage } from './collect.js';

const COLLECT = fileURLToPath(new URL('../fixtures/collect-garbage.js', import.meta.url));
const CONTENTS = Array.from({ length: 80 }, (_, at) => `content ${at}`);
const ROUNDS = 6;

let test: TestHome;
let projectId: number;
/** What is between its bytes and its row: it was stored just now, and is not made old. */
const inHand = new Set<string>();

beforeAll(async () => {
  test = await openTestHome();
  projectId = await addPictures(test.home, 'p', ['car'], [{ content: 'always there' }], { withBytes: true });
});

afterAll(() => test.remove());

/** Every blob that a row of a picture or a manifest names, and that is not there. */
async function missing(): Promise<string[]> {
  const { home } = test;
  const gone: string[] = [];
  const check = async (what: string, sha256: string) => {
    if (!(await home.blobs.has(sha256))) gone.push(`${what} ${sha256}`);
  };
  const { rows: pictures } = await home.pool.query<{ sha256: string; name: string }>(
    'select sha256, name from fovea.media',
  );
  for (const { sha256, name } of pictures) await check(`row of ${name}`, sha256);
  const { rows } = await home.pool.query<{ id: string; manifest_sha256: string }>(
    'select id, manifest_sha256 from fovea.snapshots',
  );
  for (const { id, manifest_sha256 } of rows) {
    await check(`manifest of ${id}`, manifest_sha256);
    for await (const { sha256, name } of readManifest(home, id)) await check(`${name} of ${id}`, sha256);
  }
  return gone;
}

/** Makes all bytes look as if they had been stored hours ago; while nothing is collected, or time would run backwards in it. */
async function makeOld(): Promise<void> {
  const then = new Date(Date.now() - 3 * 3600_000);
  for (const content of CONTENTS) {
    while (inHand.has(content)) await sleep(1);
    inHand.add(content);
    const path = await test.home.blobs.localPath(sha256Of(content)).catch(() => undefined);
    if (path !== undefined) await utimes(path, then, then);
    inHand.delete(content);
  }
}

/** Imports, takes out, puts back, and makes and deletes snapshots, as fast as it can, until `signal`. */
async function workOn(signal: AbortSignal, seed: number): Promise<{ snapshots: number; imported: number }> {
  const { home } = test;
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const done = { snapshots: 0, imported: 0 };
  const importSome = async () => {
    while (!signal.aborted) {
      const content = CONTENTS[random(CONTENTS.length)]!;
      if (inHand.has(content)) {
        await sleep(1);
        continue;
      }
      inHand.add(content);
      const { sha256 } = await home.blobs.put(new TextEncoder().encode(content));
      await sleep(random(30));
      await home.pool.query(
        `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled)
         values ($1, $2, $3, 64, 48, 'png', 1, true)
         on conflict (project_id, sha256) do update set removed_at = null`,
        [projectId, sha256, content],
      );
      done.imported++;
      inHand.delete(content);
    }
  };
  const takeOut = async () => {
    while (!signal.aborted) {
      await home.pool.query('update fovea.media set removed_at = now() where name = any($1)', [
        Array.from({ length: 5 }, () => CONTENTS[random(CONTENTS.length)]!),
      ]);
      await sleep(random(10));
    }
  };
  const snapshot = async () => {
    const made: string[] = [];
    while (!signal.aborted) {
      const { id } = await createSnapshot(home, 'p', { seed: random(1000) });
      done.snapshots++;
      made.push(id);
      if (made.length > 3) await deleteSnapshot(home, made.shift()!);
    }
  };
  await Promise.all([importSome(), importSome(), takeOut(), snapshot()]);
  return done;
}

/** Collects in a process of its own, which is killed in the midst of a pass or between two. */
async function collectAndKill(): Promise<{ passes: number; removed: number }> {
  const child = spawn(process.execPath, [COLLECT, test.path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let passes = 0;
  let removed = 0;
  const lines = createInterface(child.stdout);
  const open = once(lines, 'line');
  lines.on('line', (line) => {
    const [, blobs] = /^removed (\d+)/.exec(line) ?? [];
    if (blobs === undefined) return;
    passes++;
    removed += Number(blobs);
  });
  await open;
  await sleep(Math.random() * 2500);
  child.kill('SIGKILL');
  await ended;
  return { passes, removed };
}

it('never takes what a row or a snapshot names, whatever goes on, and however it ends', async () => {
  let removed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const controller = new AbortController();
    const working = workOn(controller.signal, round + 1);
    await sleep(300);
    await makeOld();
    const collected = await collectAndKill();
    removed += collected.removed;
    controller.abort();
    const done = await working;
    expect(done.snapshots).toBeGreaterThan(0);
    expect(done.imported).toBeGreaterThan(0);
    // What was being decided about comes back with the next opening.
    await (await openHome(test.path, { databaseUrl: null })).close();
    expect(await missing()).toEqual([]);
  }
  // Once more where nobody kills it, at the same time in this process, so that something was collected for certain.
  const controller = new AbortController();
  const working = workOn(controller.signal, 99);
  for (let pass = 0; pass < 5; pass++) {
    await sleep(200);
    await makeOld();
    removed += (await collectGarbage(test.home, { graceDays: 0 })).blobs.count;
  }
  controller.abort();
  await working;
  expect(await missing()).toEqual([]);
  expect(removed).toBeGreaterThan(0);
});
