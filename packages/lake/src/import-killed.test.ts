import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseDataset } from '@fovea/formats';
import { writeDataset } from '@fovea/formats/testing';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importDataset } from './import.js';

const IMPORT = fileURLToPath(new URL('./fixtures/import-folder.js', import.meta.url));
const PICTURES = 400;

let test: TestHome;
let root: string;
let boxes: number;

beforeAll(async () => {
  test = await openTestHome();
  root = await mkdtemp(join(tmpdir(), 'fovea-killed-'));
  boxes = await writeDataset(root, PICTURES);
});

afterAll(async () => {
  await test.remove();
  await rm(root, { recursive: true, force: true });
});

/** Imports in a process that is killed `afterMs` after it began; returns how many pictures it had said are saved. */
async function importAndKill(afterMs: number): Promise<number> {
  const child = spawn(process.execPath, [IMPORT, test.path, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let saved = -1;
  const lines = createInterface(child.stdout);
  const begun = once(lines, 'line');
  lines.on('line', (line) => {
    saved = Number(/^saved (\d+)$/.exec(line)![1]);
  });
  await begun;
  await sleep(afterMs);
  child.kill('SIGKILL');
  await ended;
  return saved;
}

it('loses nothing it said was saved, leaves nothing half-written, and is completed by the next', async () => {
  const { home } = test;
  let interrupted = 0;
  let most = 0;
  for (let round = 0; round < 6; round++) {
    const saved = await importAndKill(Math.random() * 700);
    if (saved < PICTURES) interrupted++;
    most = Math.max(most, saved);

    const { rows } = await home.pool.query<{ name: string; sha256: string; boxes: number }>(
      `select m.name, m.sha256, (select count(*)::integer from fovea.annotations a where a.media_id = m.id) as boxes
       from fovea.media m join fovea.projects p on p.id = m.project_id where p.name = 'killed'`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(most);
    for (const row of rows) {
      // A picture is there with all of its boxes and all of its bytes, or it is not there.
      expect(row.boxes).toBe(Number(/(\d+)\.png$/.exec(row.name)![1]) % 4);
      const bytes = await home.blobs.read(row.sha256);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(row.sha256);
    }
    const orphans = await home.pool.query(
      'select 1 from fovea.annotations a left join fovea.media m on m.id = a.media_id where m.id is null',
    );
    expect(orphans.rowCount).toBe(0);
  }
  expect(interrupted).toBeGreaterThan(0);

  const parsed = await parseDataset(root);
  const rest = await importDataset(home, 'killed', parsed);
  expect(rest.imported + rest.duplicates).toBe(PICTURES);
  expect(rest.problems).toEqual([]);
  const { rows } = await home.pool.query(
    'select (select count(*)::integer from fovea.media) as media, (select count(*)::integer from fovea.annotations) as boxes',
  );
  expect(rows[0]).toEqual({ media: PICTURES, boxes });
});

it('goes on when the database is killed under it and comes back', async () => {
  const parsed = await parseDataset(root);
  const pidFile = join(test.path, 'postgres', 'data', 'postmaster.pid');
  let kills = 0;
  const report = await importDataset(test.home, 'database killed', parsed, {
    onProgress: ({ done }) => {
      if (done < 100 || kills > 0) return;
      kills++;
      process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGKILL');
    },
  });
  expect(kills).toBe(1);
  expect(report.imported + report.duplicates).toBe(PICTURES);
  expect(report.problems).toEqual([]);
  const { rows } = await test.home.pool.query(
    `select count(*)::integer as media from fovea.media m join fovea.projects p on p.id = m.project_id
     where p.name = 'database killed'`,
  );
  expect(rows[0]).toEqual({ media: PICTURES });
});
