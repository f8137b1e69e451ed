import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projects } from '@fovea/store';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createRun,
  getModel,
  getRun,
  listModels,
  type ModelCard,
  registerModel,
  resolveModel,
  setAlias,
} from './index.js';

let test: TestHome;
let projectIds: number[];

beforeAll(async () => {
  test = await openTestHome();
  const rows = await test.home.db
    .insert(projects)
    .values([{ name: 'p' }, { name: 'q' }])
    .returning();
  projectIds = rows.map((row) => row.id);
});

afterAll(() => test.remove());

const card = (AP: number | null): ModelCard => ({
  task: 'detection',
  classNames: ['car'],
  input: { width: 480, height: 320 },
  metrics: { AP, AP50: 0.9, perClass: null },
  recipe: { epochs: 3 },
});

async function register(name: string, AP: number | null, runId: string | null = null, project = 0) {
  const onnxPath = join(test.path, 'tmp', 'model.onnx');
  await writeFile(onnxPath, `onnx of ${name} ${AP} ${runId}`);
  return registerModel(test.home, { name, projectId: projectIds[project]!, runId, onnxPath, card: card(AP) });
}

describe('a model', () => {
  it('gets versions, and its champion is the best by AP', async () => {
    const first = await register('cars', 0.5);
    expect(first).toMatchObject({ name: 'cars', version: 1, project: 'p', aliases: ['candidate', 'champion'] });
    expect(String(await test.home.blobs.read(first.sha256))).toBe('onnx of cars 0.5 null');
    expect(first.card).toEqual(card(0.5));
    expect(await register('cars', 0.4)).toMatchObject({ version: 2, aliases: ['candidate'] });
    expect(await register('cars', null)).toMatchObject({ version: 3, aliases: ['candidate'] });
    expect(await register('cars', 0.6)).toMatchObject({ version: 4, aliases: ['candidate', 'champion'] });
    const model = await getModel(test.home, 'cars');
    expect(model.versions.map(({ version }) => version)).toEqual([4, 3, 2, 1]);
    expect(model.aliases).toEqual({ candidate: 4, champion: 4 });
  });

  it('is found by name, alias and version', async () => {
    await setAlias(test.home, 'cars', 'production', 2);
    const version = async (reference: string) => (await resolveModel(test.home, reference)).version;
    expect(await version('cars')).toBe(4);
    expect(await version('cars@champion')).toBe(4);
    expect(await version('cars@production')).toBe(2);
    expect(await version('cars@3')).toBe(3);
    await setAlias(test.home, 'cars', 'champion', 1);
    expect(await version('cars')).toBe(1);
  });

  it('that is unknown names the known', async () => {
    const failure = await resolveModel(test.home, 'nope@champion').catch((error) => error);
    expect(failure).toMatchObject({ code: 'unknown_model', details: { known: ['cars'] } });
    expect(failure.message).toContain('cars');
    const version = await resolveModel(test.home, 'cars@9').catch((error) => error);
    expect(version).toMatchObject({ code: 'unknown_version' });
    expect(version.message).toContain('production');
    await expect(setAlias(test.home, 'cars', 'beta', 9)).rejects.toMatchObject({ code: 'unknown_version' });
    await expect(setAlias(test.home, 'cars', '9', 1)).rejects.toMatchObject({ code: 'bad_name' });
  });

  it('belongs to one project, and has a name that can be one', async () => {
    await expect(register('cars', 0.9, null, 1)).rejects.toMatchObject({ code: 'model_name_taken' });
    await expect(register('ca@rs', 0.9)).rejects.toMatchObject({ code: 'bad_name' });
    expect((await getModel(test.home, 'cars')).versions).toHaveLength(4);
    await register('other', 0.1, null, 1);
    expect((await listModels(test.home)).map(({ name }) => name)).toEqual(['cars', 'other']);
    expect((await listModels(test.home, 'q')).map(({ name }) => name)).toEqual(['other']);
  });

  it('has one version of a run, however often it is registered, and the run knows it', async () => {
    const run = await createRun(test.home, { projectId: projectIds[0]!, name: 'runs', task: 'detection', params: {} });
    const versions = await Promise.all(Array.from({ length: 5 }, () => register('runs', 0.3, run.id)));
    expect(new Set(versions.map(({ version }) => version))).toEqual(new Set([1]));
    expect((await getRun(test.home, run.id)).model).toEqual({ name: 'runs', version: 1 });
    const together = await Promise.all([0.1, 0.2, 0.3, 0.4].map((AP) => register('runs', AP)));
    expect(together.map(({ version }) => version).sort()).toEqual([2, 3, 4, 5]);
  });
});
