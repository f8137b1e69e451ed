import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Xyxy } from '@fovea/annotations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkBoxes } from './check-boxes.js';
import { detectFormat, parseDataset } from './parse-dataset.js';
import { parseYoloNames } from './yolo-names.js';

const shared = join(
  process.env.FOVEA_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared'),
  'data',
);
const hasShared = existsSync(shared);

let home: string;
let counter = 0;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'fovea-parse-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function writeFolder(files: Record<string, string>): Promise<string> {
  const root = join(home, `set-${counter++}`);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error) => error.code,
  );

describe('folders', () => {
  const csv = 'image,xmin,ymin,xmax,ymax,label\na.png,1,2,3,4,nut\n';

  test('what stops at once says so by code', async () => {
    const plain = await writeFolder({ 'a.png': 'x' });
    expect(await codeOf(parseDataset(join(home, 'nowhere')))).toBe('missing_path');
    expect(await codeOf(parseDataset(await writeFolder({ 'notes.txt': 'hello' })))).toBe('no_pictures');
    expect(await codeOf(parseDataset(plain, 'voc'))).toBe('no_labels');
    await expect(parseDataset(plain, 'darknet' as never)).rejects.toThrow(
      /csv-corners, coco, yolo, yolo-segment, .*, class-folders, .*, images/,
    );
  });

  test('two formats in one folder are ambiguous, and the error names both', async () => {
    const root = await writeFolder({
      'a.png': 'x',
      'boxes.csv': csv,
      'a.txt': '0 .5 .5 .1 .1\n',
      'classes.txt': 'nut\n',
    });
    await expect(detectFormat(root)).rejects.toMatchObject({
      code: 'ambiguous_format',
      details: { candidates: ['csv-corners', 'yolo'] },
    });
    expect((await parseDataset(root, 'csv-corners')).pictures[0]!.annotations).toHaveLength(1);
  });

  test('pictures without labels are unlabelled, and files that look like labels are mentioned', async () => {
    const root = await writeFolder({
      'a.png': 'x',
      '.hidden/b.png': 'x',
      'prices.csv': 'item,price\nnut,1\n',
      'e.csv': '',
    });
    const dataset = await parseDataset(root);
    expect(dataset.format).toBe('images');
    expect(dataset.pictures.map(({ name, labelled }) => [name, labelled])).toEqual([['a.png', false]]);
    expect(dataset.problems.map(({ file, code }) => `${file} ${code}`)).toEqual([
      'e.csv empty_file',
      'prices.csv ignored_file',
    ]);
  });

  test('a path to one label file or one picture reads just that', async () => {
    const root = await writeFolder({
      'a.png': 'x',
      'b.png': 'x',
      'boxes.csv': csv,
      'old.csv': csv.replace('nut', 'bolt'),
    });
    expect((await parseDataset(join(root, 'boxes.csv'))).classNames).toEqual(['nut']);
    expect((await parseDataset(join(root, 'b.png'))).pictures.map(({ name }) => name)).toEqual(['b.png']);
  });

  test('folder names and ImageSets give the split', async () => {
    const byFolder = await parseDataset(await writeFolder({ 'train/a.png': 'x', 'Valid/b.png': 'x', 'c.png': 'x' }));
    expect(byFolder.pictures.map(({ name, split }) => [name, split])).toEqual([
      ['Valid/b.png', 'val'],
      ['c.png', undefined],
      ['train/a.png', 'train'],
    ]);
  });
});

