import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import type { Xyxy } from '@fovea/annotations';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FormatName, ParsedDataset } from './dataset.js';
import { SAMPLES } from './fixtures/format-samples.js';
import { openTestFolders, type TestFolders } from './fixtures/test-folders.js';
import { detectFormat, parseDataset } from './parse-dataset.js';

interface Truth {
  readonly name: string;
  readonly boxes: readonly { readonly className: string; readonly box: Xyxy }[];
}

/** One mistake in an otherwise good data set; `b.png` holds it, `a.png` is fine. */
type Mistake =
  | 'no area'
  | 'not a number'
  | 'unknown class'
  | 'duplicate'
  | 'missing picture'
  | 'path outside'
  | 'empty'
  | 'broken';

interface FormatCase {
  readonly format: FormatName;
  /** Writes the label files of a data set whose pictures lie under `root` already. */
  write(truth: readonly Truth[]): Record<string, string>;
  /** Label files with the mistake, the code expected and where; null where the format knows no such mistake. */
  readonly mistakes: Record<
    Mistake,
    { files: Record<string, string>; code: string; file: string; line?: number } | null
  >;
}

const WIDTH = 200;
const HEIGHT = 100;
const CLASSES = ['bolt', 'nut'];
const GOOD: Truth = { name: 'images/a.png', boxes: [{ className: 'nut', box: [10, 20, 30, 60] }] };

const csvRow = (name: string, rest: string) => `${name},${rest}\n`;
const csv = (...rows: string[]) => ({
  'boxes.csv': `image,xmin,ymin,xmax,ymax,label\n${csvRow('a.png', '10,20,30,60,nut')}${rows.join('')}`,
});
const csvMistake = (code: string, row: string, line = 3) => ({ files: csv(row), code, file: 'boxes.csv', line });

const csvCase: FormatCase = {
  format: 'csv-corners',
  write: (truth) => ({
    'boxes.csv': `image,xmin,ymin,xmax,ymax,label\n${truth
      .flatMap(({ name, boxes }) => boxes.map(({ box, className }) => csvRow(name, [...box, className].join())))
      .join('')}`,
  }),
  mistakes: {
    'no area': csvMistake('box_no_area', 'b.png,5,5,5,9,nut\n'),
    'not a number': csvMistake('bad_number', 'b.png,5,five,9,9,nut\n'),
    'unknown class': csvMistake('unknown_class', 'b.png,5,5,9,9,\n'),
    duplicate: csvMistake('duplicate', 'a.png,10,20,30,60,nut\n'),
    'missing picture': csvMistake('missing_picture', 'gone.png,5,5,9,9,nut\n'),
    'path outside': csvMistake('path_outside', '../../secret.png,5,5,9,9,nut\n'),
    empty: { files: { ...csv(), 'more.csv': '' }, code: 'empty_file', file: 'more.csv' },
    broken: {
      files: { ...csv(), 'more.csv': 'image,xmin,ymin,ymax,label\nb.png,1,2,3,nut\n' },
      code: 'missing_column',
      file: 'more.csv',
      line: 1,
    },
  },
};

const cocoJson = (truth: readonly Truth[], extra: { images?: object[]; annotations?: object[] } = {}) =>
  JSON.stringify({
    images: [
      ...truth.map(({ name }, id) => ({ id, file_name: name, width: WIDTH, height: HEIGHT })),
      ...(extra.images ?? []),
    ],
    annotations: [
      ...truth.flatMap(({ boxes }, image_id) =>
        boxes.map(({ box, className }, index) => ({
          id: image_id * 1000 + index,
          image_id,
          category_id: CLASSES.indexOf(className) + 1,
          bbox: [box[0], box[1], box[2] - box[0], box[3] - box[1]],
          iscrowd: 0,
        })),
      ),
      ...(extra.annotations ?? []),
    ],
    categories: CLASSES.map((name, index) => ({ id: index + 1, name })),
  });
