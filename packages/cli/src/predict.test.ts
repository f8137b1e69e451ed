import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { classColor } from '@fovea/annotations';
import { decodeLabelMap, encodeLabelMap } from '@fovea/formats';
import { decodeImage, renderSamplePicture } from '@fovea/image';
import { registerTinyModels, tinyClasses, tinyDimensions } from '@fovea/serving/testing';
import { openHome } from '@fovea/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder, type Running, runJson, start } from './cli.fixture.js';
import { encodePng } from './encode-png.js';

let folder: string;
let remove: () => Promise<void>;
let server: Running;
let url: string;

// Every command is tried twice: on the home, and through a server that works on the same home.
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  const home = await openHome(join(folder, 'home'));
  await registerTinyModels(home, 'tasks', folder);
  await home.close();
  for (const [index, split] of ['nut', 'bolt', 'nut', 'bolt'].entries()) {
    await mkdir(join(folder, 'classes', split), { recursive: true });
    const { bytes } = await renderSamplePicture(70 + index);
    await writeFile(join(folder, 'classes', split, `${index}.jpg`), bytes);
  }
  await writePictures();
  await writeLabelMaps();
  server = start(folder, ['serve', '--port', '0', '--empty']);
  url = (await server.said(/Fovea is at (http:\S+)/))[1]!;
});
afterAll(async () => {
  server?.child.kill('SIGTERM');
  await server?.finished;
  await remove();
});

/** Two pictures of one name with different endings, one below, and one that is none. */
async function writePictures() {
  await mkdir(join(folder, 'data', 'deep'), { recursive: true });
  const [one, two, three] = await Promise.all([1, 2, 3].map(async (seed) => (await renderSamplePicture(seed)).bytes));
  await writeFile(join(folder, 'data', 'a.jpg'), one!);
  await writeFile(join(folder, 'data', 'a.png'), encodePng(await decodeImage(two!)));
  await writeFile(join(folder, 'data', 'deep', 'b.jpg'), three!);
  await writeFile(join(folder, 'data', 'broken.jpg'), 'no picture');
}

/** Pictures with label maps of the three classes in bars. */
async function writeLabelMaps() {
  await mkdir(join(folder, 'maps', 'images'), { recursive: true });
  await mkdir(join(folder, 'maps', 'labels'), { recursive: true });
  for (const seed of [1, 2]) {
    await writeFile(join(folder, 'maps', 'images', `${seed}.jpg`), (await renderSamplePicture(seed)).bytes);
    const data = Uint8Array.from({ length: 480 * 320 }, (_, at) => Math.floor((at % 480) / 160));
    const png = await encodeLabelMap({ data, width: 480, height: 320 });
    await writeFile(join(folder, 'maps', 'labels', `${seed}.png`), png);
  }
}

const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'));

/** The same but for the last digits, in which a picture's answer depends on the batch it rode in. */
const near = (value: unknown) =>
  JSON.parse(JSON.stringify(value), (_, one) => (typeof one === 'number' ? expect.closeTo(one, 4) : one));

/** What a command wrote on the home, after a look that the server's answer is the same but for the moment. */
async function predict(model: string, source: string, ...args: string[]) {
  const [here, there] = await Promise.all([
    runJson(folder, 'predict', source, '--model', model, '--out', `${model}-here`, ...args),
    runJson(folder, 'predict', source, '--model', model, '--out', `${model}-there`, '--server', url, ...args),
  ]);
  expect(here).toMatchObject({ code: 0, json: { model: { name: model, version: 1 }, task: model } });
  const { out, predictions, ...summary } = here.json;
  expect(there).toMatchObject({ code: 0, json: near(summary) });
  const [document, other] = await Promise.all([
    readJson(join(folder, `${model}-here/predictions.json`)),
    readJson(join(folder, `${model}-there/predictions.json`)),
  ]);
  for (const each of [document, other]) {
    delete each.createdAt;
    delete each.info;
  }
  expect(other).toEqual(near(document));
  return { out, summary, document };
}