describe('csv-corners', () => {
  test('a missing column names what was found and what is expected, and its pictures do not become background', async () => {
    const root = await writeFolder({ 'a.png': 'x', 'boxes.csv': 'image,xmin,ymin,ymax,label\na.png,1,2,4,nut\n' });
    const { pictures, problems } = await parseDataset(root);
    expect(problems).toEqual([
      {
        file: 'boxes.csv',
        line: 1,
        code: 'missing_column',
        reason:
          'The column xmax is missing: found image,xmin,ymin,ymax,label, expected image,xmin,ymin,xmax,ymax,label. ' +
          'The file was not read.',
      },
    ]);
    expect(pictures[0]!.labelled).toBe(false);
  });

  test('other names, order and delimiters of columns, quotes, a byte-order mark, CRLF, and a background row', async () => {
    const root = await writeFolder({
      'img/a.png': 'x',
      'img/b.png': 'x',
      'l.csv':
        '\ufefffilename;width;height;class;xmin;ymin;xmax;ymax\r\n"img\\a.png";9;9;"hex; nut";1;2;3;4\r\nb.png;9;9;;;;;\r\n',
    });
    const { pictures, problems } = await parseDataset(root);
    expect(problems).toEqual([]);
    expect(pictures[0]!.annotations).toEqual([
      { className: 'hex; nut', box: [1, 2, 3, 4], source: { file: 'l.csv', line: 2 } },
    ]);
    expect(pictures[1]).toMatchObject({ name: 'img/b.png', annotations: [], labelled: true });
  });

  test('a picture whose every row is bad is unlabelled, not background; one named without folder may be ambiguous', async () => {
    const rows = ['a.png,1,2,x,4,nut', 'a.png,1,2', 'c.png,1,2,3,4,nut'];
    const root = await writeFolder({
      'a.png': 'x',
      'p/c.png': 'x',
      'q/c.png': 'x',
      'l.csv': `image,xmin,ymin,xmax,ymax,label\n${rows.join('\n')}\n`,
    });
    const { pictures, problems } = await parseDataset(root);
    expect(problems.map(({ code, line }) => [code, line])).toEqual([
      ['bad_number', 2],
      ['wrong_column_count', 3],
      ['ambiguous_picture', 4],
    ]);
    expect(pictures[0]!.labelled).toBe(false);
  });
});

describe('coco', () => {
  test('crowds, boxes of polygons, unknown images', async () => {
    const json = {
      images: [{ id: 7, file_name: 'val2017/a.png' }],
      categories: [{ id: 3, name: 'nut' }],
      annotations: [
        { id: 1, image_id: 7, category_id: 3, bbox: [1, 2, 3, 4], iscrowd: 1 },
        { id: 2, image_id: 7, category_id: 3, segmentation: [[5, 6, 9, 6, 7, 20]] },
        { id: 3, image_id: 7, category_id: 3 },
        { id: 4, image_id: 8, category_id: 3, bbox: [1, 2, 3, 4] },
      ],
    };
    const { pictures, problems } = await parseDataset(
      await writeFolder({ 'a.png': 'x', 'instances_val2017.json': JSON.stringify(json) }),
    );
    expect(pictures[0]!.annotations).toMatchObject([{ box: [1, 2, 4, 6], isCrowd: true }, { box: [5, 6, 9, 20] }]);
    expect(pictures[0]!.split).toBe('val');
    expect(problems.map(({ code }) => code)).toEqual(['no_box', 'unknown_picture']);
  });
});

describe('voc', () => {
  test('a file that declares entities is not read', async () => {
    const xml = '<!DOCTYPE a [<!ENTITY b "c">]>\n<annotation><filename>a.png</filename></annotation>';
    const { pictures, problems } = await parseDataset(await writeFolder({ 'a.png': 'x', 'a.xml': xml }), 'voc');
    expect(problems).toMatchObject([{ file: 'a.xml', code: 'broken_file' }]);
    expect(pictures[0]!.labelled).toBe(false);
  });
});