const cocoMistake = (code: string, annotation: object, images: object[] = []) => ({
  files: {
    'labels.json': cocoJson([GOOD, { name: 'images/b.png', boxes: [] }], {
      images,
      annotations: [{ id: 77, image_id: 1, category_id: 1, bbox: [1, 1, 5, 5], ...annotation }],
    }),
  },
  code,
  file: 'labels.json',
});
const outside = (file_name: string) => [{ id: 9, file_name, width: 1, height: 1 }];

const cocoCase: FormatCase = {
  format: 'coco',
  write: (truth) => ({ 'labels.json': cocoJson(truth) }),
  mistakes: {
    'no area': cocoMistake('box_no_area', { bbox: [5, 5, 0, 4] }),
    'not a number': cocoMistake('bad_number', { bbox: [5, '5', 3, 4] }),
    'unknown class': cocoMistake('unknown_class', { category_id: 12 }),
    duplicate: cocoMistake('duplicate', { image_id: 0, category_id: 2, bbox: [10, 20, 20, 40] }),
    'missing picture': cocoMistake('missing_picture', { image_id: 9 }, outside('gone.png')),
    'path outside': cocoMistake('path_outside', { image_id: 9 }, outside('../../secret.png')),
    empty: { files: { 'labels.json': cocoJson([GOOD]), 'more.json': '' }, code: 'empty_file', file: 'more.json' },
    broken: {
      files: { 'labels.json': cocoJson([GOOD]), 'more.json': '{"images": [\n {"id": 1,\n' },
      code: 'broken_file',
      file: 'more.json',
    },
  },
};

const yoloLine = ([xmin, ymin, xmax, ymax]: Xyxy, className: string) =>
  [
    CLASSES.indexOf(className),
    (xmin + xmax) / 2 / WIDTH,
    (ymin + ymax) / 2 / HEIGHT,
    (xmax - xmin) / WIDTH,
    (ymax - ymin) / HEIGHT,
  ].join(' ');
const yoloFiles = (truth: readonly Truth[]) => ({
  'data.yaml': `train: images\nnames:\n  0: bolt # long\n  1: "nut"\nnc: 2\n`,
  ...Object.fromEntries(
    truth.map(({ name, boxes }) => [
      name.replace('images/', 'labels/').replace('.png', '.txt'),
      boxes.map(({ box, className }) => `${yoloLine(box, className)}\n`).join(''),
    ]),
  ),
});
const yoloMistake = (code: string, text: string, file = 'labels/b.txt', line: number | undefined = 2) => ({
  files: { ...yoloFiles([GOOD]), [file]: text },
  code,
  file,
  ...(line && { line }),
});

const yoloCase: FormatCase = {
  format: 'yolo',
  write: yoloFiles,
  mistakes: {
    'no area': yoloMistake('box_no_area', '\n0 0.5 0.5 0 0.1\n'),
    'not a number': yoloMistake('bad_number', '\n0 0.5 x 0.1 0.1\n'),
    'unknown class': yoloMistake('unknown_class', '\n2 0.5 0.5 0.1 0.1\n'),
    duplicate: yoloMistake('duplicate', '0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1 0.1\n'),
    'missing picture': { ...yoloMistake('missing_picture', '0 0.5 0.5 0.1 0.1\n', 'labels/gone.txt'), line: undefined },
    'path outside': null, // Label files are paired by name and mention no path.
    empty: null, // An empty label file is how YOLO says background.
    broken: yoloMistake('wrong_column_count', '\nnut top left\n'),
  },
};

const vocObject = ([xmin, ymin, xmax, ymax]: readonly unknown[], name: string) =>
  `  <object>\n    <name>${name}</name>\n    <bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox>\n  </object>\n`;
const vocXml = (filename: string, ...objects: string[]) =>
  `<annotation>\n  <folder>x</folder>\n  <filename>${filename}</filename>\n${objects.join('')}</annotation>\n`;
const vocFiles = (truth: readonly Truth[]) =>
  Object.fromEntries(
    truth.map(({ name, boxes }) => {
      const base = name.replace('images/', '');
      return [
        `Annotations/${base.replace('.png', '.xml')}`,
        vocXml(base, ...boxes.map((b) => vocObject(b.box, b.className))),
      ];
    }),
  );