describe('fovea predict', () => {
  test('writes the likeliest classes of each picture', async () => {
    const { summary, document } = await predict('classification', 'data', '--top-k', '2');
    expect(summary).toMatchObject({ kind: 'folder', pictures: 3, skipped: 1 });
    expect(summary.problems).toMatchObject([{ file: 'broken.jpg', code: 'unreadable_image' }]);
    expect(document).toMatchObject({ task: 'classification', classNames: tinyClasses });
    expect(document.pictures.map(({ name }: { name: string }) => name)).toEqual(['a.jpg', 'a.png', 'deep/b.jpg']);
    for (const { width, height, classes } of document.pictures) {
      expect([width, height, classes.length]).toEqual([480, 320, 2]);
      expect(classes[0].confidence).toBeGreaterThanOrEqual(classes[1].confidence);
      expect(tinyClasses[classes[0].classIndex]).toBe(classes[0].className);
      expect(summary.likeliest[classes[0].className]).toBeGreaterThan(0);
    }
  });

  test('writes a label map and a tinted picture of each', async () => {
    const { out, summary, document } = await predict('segmentation', 'data');
    expect(document).toMatchObject({
      unlabelled: 255,
      classes: tinyClasses.map((className, classIndex) => ({ className, classIndex, color: classColor(classIndex) })),
    });
    expect(document.pictures).toMatchObject([
      { name: 'a.jpg', labelMap: 'labels/a.png', overlay: 'overlays/a.jpg' },
      { name: 'a.png', labelMap: 'labels/a.png.png', overlay: 'overlays/a.png.jpg' },
      { name: 'deep/b.jpg', labelMap: 'labels/deep/b.png', overlay: 'overlays/deep/b.jpg' },
    ]);
    for (const { labelMap, overlay, classes } of document.pictures) {
      const map = await decodeLabelMap(await readFile(join(out, labelMap)));
      expect(map).toMatchObject({ width: 480, height: 320 });
      expect(await decodeImage(join(out, overlay))).toMatchObject({ width: 480, height: 320 });
      for (const { classIndex, share } of classes)
        expect(map.data.filter((value) => value === classIndex).length).toBe(Math.round(share * 480 * 320));
      expect(await readFile(join(folder, 'segmentation-there', labelMap))).toEqual(await readFile(join(out, labelMap)));
    }
    const total = Object.values<number>(summary.shares).reduce((sum, share) => sum + share);
    expect(total).toBeCloseTo(1, 9);
  });

  test('writes a vector for each picture', async () => {
    const { out, summary, document } = await predict('embedding', 'data');
    expect([summary.dimensions, document.dimensions]).toEqual([tinyDimensions, tinyDimensions]);
    for (const { embedding } of document.pictures) expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    expect(document.pictures).toHaveLength(3);
    expect(await readdir(out)).toEqual(['predictions.json']);
  });

  test('writes boxes as ever', async () => {
    const { summary, document } = await predict('detection', 'data', '--confidence', '0.01');
    expect(document.annotations).toHaveLength(summary.detections);
    expect(document.images).toHaveLength(3);
  });

  test('takes the frames of a video for any task', async () => {
    const frame = (grey: number) => [Buffer.from('FRAME\n'), Buffer.alloc((64 * 48 * 3) / 2, grey)];
    const frames = [20, 90, 160, 230].flatMap(frame);
    const head = Buffer.from('YUV4MPEG2 W64 H48 F10:1 Ip A1:1 C420jpeg\n');
    await writeFile(join(folder, 'film.y4m'), Buffer.concat([head, ...frames]));
    for (const task of ['classification', 'segmentation', 'embedding']) {
      const args = ['predict', 'film.y4m', '--model', task, '--out', `film-${task}`, '--every', '2'];
      expect(await runJson(folder, ...args)).toMatchObject({ code: 0, json: { kind: 'video', pictures: 2 } });
      const { pictures } = await readJson(join(folder, `film-${task}/predictions.json`));
      expect(pictures).toMatchObject([
        { name: 'frame-000000', width: 64, height: 48, frameIndex: 0, timeSeconds: 0 },
        { name: 'frame-000002', frameIndex: 2, timeSeconds: 0.2 },
      ]);
    }
    expect(await readdir(join(folder, 'film-segmentation/labels'))).toEqual(['frame-000000.png', 'frame-000002.png']);
  });

  test.each([
    ['classification', ['--confidence', '0.5'], /"--confidence" is for detection.*takes --top-k/],
    ['detection', ['--top-k', '2'], /"--top-k" is for classification.*takes --confidence, --iou\./],
    ['embedding', ['--iou', '0.5'], /takes none such/],
  ])('of %s refuses %j', async (model, args, message) => {
    const refused = await runJson(folder, 'predict', 'data', '--model', model, '--out', 'refused', ...args);
    expect(refused).toMatchObject({ code: 1, json: { error: { code: 'invalid_option' } } });
    expect(refused.json.error.message).toMatch(message);
  });
});

describe('fovea eval', () => {
  test.each([
    ['classification', 'classes', 'accuracy'],
    ['segmentation', 'maps', 'mIoU'],
    ['embedding', 'classes', 'rank1'],
  ])('of %s says over a server what it says at home', async (model, data, figure) => {
    const args = ['eval', '--model', model, '--data', data];
    if (data === 'maps') args.push('--class-names', tinyClasses.join(','));
    const [here, there] = await Promise.all([runJson(folder, ...args), runJson(folder, ...args, '--server', url)]);
    expect(here).toMatchObject({ code: 0, json: { task: model, [figure]: expect.any(Number) } });
    expect(there.json).toEqual(near(here.json));
  });
});
