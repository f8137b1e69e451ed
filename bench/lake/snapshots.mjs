// What a snapshot of many pictures takes: `node bench/lake/snapshots.mjs [pictures]` (default 200,000 generated rows, of
// which three quarters are labelled). Says seconds, the process's own CPU seconds, and the peak of its memory.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  collectGarbage,
  compareSnapshots,
  createProject,
  createSnapshot,
  readManifest,
} from '../../packages/lake/dist/index.js';
import { openHome, stopDatabase } from '../../packages/store/dist/index.js';
import { fillProject } from './fill.mjs';

const pictures = Number(process.argv[2] ?? 200_000);
const path = await mkdtemp(join(tmpdir(), 'fovea-bench-snapshots-'));
const home = await openHome(path, { databaseUrl: null });
let peak = 0;
const timer = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 50);

async function clock(what, work) {
  peak = 0;
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const own = ((user + system) / 1e6).toFixed(1);
  console.log(
    `${what.padEnd(28)} ${seconds.padStart(7)} s  own CPU ${own.padStart(6)} s  peak ${(peak / 1e6).toFixed(0)} MB`,
  );
  return result;
}

try {
  const { id } = await createProject(home, { name: 'bench' });
  await clock(`fill ${pictures}`, () => fillProject(home, id, pictures));
  const all = await clock('snapshot of all', () => createSnapshot(home, 'bench', { splits: 'new' }));
  const cars = await clock('snapshot of a filter', () =>
    createSnapshot(home, 'bench', { filter: { classNames: ['car'] } }),
  );
  await clock('read front to back', async () => {
    for await (const _ of readManifest(home, all));
  });
  const { sentences } = await clock('compared', () => compareSnapshots(home, cars.id, all.id));
  await clock('compared again', () => compareSnapshots(home, cars.id, all.id));
  await clock('garbage, counted', () => collectGarbage(home, { dryRun: true }));
  const { size } = await stat(await home.blobs.localPath(all.manifestSha256));
  console.log(
    `${all.counts.media} pictures, ${all.counts.annotations} boxes: ${(size / 1e6).toFixed(1)} MB of Parquet`,
  );
  console.log(sentences.join('\n'));
} finally {
  clearInterval(timer);
  await home.close();
  await stopDatabase(path);
  await rm(path, { recursive: true, force: true });
}
