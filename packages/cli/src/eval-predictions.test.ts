import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder, run, runJson } from './cli.fixture.js';

const image = { id: 1, width: 100, height: 100 };
const object = { id: 1, image_id: 1, category_id: 3, bbox: [10, 10, 40, 40], area: 1600, iscrowd: 0 };
const truth = { images: [image], categories: [{ id: 3, name: 'ant' }], annotations: [object] };
const hit = { image_id: 1, category_id: 3, bbox: [10, 10, 40, 40], score: 0.9 };

let folder: string;
let remove: () => Promise<void>;
const write = (name: string, value: unknown) =>
  writeFile(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  await mkdir(join(folder, 'data', 'annotations'), { recursive: true });
  await write('data/annotations/instances.json', truth);
  await write('data/annotations/captions.json', { images: [image], annotations: [] });
  await write('results.json', [hit, { ...hit, category_id: 9 }]);
});
afterAll(() => remove());

test('figures without a model or a home, from a file or its folder', async () => {
  const { code, json } = await runJson(folder, 'eval', '--predictions', 'results.json', '--data', 'data');
  expect(code).toBe(0);
  expect(json).toMatchObject({
    predictions: 'results.json',
    data: join('data', 'annotations', 'instances.json'),
    iouType: 'bbox',
    pictures: 1,
    AP: 1,
    AP50: 1,
    APsmall: null,
    AR100: 1,
    metrics: { perClass: [{ className: 'ant', AP: 1, groundTruth: 1, predictions: 1 }] },
    problems: [{ file: 'results.json', code: 'unknown_category', count: 1 }],
  });
  const people = await run(folder, 'eval', '--predictions', 'results.json', '--data', json.data, '--iou-type', 'bbox');
  expect(people).toMatchObject({ code: 0, stderr: '' });
  expect(people.stdout).toMatch(/AP +1\.0000\n/);
  expect(people.stdout).toMatch(/APsmall +–/);
  expect(people.stdout).toContain('1 problem:');
  expect(await readdir(folder)).not.toContain('home');
});

test('key points, told from the results, with sigmas of their own', async () => {
  await write('points.json', [{ image_id: 1, category_id: 3, score: 1, keypoints: [20, 20, 1, 30, 30, 1] }]);
  await write('truth.json', { ...truth, annotations: [{ ...object, keypoints: [20, 20, 2, 30, 30, 1] }] });
  const evaluate = (...more: string[]) =>
    runJson(folder, 'eval', '--predictions', 'points.json', '--data', 'truth.json', ...more);
  const { json } = await evaluate('--sigmas', '0.05,0.1');
  expect(json).toMatchObject({ iouType: 'keypoints', AP: 1, AR: 1, APlarge: null });
  expect((await evaluate()).json.error.message).toContain('2 key points where there are 17 sigmas');
  expect((await evaluate('--sigmas', '0.05,x')).json.error).toMatchObject({ code: 'bad_sigmas' });
});

test('exactly one of a model and predictions', async () => {
  for (const [args, sentence] of [
    [[], "one of '--model <name>' and '--predictions <file>'"],
    [['--model', 'm', '--predictions', 'results.json'], 'cannot be used with'],
    [['--server', 'http://127.0.0.1:1', '--predictions', 'results.json'], 'cannot be used with'],
    [['--predictions', 'results.json', '--iou-type', 'boxes'], 'Allowed choices are bbox, segm, keypoints'],
  ] as const) {
    const { code, json, stderr } = await runJson(folder, 'eval', '--data', 'data', ...args);
    expect([code, json.error.code]).toEqual([2, 'misused']);
    expect(stderr).toContain(sentence);
  }
});

describe('what cannot be evaluated is told in a sentence', () => {
  test.each<[string, unknown, string, string]>([
    ['missing.json', null, 'missing_path', 'There is no file or folder "missing.json"'],
    ['broken.json', '[{"image_id": 1,', 'bad_results', 'broken.json cannot be read as JSON'],
    ['nan.json', '[{"image_id":1,"score": NaN}]', 'bad_results', 'NaN is no number in JSON'],
    ['object.json', truth, 'bad_results', 'object.json: Predictions are a list'],
    ['empty.json', [], 'unknown_iou_type', 'has no predictions, so it does not say what to measure'],
    ['strange.json', [{ ...hit, image_id: 8 }], 'unknown_image', 'image_id 8'],
    ['scoreless.json', [{ ...hit, score: null }], 'bad_results', 'Entry 0 of the results has the score null'],
    ['boxless.json', [hit, { ...hit, bbox: undefined }], 'bad_results', 'Entry 1 of the results has no "bbox"'],
  ])('%s', async (name, value, code, sentence) => {
    if (value !== null) await write(name, value);
    const outcome = await runJson(folder, 'eval', '--predictions', name, '--data', 'data');
    expect(outcome).toMatchObject({ code: 1, json: { error: { code } } });
    expect(outcome.stderr).toContain(sentence);
    if (value !== null) await rm(join(folder, name));
  });

  test('a folder with no ground truth, or with two', async () => {
    await mkdir(join(folder, 'none'));
    const none = await runJson(folder, 'eval', '--predictions', 'results.json', '--data', 'none');
    expect(none).toMatchObject({ code: 1, json: { error: { code: 'bad_ground_truth' } } });
    await write('none/a.json', truth);
    await write('none/b.json', truth);
    const two = await runJson(folder, 'eval', '--predictions', 'results.json', '--data', 'none');
    expect(two.json.error.message).toContain('several ground truths (a.json and b.json)');
  });
});