const vocMistake = (code: string, text: string, line: number | undefined = 4, file = 'Annotations/b.xml') => ({
  files: { ...vocFiles([GOOD]), [file]: text },
  code,
  file,
  ...(line && { line }),
});

const vocCase: FormatCase = {
  format: 'voc',
  write: vocFiles,
  mistakes: {
    'no area': vocMistake('box_no_area', vocXml('b.png', vocObject([5, 5, 5, 9], 'nut'))),
    'not a number': vocMistake('bad_number', vocXml('b.png', vocObject([5, 'five', 9, 9], 'nut'))),
    'unknown class': vocMistake('unknown_class', vocXml('b.png', vocObject([5, 5, 9, 9], ''))),
    duplicate: vocMistake(
      'duplicate',
      vocXml('b.png', vocObject([5, 5, 9, 9], 'nut'), vocObject([5, 5, 9, 9], 'nut')),
      8,
    ),
    'missing picture': vocMistake('missing_picture', vocXml('gone.png'), 3, 'Annotations/gone.xml'),
    'path outside': vocMistake('path_outside', vocXml('../../secret.png'), 3),
    empty: { ...vocMistake('empty_file', ''), line: undefined },
    broken: vocMistake('broken_file', '<annotation>\n <filename>b.png</filename>\n <object>\n</annotation>\n', 4),
  },
};

const CASES = [csvCase, cocoCase, yoloCase, vocCase];
let folders: TestFolders;
beforeAll(async () => {
  folders = await openTestFolders();
});
afterAll(() => folders.remove());
const writeFolder: TestFolders['write'] = (files) => folders.write(files);

const PNG = tinyPng(WIDTH, HEIGHT);
const withPictures = (names: readonly string[], labels: Record<string, string | Uint8Array>) =>
  writeFolder({ ...Object.fromEntries(names.map((name) => [name, PNG])), ...labels });

/** What a data set says, without where it was said. */
function content(dataset: ParsedDataset): Truth[] {
  return dataset.pictures.map(({ name, annotations }) => ({
    name,
    boxes: annotations.map(({ className, box }) => ({
      className,
      box: box.map((v) => Math.round(v * 1e6) / 1e6) as unknown as Xyxy,
    })),
  }));
}