test('class names of YOLO data files, in the ways people write them', () => {
  expect(parseYoloNames('nc: 2\nnames: [ant, "bee, big"] # two\n')).toEqual(['ant', 'bee, big']);
  expect(parseYoloNames("names: ['ant',\n  'bee']\n")).toEqual(['ant', 'bee']);
  expect(parseYoloNames('names:\n- ant\n- bee\nnc: 2')).toEqual(['ant', 'bee']);
  expect(parseYoloNames('names:\n  1: bee\n  0: ant\n')).toEqual(['ant', 'bee']);
  expect(parseYoloNames('names: {0: ant, 1: bee}')).toEqual(['ant', 'bee']);
  expect(parseYoloNames('path: x\n')).toBeUndefined();
});

test('boxes are clipped to their picture, those outside dropped, and both are reported where they were read', () => {
  const source = { file: 'boxes.csv', line: 4 };
  const box = (...corners: Xyxy) => ({ className: 'nut', box: corners, source });
  const { kept, problems } = checkBoxes(
    [box(0, 0, 100, 50), box(-10, 5, 20, 60), box(200, 5, 220, 60), box(90, 40, 100.3, 50)],
    100,
    50,
  );
  expect(kept.map((annotation) => annotation.box)).toEqual([
    [0, 0, 100, 50],
    [0, 5, 20, 50],
    [90, 40, 100, 50],
  ]);
  expect(kept[0]).not.toHaveProperty('source');
  expect(problems).toMatchObject([
    { ...source, code: 'box_clipped' },
    { ...source, code: 'box_outside' },
  ]);
});

describe.skipIf(!hasShared)('real data sets (skipped where ../shared/data is absent)', () => {
  test('cars: 400 pictures, 120 of them background, 440 boxes', async () => {
    const { format, classNames, pictures, problems } = await parseDataset(join(shared, 'cars'));
    expect([format, classNames, pictures.length, problems]).toEqual(['csv-corners', ['car'], 400, []]);
    expect(pictures.filter(({ annotations }) => annotations.length === 0)).toHaveLength(120);
    expect(pictures.flatMap(({ annotations }) => annotations)).toHaveLength(440);
  });

  test('bccd: 364 pictures; of 4888 boxes the two without area are reported', async () => {
    const { format, classNames, pictures, problems } = await parseDataset(join(shared, 'bccd'));
    expect([format, classNames, pictures.length]).toEqual(['voc', ['Platelets', 'RBC', 'WBC'], 364]);
    expect(pictures.flatMap(({ annotations }) => annotations)).toHaveLength(4886);
    expect(problems.map(({ code }) => code)).toEqual(['box_no_area', 'box_no_area']);
    expect(pictures.every(({ split }) => split)).toBe(true);
  });

  test('hymenoptera: 398 pictures of ants or bees, in the splits of their folders', async () => {
    const { format, classNames, pictures, problems } = await parseDataset(join(shared, 'hymenoptera'));
    expect([format, classNames, pictures.length, problems]).toEqual(['class-folders', ['ants', 'bees'], 398, []]);
    const counts = new Map<string, number>();
    for (const { split, classNames } of pictures) {
      counts.set(`${split} ${classNames}`, (counts.get(`${split} ${classNames}`) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({
      'train ants': 124,
      'train bees': 121,
      'val ants': 70,
      'val bees': 83,
    });
  });

  test('camvid: 701 label maps; with eleven names its twelfth value is unlabelled', async () => {
    const named = [
      'sky',
      'building',
      'pole',
      'road',
      'pavement',
      'tree',
      'sign',
      'fence',
      'car',
      'person',
      'bicyclist',
    ];
    const { format, classNames, pictures, problems } = await parseDataset(join(shared, 'camvid'), undefined, {
      classNames: named,
    });
    expect([format, classNames]).toEqual(['label-pngs', named]);
    expect(pictures.map(({ split }) => split).filter((split) => split === 'test')).toHaveLength(233);
    expect(
      pictures.every(
        ({ labelMap, labelled, width, height }) => labelMap && labelled && width === 480 && height === 360,
      ),
    ).toBe(true);
    expect(problems).toMatchObject([
      { code: 'unknown_class', reason: expect.stringContaining('4344649 pixels in 700') },
    ]);
  });
});
