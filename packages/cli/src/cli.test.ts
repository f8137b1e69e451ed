import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeImage } from '@fovea/image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder, run, runJson, start, writeDataset } from './cli.fixture.js';

let folder: string;
let boxes: number;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  boxes = await writeDataset(join(folder, 'data'), 10);
});
afterAll(() => remove());

describe('used wrongly, it exits with 2 and says how it is used', () => {
  test.each([
    [['import', 'data'], "required option '--project <name>' not specified"],
    [['import', '--project', 'p'], "missing required argument 'path'"],
    [['train', '--project', 'p', '--task', 'juggling'], 'Allowed choices are detection'],
    [['train', '--project', 'p', '--epochs', '0'], 'a whole number from 1'],
    [['train', '--project', 'p', '--epochs', '1.5'], 'a whole number from 1'],
    [['models', '--server', 'ftp://x'], 'an address like http://127.0.0.1:8420'],
    [['models', '--server', 'http://127.0.0.1:1', '--home', 'h'], 'cannot be used with'],
    [['models', 'extra'], 'too many arguments'],
    [['dance'], "unknown command 'dance'"],
    [['serve', '--port', '70000'], 'from 0 to 65535'],
    [['models', '--colour'], "unknown option '--colour'"],
  ])('%j', async (args, sentence) => {
    const { code, stderr, stdout } = await run(folder, ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(sentence);
    const asJson = await runJson(folder, ...args);
    expect(asJson).toMatchObject({ code: 2, json: { error: { code: 'misused' } } });
  });

  test('an unknown format, naming the known ones', async () => {
    const { code, json } = await runJson(folder, 'import', 'data', '--project', 'p', '--format', 'xml');
    expect(code).toBe(2);
    expect(json.error.code).toBe('unknown_format');
    for (const name of ['csv-corners', 'coco', 'yolo', 'voc']) expect(json.error.message).toContain(name);
  });

  test('help and version are no misuse', async () => {
    expect(await run(folder, '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('import [options] <path>'),
    });
    expect(await run(folder, 'eval', '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--data <path>'),
    });
    expect(await run(folder, '--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe('the loop on a local home', () => {
  test('import says what came in, and again that it is there', async () => {
    const first = await runJson(folder, 'import', 'data', '--project', 'parts');
    expect(first).toMatchObject({
      code: 0,
      json: {
        project: 'parts',
        format: 'csv-corners',
        imported: 10,
        duplicates: 0,
        skipped: 0,
        annotations: boxes,
        problems: [],
      },
    });
    const again = await runJson(folder, 'import', 'data', '--project', 'parts');
    expect(again.json).toMatchObject({ imported: 0, duplicates: 10, annotations: 0 });
    const listed = await runJson(folder, 'projects');
    expect(listed.json.projects).toMatchObject([{ name: 'parts', counts: { media: 10, annotations: boxes } }]);
  });

  test('bad input is reported by file, line and reason, and the rest comes in', async () => {
    const bad = join(folder, 'bad');
    await writeDataset(bad, 2, 6000);
    await writeFile(join(bad, 'broken.jpg'), 'no picture');
    const csv = await readFile(join(bad, 'boxes.csv'), 'utf8');
    await writeFile(
      join(bad, 'boxes.csv'),
      `${csv}p0.jpg,5,5,5,5,bolt\np1.jpg,1,2,x,4,bolt\n../secret.jpg,1,2,3,4,bolt\n`,
    );
    const { code, json } = await runJson(folder, 'import', 'bad', '--project', 'bad');
    expect(code).toBe(0);
    expect(json).toMatchObject({ imported: 2, skipped: 2 });
    expect(json.problems.map((problem: { code: string }) => problem.code).sort()).toEqual(
      ['bad_number', 'box_no_area', 'path_outside', 'unreadable_image'].sort(),
    );
    for (const problem of json.problems)
      expect(problem).toMatchObject({ file: expect.any(String), reason: expect.any(String) });
  });

  test('what does not exist is named with what does', async () => {
    expect(await runJson(folder, 'import', 'nowhere', '--project', 'p')).toMatchObject({
      code: 1,
      json: { error: { code: 'missing_path' } },
    });
    expect(await runJson(folder, 'train', '--project', 'nope')).toMatchObject({
      code: 1,
      json: { error: { code: 'unknown_project', message: expect.stringContaining('parts') } },
    });
    expect(await runJson(folder, 'models', '--project', 'nope')).toMatchObject({
      code: 1,
      json: { error: { code: 'unknown_project' } },
    });
    expect(await runJson(folder, 'eval', '--model', 'nope', '--data', 'data')).toMatchObject({
      code: 1,
      json: { error: { code: 'unknown_model' } },
    });
  });

  test('train makes a model that eval measures and predict uses', async () => {
    const trained = await runJson(
      folder,
      'train',
      '--project',
      'parts',
      '--task',
      'detection',
      '--epochs',
      '1',
      '--seed',
      '3',
    );
    expect(trained).toMatchObject({ code: 0, json: { state: 'finished', model: { name: 'parts', version: 1 } } });

    const models = await runJson(folder, 'models');
    expect(models.json.models).toMatchObject([
      { name: 'parts', version: 1, aliases: ['candidate', 'champion'], project: 'parts' },
    ]);

    for (const reference of ['parts', 'parts@champion', 'parts@1']) {
      const { code, json } = await runJson(folder, 'eval', '--model', reference, '--data', 'data');
      expect(code).toBe(0);
      expect(json).toMatchObject({ model: { name: 'parts', version: 1 }, pictures: 10 });
      for (const figure of ['AP', 'AP50', 'AP75']) expect(json[figure]).toEqual(expect.any(Number));
    }
    expect(await runJson(folder, 'eval', '--model', 'parts@best', '--data', 'data')).toMatchObject({
      code: 1,
      json: { error: { code: 'unknown_version', message: expect.stringContaining('champion') } },
    });

    await writeFile(join(folder, 'data', 'broken.png'), 'no picture');
    const predicted = await runJson(
      folder,
      'predict',
      'data',
      '--model',
      'parts',
      '--out',
      'data/out',
      '--confidence',
      '0.01',
    );
    expect(predicted).toMatchObject({ code: 0, json: { kind: 'folder', pictures: 10, skipped: 1 } });
    const coco = JSON.parse(await readFile(join(folder, 'data/out/predictions.json'), 'utf8'));
    expect(coco.images).toHaveLength(10);
    expect(coco.annotations).toHaveLength(predicted.json.detections);
    expect(coco.categories.map((category: { name: string }) => category.name).sort()).toEqual([
      'bolt',
      'nut',
      'washer',
    ]);
    for (const { image_id, category_id, bbox, score } of coco.annotations) {
      expect([coco.images[image_id - 1].id, coco.categories[category_id - 1].id]).toEqual([image_id, category_id]);
      expect(bbox.every((value: number) => Number.isFinite(value) && value >= 0)).toBe(true);
      expect(score).toBeGreaterThanOrEqual(0.01);
    }
    expect((await readdir(join(folder, 'data/out'))).filter((name) => name.endsWith('.jpg'))).toHaveLength(10);
    expect(await decodeImage(join(folder, 'data/out/p0.jpg'))).toMatchObject({ width: 480, height: 320 });

    const single = await runJson(folder, 'predict', 'data/p0.jpg', '--model', 'parts', '--out', 'single');
    expect(single).toMatchObject({ code: 0, json: { kind: 'image', pictures: 1 } });
    expect(await runJson(folder, 'predict', 'data/broken.png', '--model', 'parts', '--out', 'single')).toMatchObject({
      code: 1,
      json: { error: { code: 'unreadable_image' } },
    });
  });

  test('Ctrl-C leaves a run that the same command goes on with', async () => {
    const args = ['train', '--project', 'parts', '--epochs', '5000', '--name', 'endless', '--json'];
    const interrupt = async () => {
      const training = start(folder, args);
      await training.said(/epoch \d+\/5000|Epoch \d+:/);
      training.child.kill('SIGINT');
      const { code, stdout } = await training.finished;
      return { code, ...JSON.parse(stdout) };
    };
    const first = await interrupt();
    expect(first).toMatchObject({ code: 1, state: 'stopped', model: null });
    const second = await interrupt();
    expect(second).toMatchObject({ code: 1, state: 'stopped', run: first.run });
  });
});

test('a home that cannot be one is told in a sentence', async () => {
  await writeFile(join(folder, 'file'), '');
  expect(await runJson(folder, 'projects', '--home', 'file')).toMatchObject({
    code: 1,
    json: { error: { code: 'home_not_writable' } },
  });
});
