import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkBoxes } from './check-boxes.js';
import type { FormatName, ParsedDataset } from './dataset.js';
import { exportOf } from './fixtures/export-of.js';
import { byDigest } from './fixtures/rich-dataset.js';
import { decodeLabelMap, loadLabelMap } from './label-map.js';
import { detectFormat, parseDataset } from './parse-dataset.js';
import { pngOf } from './testing.js';
import { writeDataset } from './write-dataset.js';

const shared = join(
  process.env.FOVEA_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared'),
  'data',
);

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'fovea-real-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe.skipIf(!existsSync(shared))('public data sets (skipped where ../shared/data is absent)', () => {
  test('the same hundred pictures in seven tools’ forms have the same boxes', async () => {
    const gts = join(shared, 'formats/database/gts');
    const sizes = new Map<string, { width: number; height: number }>();
    for (const image of JSON.parse(await readFile(join(gts, 'coco_format_v1/instances_default.json'), 'utf8')).images) {
      sizes.set(image.file_name, image);
    }
    const read = async (folder: string) => {
      const root = join(home, folder);
      await cp(join(gts, folder), root, { recursive: true });
      // The pictures themselves are not in the data; a GIF header of the right size stands in for each.
      for (const [name, { width, height }] of sizes) await writeFile(join(root, name), blankGif(width, height));
      const { pictures, problems, format } = await parseDataset(root);
      expect(problems).toEqual([]);
      const labelled = pictures.filter((picture) => picture.labelled);
      const boxes = labelled.map(
        ({ name, annotations }) =>
          [
            posix.parse(name).name,
            annotations.map((a) => `${a.className} ${a.box.map((value) => Math.round(value)).join(' ')}`).sort(),
          ] as const,
      );
      return { format, boxes: new Map(boxes) };
    };
    const voc = (await read('pascalvoc_format')).boxes;
    expect([...voc.values()].flat()).toHaveLength(273);
    const expected: Record<string, FormatName> = {
      imagenet_format: 'voc',
      coco_format_v1: 'coco',
      coco_format_v2: 'coco',
      yolo_format: 'yolo',
      cvat_format: 'cvat',
      openimages_format: 'open-images',
      labelme_format: 'labelme',
    };
    for (const [folder, format] of Object.entries(expected)) {
      const found = await read(folder);
      expect([folder, found.format, found.boxes.size]).toEqual([folder, format, format === 'labelme' ? 12 : 100]);
      for (const [name, boxes] of found.boxes) expect([folder, name, boxes]).toEqual([folder, name, voc.get(name)]);
    }
  });

  const boxes = async (dataset: ParsedDataset, digits: number) => {
    const found: Record<string, string[]> = {};
    for (const [digest, { annotations, split }] of await byDigest(dataset)) {
      const { kept } = checkBoxes(annotations, 1e9, 1e9);
      found[digest] = [
        split ?? '',
        ...kept.map(({ className, box }) => `${className} ${box.map((side) => side.toFixed(digits)).join(' ')}`),
      ];
    }
    return found;
  };

  const FORMATS: FormatName[] = [
    'csv-corners',
    'coco',
    'yolo',
    'voc',
    'labelme',
    'cvat',
    'open-images',
    'kitti',
    'mot',
    'jsonl',
    'webdataset',
  ];

  test.each(FORMATS)('the blood cells come back from %s as they went', async (format) => {
    const source = await parseDataset(join(shared, 'bccd'));
    const folder = join(home, `bccd-${format}`);
    const report = await writeDataset(format, exportOf(source), folder, { pictures: 'link' });
    expect([report.pictures, report.annotations]).toEqual([364, 4886]);
    expect(await detectFormat(folder)).toBe(format);
    const dataset = await parseDataset(folder);
    expect(dataset.problems).toEqual([]);
    expect([...dataset.classNames].sort()).toEqual([...source.classNames].sort());
    expect(await boxes(dataset, 1)).toEqual(await boxes(source, 1));
    await rm(folder, { recursive: true });
  });

  test('cars keep their 120 pictures of background', async () => {
    const source = await parseDataset(join(shared, 'cars'));
    for (const format of ['csv-corners', 'yolo', 'cvat'] as const) {
      const folder = join(home, `cars-${format}`);
      await writeDataset(format, exportOf(source), folder, { pictures: 'link' });
      const dataset = await parseDataset(folder);
      expect(dataset.pictures.filter(({ annotations, labelled }) => labelled && annotations.length === 0)).toHaveLength(
        120,
      );
      expect(await boxes(dataset, 1)).toEqual(await boxes(source, 1));
    }
  });

  test('camvid’s label maps come back from every format that has such, with splits and names', async () => {
    const source = await parseDataset(join(shared, 'camvid/val'), undefined, { classNames: CAMVID });
    const maps = async (dataset: ParsedDataset) => {
      const found: Record<string, Buffer> = {};
      for (const [digest, { labelMap }] of await byDigest(dataset)) {
        const { path, load } = labelMap!;
        found[digest] = Buffer.from((load ? await decodeLabelMap(await load()) : await loadLabelMap(path)).data);
      }
      return found;
    };
    const before = await maps(source);
    for (const format of ['label-pngs', 'cityscapes', 'jsonl', 'webdataset'] as const) {
      const folder = join(home, `camvid-${format}`);
      await writeDataset(format, exportOf(source), folder, { pictures: 'link' });
      const dataset = await parseDataset(folder);
      expect([dataset.format, dataset.classNames]).toEqual([format, CAMVID]);
      const after = await maps(dataset);
      expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
      for (const [digest, map] of Object.entries(before)) expect(after[digest]!.equals(map)).toBe(true);
    }
  });

  test('ants and bees come back from folders, ImageNet’s and WebDataset', async () => {
    const source = await parseDataset(join(shared, 'hymenoptera'));
    const classes = async (dataset: ParsedDataset) =>
      Object.fromEntries(
        [...(await byDigest(dataset))].map(([digest, { classNames, split }]) => [
          digest,
          [split, ...(classNames ?? [])],
        ]),
      );
    for (const format of ['class-folders', 'imagenet', 'webdataset', 'cvat', 'open-images'] as const) {
      const folder = join(home, `ants-${format}`);
      await writeDataset(format, exportOf(source), folder, { pictures: 'link' });
      const dataset = await parseDataset(folder);
      expect([dataset.format, dataset.classNames, dataset.problems]).toEqual([format, ['ants', 'bees'], []]);
      expect(await classes(dataset)).toEqual(await classes(source));
    }
  });

  test('MOTChallenge’s TUD-Campus: its tracks, frame by frame', async () => {
    const root = join(home, 'TUD-Campus');
    await mkdir(join(root, 'img1'), { recursive: true });
    await mkdir(join(root, 'gt'));
    await mkdir(join(root, 'det'));
    await cp(join(shared, 'mot/TUD-Campus/gt.txt'), join(root, 'gt/gt.txt'));
    await cp(join(shared, 'mot/TUD-Campus/det.txt'), join(root, 'det/det.txt'));
    const lines = (await readFile(join(root, 'gt/gt.txt'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(',').map(Number));
    const frames = new Set(lines.map(([frame]) => frame!));
    for (const frame of frames)
      await writeFile(join(root, 'img1', `${String(frame).padStart(6, '0')}.png`), pngOf(frame, 640, 480));
    const { format, classNames, pictures, problems } = await parseDataset(root);
    expect([format, classNames, problems, pictures.length]).toEqual(['mot', ['pedestrian'], [], frames.size]);
    for (const { name, annotations } of pictures) {
      const frame = Number(basename(name, '.png'));
      const expected = lines
        .filter(([of]) => of === frame)
        .map(([, id, x, y, w, h]) => [String(id), x!, y!, x! + w!, y! + h!]);
      expect(annotations.map(({ trackId, box }) => [trackId, ...box])).toEqual(expected);
    }
    const folder = join(home, 'TUD-written');
    await writeDataset('mot', exportOf(await parseDataset(root)), folder);
    const again = await parseDataset(folder);
    // What reaches out of the picture is cut on the way, as by an import.
    const tracks = (set: ParsedDataset) =>
      set.pictures.map(({ annotations }) =>
        checkBoxes(annotations, 640, 480).kept.map(({ trackId, box }) => [trackId, ...box]),
      );
    expect(tracks(again)).toEqual(tracks(await parseDataset(root)));
    expect(await readdir(join(folder, 'train'))).toHaveLength(1);
  });

  test('COCO’s own objects of val2014 keep outlines and crowds pixel by pixel', async () => {
    const file = (await readdir(join(shared, 'coco-eval'))).find(
      (name) => /gt|instances/i.test(name) && name.endsWith('.json'),
    )!;
    const truth = JSON.parse(await readFile(join(shared, 'coco-eval', file), 'utf8'));
    const root = join(home, 'coco-eval');
    await mkdir(root);
    for (const [seed, { file_name, width, height }] of truth.images.entries()) {
      await writeFile(
        join(root, file_name),
        Buffer.concat([blankGif(width, height), Buffer.from([seed & 255, seed >> 8])]),
      );
    }
    await writeFile(join(root, 'instances.json'), JSON.stringify(truth));
    const source = await parseDataset(root, 'coco');
    const objects = source.pictures.flatMap(({ annotations }) => annotations);
    expect(objects.length).toBeGreaterThan(500);
    expect(objects.filter(({ polygons }) => polygons).length).toBeGreaterThan(500);
    const folder = join(home, 'coco-eval-written');
    const dataset = {
      classNames: source.classNames,
      pictures: (async function* () {
        for (const { name, path, annotations, split } of source.pictures) {
          const { width, height } = truth.images.find((image: { file_name: string }) => image.file_name === name);
          const facts = {
            name,
            path,
            sha256: name,
            format: 'jpeg',
            width,
            height,
            labelled: true,
            boxed: true,
            annotations,
          };
          yield { ...facts, ...(split && { split }), load: () => readFile(path) };
        }
      })(),
    };
    await writeDataset('coco', dataset, folder, { pictures: 'copy' });
    const again = await parseDataset(folder);
    const shapes = (set: ParsedDataset) =>
      set.pictures.map(({ annotations }) =>
        annotations.map(({ className, polygons, mask, isCrowd, box }) => ({
          className,
          polygons,
          mask,
          isCrowd,
          box: box.map((side) => side.toFixed(6)),
        })),
      );
    expect(shapes(again)).toEqual(shapes(source));
  });
});

const CAMVID = [
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
  'void',
];

/** The header and one empty frame of a GIF: enough for a size to be read. */
function blankGif(width: number, height: number): Uint8Array {
  const gif = Buffer.from('GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\0\0\0\0\0\x02\x02D\x01\0;', 'latin1');
  gif.writeUInt16LE(width, 6);
  gif.writeUInt16LE(height, 8);
  gif.writeUInt16LE(width, 24);
  gif.writeUInt16LE(height, 26);
  return gif;
}
