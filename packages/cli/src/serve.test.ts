import { join } from 'node:path';
import { createClient } from '@fovea/api';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder, type Running, runJson, start, writeDataset } from './cli.fixture.js';

let folder: string;
let boxes: number;
let remove: () => Promise<void>;
const running: Running[] = [];
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  boxes = await writeDataset(join(folder, 'data'), 10);
});
afterEach(async () => {
  for (const each of running.splice(0)) {
    each.child.kill('SIGTERM');
    await each.finished;
  }
});
afterAll(() => remove());

async function serve(...args: string[]) {
  const server = start(folder, ['serve', '--port', '0', '--empty', ...args]);
  running.push(server);
  const [, url] = await server.said(/Fovea is at (http:\S+)/);
  return { ...server, url: url!, api: createClient({ origin: url }) };
}

describe('fovea serve', () => {
  test('says where it is, answers, and ends cleanly', async () => {
    const server = await serve();
    expect(await server.api.getHealth()).toMatchObject({ status: 'ok', home: join(folder, 'home') });
    expect(await server.api.listProjects()).toEqual([]);
    server.child.kill('SIGINT');
    expect(await server.finished).toMatchObject({ code: 0, stderr: expect.stringContaining('Stopped.') });
  });

  test('a port that is taken is told in a sentence that says by whom', async () => {
    const { url } = await serve();
    const second = await runJson(folder, 'serve', '--port', new URL(url).port);
    expect(second).toMatchObject({
      code: 1,
      json: { error: { code: 'port_in_use', message: expect.stringMatching(/another Fovea .*--port/) } },
    });
  });

  test('the whole loop against a server, while local commands work on the same home', async () => {
    const { url, api } = await serve();
    const remote = (...args: string[]) => runJson(folder, ...args, '--server', url);
    expect(await remote('import', 'data', '--project', 'parts')).toMatchObject({
      code: 0,
      json: { imported: 10, duplicates: 0, skipped: 0, annotations: boxes },
    });
    expect((await remote('import', 'data', '--project', 'parts')).json).toMatchObject({ imported: 0, duplicates: 10 });
    expect((await runJson(folder, 'projects')).json.projects).toHaveLength(1);

    const trained = await remote('train', '--project', 'parts', '--epochs', '1');
    expect(trained).toMatchObject({ code: 0, json: { state: 'finished', model: { name: 'parts', version: 1 } } });
    expect(await api.getModel('parts')).toMatchObject({ aliases: { champion: 1 }, project: 'parts' });
    const local = await runJson(folder, 'models');
    expect(local.json.models.map((model: { name: string }) => model.name)).toEqual(['parts']);
    expect((await remote('models')).json.models).toEqual(local.json.models);

    const [there, here] = [
      await remote('eval', '--model', 'parts', '--data', 'data'),
      await runJson(folder, 'eval', '--model', 'parts', '--data', 'data'),
    ];
    expect(there.json.metrics).toEqual(here.json.metrics);
    const predicted = await remote('predict', 'data/p1.jpg', '--model', 'parts@champion', '--out', 'out');
    expect(predicted).toMatchObject({ code: 0, json: { kind: 'image', pictures: 1 } });

    for (const [args, code] of [
      [['train', '--project', 'nope'], 'unknown_project'],
      [['eval', '--model', 'nope', '--data', 'data'], 'unknown_model'],
      [['predict', 'data/p1.jpg', '--model', 'parts@9', '--out', 'out'], 'unknown_version'],
    ] as const) {
      expect(await remote(...args)).toMatchObject({ code: 1, json: { error: { code } } });
    }
  });

  test('a server that is killed in the middle of training takes the run up again', async () => {
    const first = await serve();
    await runJson(folder, 'import', 'data', '--project', 'parts');
    const run = await first.api.createRun('parts', { task: 'detection', epochs: 5000, name: 'endless' });
    await reach(first.api, run.id, 2);
    first.child.kill('SIGKILL');
    await first.finished;

    const second = await serve();
    const before = (await second.api.getRun(run.id)).progress?.step ?? 0;
    const { step } = await reach(second.api, run.id, before + 1);
    expect(step).toBeGreaterThan(2);
    // Ended in order, it is back in the queue for the next start.
    second.child.kill('SIGTERM');
    expect((await second.finished).code).toBe(0);
    const third = await serve();
    await reach(third.api, run.id, step + 1);
    await third.api.stopRun(run.id);
    for await (const event of third.api.followRun(run.id)) {
      if (event.type === 'state') expect(event.data.state).not.toBe('failed');
    }
    expect((await third.api.getRun(run.id)).state).toBe('stopped');
  });
});

test("a run of the command line can be stopped from a server's web app", async () => {
  await runJson(folder, 'import', 'data', '--project', 'parts');
  const training = start(folder, ['train', '--project', 'parts', '--epochs', '5000', '--name', 'elsewhere', '--json']);
  await training.said(/epoch \d+\/5000|Epoch \d+:/);
  const { api } = await serve();
  const run = (await api.listRuns('parts')).find((each) => each.state === 'running');
  expect((await api.stopRun(run!.id)).state).toBe('stopping');
  const { code, stdout } = await training.finished;
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ run: run!.id, state: 'stopped' });
});

/** Follows a run until it has made this many steps. */
async function reach(api: ReturnType<typeof createClient>, id: string, steps: number): Promise<{ step: number }> {
  for await (const event of api.followRun(id)) {
    if (event.type === 'state' && event.data.state === 'failed') throw new Error(event.data.error?.message);
    if (event.type === 'progress' && event.data.step >= steps) return { step: event.data.step };
  }
  throw new Error(`run ${id} ended before step ${steps}`);
}

test('a server that is not there is told in a sentence', async () => {
  expect(await runJson(folder, 'models', '--server', 'http://127.0.0.1:1')).toMatchObject({
    code: 1,
    json: { error: { code: 'unreachable' } },
  });
});