describe.each(CASES)('$format', ({ format, write, mistakes }) => {
  test('is told from its files, and reads what was written; a picture without labels is background', async () => {
    const truth: Truth[] = [
      GOOD,
      { name: 'images/b.png', boxes: [] },
      {
        name: 'images/deep/c.png',
        boxes: [
          { className: 'bolt', box: [0, 0, 200, 100] },
          { className: 'nut', box: [1.5, 2.25, 60.5, 70] },
        ],
      },
    ];
    const root = await withPictures([...truth.map(({ name }) => name), 'images/d.png'], write(truth));
    expect(await detectFormat(root)).toBe(format);
    const dataset = await parseDataset(root);
    expect(dataset.problems).toEqual([]);
    expect(dataset.format).toBe(format);
    expect(dataset.classNames).toEqual(CLASSES);
    expect(content(dataset)).toEqual([truth[0], truth[1], { name: 'images/d.png', boxes: [] }, truth[2]]);
    expect(dataset.pictures.every(({ labelled }) => labelled)).toBe(true);
    expect(dataset.pictures[0]!.path).toBe(join(root, 'images/a.png'));
    expect(await parseDataset(root, format)).toEqual(dataset);
  });

  test('any boxes come back as written', async () => {
    const side = (max: number) => fc.tuple(fc.nat(max), fc.nat(max)).filter(([a, b]) => a !== b);
    const box = fc
      .tuple(side(WIDTH), side(HEIGHT))
      .map(([x, y]): Xyxy => [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)]);
    const boxes = fc.uniqueArray(fc.record({ className: fc.constantFrom(...CLASSES), box }), {
      maxLength: 6,
      selector: (b) => JSON.stringify(b),
    });
    await fc.assert(
      fc.asyncProperty(fc.tuple(boxes, boxes), async ([a, b]) => {
        const truth = [
          { name: 'images/a.png', boxes: a },
          { name: 'images/b.png', boxes: b },
        ];
        const dataset = await parseDataset(await withPictures(['images/a.png', 'images/b.png'], write(truth)), format);
        expect(dataset.problems.filter(({ code }) => code !== 'no_class_names')).toEqual([]);
        expect(content(dataset)).toEqual(truth);
      }),
      { numRuns: 15 },
    );
  });

  const entries = Object.entries(mistakes).filter(([, mistake]) => mistake !== null);
  test.each(entries)('%s: skipped and reported where it stands; the rest is read', async (_, mistake) => {
    const { files, code, file, line } = mistake!;
    const dataset = await parseDataset(await withPictures(['images/a.png', 'images/b.png'], files), format);
    const problem = dataset.problems.find((p) => p.code === code);
    expect(dataset.problems).toHaveLength(1);
    expect(problem).toMatchObject({ file, ...(line !== undefined && { line }) });
    expect(problem!.reason).toMatch(/^[A-Z"].*\.$/);
    expect(content(dataset)[0]).toEqual(GOOD);
  });

  test('a link that leads out of the folder is not followed', async () => {
    const root = await withPictures(['images/a.png'], write([GOOD]));
    await writeFile(join(root, '..', 'secret.png'), PNG);
    await symlink('../../secret.png', join(root, 'images/link.png'));
    await symlink('/', join(root, 'images/everything'));
    const dataset = await parseDataset(root);
    expect(dataset.pictures.map(({ name }) => name)).toEqual(['images/a.png']);
    expect(dataset.problems.map(({ code, file }) => `${code} ${file}`).sort()).toEqual([
      'path_outside images/everything',
      'path_outside images/link.png',
    ]);
  });
});

describe.each(SAMPLES)('$format of another tool: $title', (sample) => {
  test('is told from its files, says what it says, and each thing skipped is told where it stands', async () => {
    const root = await withPictures(sample.pictures, sample.files);
    const dataset = await parseDataset(root);
    expect(dataset.format).toBe(sample.format);
    expect(
      dataset.problems.map(({ code, file, line }) => (line === undefined ? [code, file] : [code, file, line])),
    ).toEqual(sample.problems ?? []);
    for (const { reason } of dataset.problems) expect(reason).toMatch(/^[^a-z].*\.$/s);
    for (const { name, annotations, classNames, labelled } of dataset.pictures) {
      const objects = sample.objects?.[name] ?? [];
      expect([name, annotations.length]).toEqual([name, objects.length]);
      expect(rounded(annotations)).toMatchObject(rounded(objects));
      expect([name, classNames ?? []]).toEqual([name, sample.classes?.[name] ?? []]);
      expect([name, labelled]).toEqual([name, !(sample.unlabelled ?? []).includes(name)]);
    }
    if (sample.classNames) expect(dataset.classNames.slice(0, sample.classNames.length)).toEqual(sample.classNames);
  });
});

test.each([
  ['yolo-obb', 'four corners', '0 0.1 0.1 0.3 0.1 0.3 0.4 0.1 0.4\n', ['yolo-segment', 'yolo-obb']],
  [
    'yolo-pose',
    'two key points or five corners',
    '0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.3 0.3 1\n',
    ['yolo-segment', 'yolo-pose'],
  ],
] as const)('%s: %s, which nothing settles, are asked about', async (format, _, text, candidates) => {
  const root = await withPictures(['a.png'], { 'a.txt': text, 'classes.txt': 'nut\n' });
  await expect(parseDataset(root)).rejects.toMatchObject({
    code: 'ambiguous_format',
    details: { candidates },
    message: expect.stringContaining(`--format ${format}`),
  });
  for (const each of candidates) {
    const dataset = await parseDataset(root, each);
    expect([dataset.format, dataset.problems, dataset.pictures[0]!.annotations.length]).toEqual([each, [], 1]);
  }
});

function rounded(objects: readonly object[]): object[] {
  return JSON.parse(
    JSON.stringify(objects, (_, value) => (typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value)),
  );
}

/** An all-black grey PNG. */
function tinyPng(width: number, height: number): Uint8Array {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const pixels = deflateSync(Buffer.alloc((width + 1) * height));
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}
