import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder, run, runJson, writeDataset } from './cli.fixture.js';

let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  await writeDataset(join(folder, 'data'), 8);
  await runJson(folder, 'import', 'data', '--project', 'parts');
});
afterAll(() => remove());

const snapshot = (...args: string[]) => runJson(folder, 'snapshot', ...args, '--project', 'parts');

test('snapshots are made, listed, shown, compared and deleted, and garbage is collected', async () => {
  expect((await snapshot('list')).json).toMatchObject({ snapshots: [] });
  const whole = await snapshot('create', '--name', 'all');
  expect(whole).toMatchObject({ code: 0, json: { snapshot: { name: 'all', isNew: true, counts: { media: 8 } } } });
  expect((await snapshot('create')).json.snapshot).toMatchObject({ name: 'all', isNew: false });
  const some = await snapshot(
    'create',
    '--sql',
    'select sha256 from media order by name limit 6',
    '--test',
    '0.2',
    '--seed',
    '3',
  );
  expect(some.json.snapshot).toMatchObject({ name: 'v2', counts: { media: 6 }, query: { testFraction: 0.2 } });
  expect((await snapshot('list')).json.snapshots.map((each: { name: string }) => each.name)).toEqual(['v2', 'all']);
  expect((await snapshot('show', 'all')).json).toMatchObject({ snapshot: { name: 'all', runs: [] } });
  expect((await snapshot('diff', 'all', 'v2')).json).toMatchObject({
    pictures: { removed: 2, added: 0 },
    sentences: expect.any(Array),
  });
  const told = await run(folder, 'snapshot', 'diff', 'all', 'v2', '--project', 'parts');
  expect(told.stdout).toContain('2 pictures fewer');
  expect(await snapshot('delete', 'v2')).toMatchObject({ code: 0, json: { deleted: { name: 'v2' } } });
  expect(await snapshot('show', 'v2')).toMatchObject({ code: 1, json: { error: { code: 'unknown_snapshot' } } });

  const dry = await runJson(folder, 'lake', 'gc', '--dry-run', '--grace-days', '0');
  expect(dry).toMatchObject({ code: 0, json: { dryRun: true, blobs: { count: 0 }, kept: { count: 1 }, pictures: 0 } });
  expect(await runJson(folder, 'lake', 'gc')).toMatchObject({
    code: 0,
    json: { dryRun: false, blobs: { count: 0 }, stopped: false },
  });
});

test('used wrongly, they say how they are used', async () => {
  for (const args of [
    ['snapshot', 'create'],
    ['snapshot', 'diff', 'a', '--project', 'p'],
    ['snapshot', 'dance'],
    ['lake', 'gc', '--grace-days', '-1'],
    ['lake', 'gc', '--server', 'http://127.0.0.1:1'],
  ]) {
    expect([args, (await run(folder, ...args)).code]).toEqual([args, 2]);
  }
  expect(await snapshot('create', '--sql', 'select 1 as media_id', '--tag', 'x')).toMatchObject({
    json: { error: { code: 'bad_option' } },
  });
  expect(await run(folder, 'snapshot', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('diff') });
});
