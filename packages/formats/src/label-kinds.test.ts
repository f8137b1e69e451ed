import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestFolders, type TestFolders } from './fixtures/test-folders.js';
import { loadLabelMap } from './label-map.js';
import { detectFormat, parseDataset } from './parse-dataset.js';
import { labelPng, pngOf, rawPng } from './testing.js';

let folders: TestFolders;
beforeAll(async () => {
  folders = await openTestFolders();
});
afterAll(() => folders.remove());
const writeFolder: TestFolders['write'] = (files) => folders.write(files);

/** Pictures that differ from one another, by name. */
const pictures = (...names: string[]) => Object.fromEntries(names.map((name, index) => [name, pngOf(index)]));
const told = (problems: readonly { file: string; code: string }[]) =>
  problems.map(({ file, code }) => `${code} ${file}`);

describe('class-folders', () => {
  const classesOf = async (...parse: Parameters<typeof parseDataset>) => {
    const dataset = await parseDataset(...parse);
    const of = dataset.pictures.map(({ name, split, classNames }) => [name, split ?? null, ...(classNames ?? [])]);
    return { ...dataset, of };
  };

  test('with splits and without, are told from the folders; classes are in the order of their names', async () => {
    const root = await writeFolder(pictures('train/bee/1.png', 'train/ant/2.png', 'val/ant/3.png', 'Test/bee/4.png'));
    expect(await detectFormat(root)).toBe('class-folders');
    const { classNames, of, problems, pictures: found } = await classesOf(root);
    expect([classNames, problems]).toEqual([['ant', 'bee'], []]);
    expect(of).toEqual([
      ['Test/bee/4.png', 'test', 'bee'],
      ['train/ant/2.png', 'train', 'ant'],
      ['train/bee/1.png', 'train', 'bee'],
      ['val/ant/3.png', 'val', 'ant'],
    ]);
    expect(found.every(({ labelled, annotations }) => labelled && annotations.length === 0)).toBe(true);
    expect((await classesOf(join(root, 'train'))).of).toEqual([
      ['ant/2.png', null, 'ant'],
      ['bee/1.png', null, 'bee'],
    ]);
    expect(await parseDataset(root, 'class-folders')).toEqual(await parseDataset(root));
  });

  test('may lie in a folder of their own, be identities, and have folders below', async () => {
    const wrapped = await writeFolder(pictures('set/v1/train/0002/a.png', 'set/v1/query/0007/cam 1/b.png'));
    const { format, classNames, of } = await classesOf(wrapped);
    expect([format, classNames]).toEqual(['class-folders', ['0002', '0007']]);
    expect(of).toEqual([
      ['set/v1/query/0007/cam 1/b.png', 'test', '0007'],
      ['set/v1/train/0002/a.png', 'train', '0002'],
    ]);
  });

  test('a class may be named like a split', async () => {
    const root = await writeFolder(pictures('bus/a.png', 'train/b.png', 'train/c.png'));
    expect((await classesOf(root, 'class-folders')).of).toEqual([
      ['bus/a.png', null, 'bus'],
      ['train/b.png', null, 'train'],
      ['train/c.png', null, 'train'],
    ]);
    const nested = await writeFolder(pictures('train/train/a.png', 'train/bus/b.png', 'val/train/c.png'));
    expect((await classesOf(nested, 'class-folders')).of).toEqual([
      ['train/bus/b.png', 'train', 'bus'],
      ['train/train/a.png', 'train', 'train'],
      ['val/train/c.png', 'val', 'train'],
    ]);
  });

  test('folders named for their kind of file, one folder, loose and deep pictures are no classes', async () => {
    for (const names of [
      ['images/a.png', 'photos/b.png'],
      ['train/images/a.png', 'val/images/b.png'],
      ['train/a.png', 'val/b.png'],
      ['cats/a.png', 'cats/b.png'],
      ['cats/a.png', 'dogs/b.png', 'c.png'],
      ['2024/05/a.png', '2025/b.png'],
    ]) {
      expect([names, await detectFormat(await writeFolder(pictures(...names)))]).toEqual([names, 'images']);
    }
  });

  test('label files beside folders win, unless the folders lie in splits too: then it is asked', async () => {
    const csv = 'image,xmin,ymin,xmax,ymax,label\nleft cam/a.png,1,2,3,4,nut\n';
    const cameras = await writeFolder({ ...pictures('left cam/a.png', 'right cam/b.png'), 'boxes.csv': csv });
    expect(await detectFormat(cameras)).toBe('csv-corners');
    const both = await writeFolder({ ...pictures('train/ant/a.png', 'train/bee/b.png'), 'boxes.csv': csv });
    await expect(parseDataset(both)).rejects.toMatchObject({
      code: 'ambiguous_format',
      details: { candidates: ['csv-corners', 'class-folders'] },
    });
    expect((await classesOf(both, 'class-folders')).of[0]).toEqual(['train/ant/a.png', 'train', 'ant']);
  });

  test('names with odd characters are kept, composed, and cleaned of what breaks lines', async () => {
    const decomposed = 'Ame\u0301lie';
    const names = [
      '#1 "best" & co.',
      'ümlaut 蟻 🐜',
      'a\nb\u001b[31m',
      decomposed,
      'Amélie',
      'constructor',
      '__proto__',
    ];
    const root = await writeFolder(pictures(...names.map((name, index) => `train/${name}/${index}.png`)));
    const { classNames, problems, of } = await classesOf(root);
    const expected = ['#1 "best" & co.', 'Amélie', '__proto__', 'a b [31m', 'constructor', 'ümlaut 蟻 🐜'];
    expect(classNames).toEqual(expected.sort());
    expect(told(problems)).toEqual(['class_renamed train/a\nb\u001b[31m']);
    expect(of.filter(([, , name]) => name === 'Amélie')).toHaveLength(2);
    const blank = await classesOf(await writeFolder(pictures('train/ant/a.png', 'train/ /b.png')), 'class-folders');
    expect(blank.classNames).toEqual(['ant']);
    expect(blank.pictures.map(({ labelled }) => labelled)).toEqual([false, true]);
  });

  test('a class without pictures stays a class, and is told; a picture in no class stays unlabelled', async () => {
    const root = await writeFolder({
      ...pictures('train/ant/a.png', 'train/bee/b.png', 'train/c.png'),
      'val/ant/x': '',
    });
    await mkdir(join(root, 'train/wasp'));
    const { classNames, problems, pictures: found } = await classesOf(root);
    expect(classNames).toEqual(['ant', 'bee', 'wasp']);
    expect(told(problems)).toEqual(['empty_class train/wasp', 'empty_class val/ant', 'no_class train/c.png']);
    expect(found.find(({ name }) => name === 'train/c.png')).toMatchObject({ labelled: false });
  });

  test('a picture in the folders of two classes is of both, and is told once', async () => {
    const twin = pngOf(77);
    const root = await writeFolder({
      ...pictures('train/ant/a.png', 'train/bee/b.png'),
      'train/bee/twin.png': twin,
      'train/ant/twin too.png': twin,
      'train/ant/twin three.png': twin,
    });
    const { of, problems } = await classesOf(root);
    expect(of.filter(([name]) => String(name).includes('twin'))).toEqual([
      ['train/ant/twin three.png', 'train', 'ant', 'bee'],
      ['train/ant/twin too.png', 'train', 'ant', 'bee'],
      ['train/bee/twin.png', 'train', 'ant', 'bee'],
    ]);
    expect(told(problems)).toEqual(['several_classes train/ant/twin too.png', 'several_classes train/bee/twin.png']);
    expect(problems[0]!.reason).toBe('The same picture is train/ant/twin three.png: it is of the classes ant and bee.');
  });

  test('links out of the folder and to folders are not followed', async () => {
    const root = await writeFolder(pictures('train/ant/a.png', 'train/bee/b.png'));
    await writeFile(join(root, '..', 'secret.png'), pngOf(1));
    await symlink('../../../secret.png', join(root, 'train/ant/link.png'));
    await symlink('ant', join(root, 'train/emmet'));
    const { classNames, problems, pictures: found } = await classesOf(root);
    expect([classNames, found.length]).toEqual([['ant', 'bee'], 2]);
    expect(told(problems).sort()).toEqual(['link_skipped train/emmet', 'path_outside train/ant/link.png']);
  });

  test('asked for where there are none, say what is expected', async () => {
    for (const names of [['a.png'], ['train/a.png', 'val/b.png']]) {
      const failure = await parseDataset(await writeFolder(pictures(...names)), 'class-folders').catch(
        (error) => error,
      );
      expect(failure).toMatchObject({ code: 'no_labels' });
      expect(failure.message).toContain('<split>/<class>/<picture>');
    }
  });

  test('take no class names', async () => {
    const root = await writeFolder(pictures('train/ant/a.png', 'train/bee/b.png'));
    const failure = await parseDataset(root, undefined, { classNames: ['x'] }).catch((error) => error);
    expect(failure).toMatchObject({ code: 'bad_class_names' });
    expect(failure.message).toContain('only for yolo, label-pngs and webdataset');
  });
});

describe('label-pngs', () => {
  const half = (low: number, high: number) => labelPng((x) => (x < 32 ? low : high));
  const maps = (dataset: Awaited<ReturnType<typeof parseDataset>>) =>
    dataset.pictures.map(({ name, labelMap, labelled }) => [name, labelMap !== undefined, labelled]);

  test('are told from folders side by side, with splits above or below or none', async () => {
    for (const [picture, label] of [
      ['images/a.png', 'labels/a.png'],
      ['images/a.jpg', 'masks/a.png'],
      ['train/images/a.png', 'train/labels/a.png'],
      ['set/Images/val/deep/a.png', 'set/Labels/val/deep/a.png'],
      ['JPEGImages/a.png', 'SegmentationClass/a.png'],
    ] as const) {
      const root = await writeFolder({ [picture]: pngOf(1), [label]: half(0, 3) });
      expect(await detectFormat(root)).toBe('label-pngs');
      const dataset = await parseDataset(root);
      expect(dataset).toMatchObject({
        format: 'label-pngs',
        classNames: ['class 0', 'class 1', 'class 2', 'class 3'],
        problems: [],
        pictures: [
          { name: picture, annotations: [], labelMap: { path: join(root, label) }, width: 64, labelled: true },
        ],
      });
      expect(dataset.pictures).toHaveLength(1);
      expect((await loadLabelMap(dataset.pictures[0]!.labelMap!.path)).data[40]).toBe(3);
    }
  });

  test('take class names from the nearest list or from outside; what is beyond is unlabelled and counted', async () => {
    const root = await writeFolder({
      'images/a.png': pngOf(1),
      'images/b.png': pngOf(2),
      'labels/a.png': half(1, 255),
      'labels/b.png': labelPng((x) => (x < 32 ? 0 : x < 48 ? 2 : 9), { palette: true }),
      'classes.txt': 'road\nsky\n\n',
      'deep/classes.txt': 'never\nread\n',
    });
    const listed = await parseDataset(root);
    expect(listed.classNames).toEqual(['road', 'sky']);
    expect(listed.problems).toEqual([
      {
        file: 'labels/b.png',
        code: 'unknown_class',
        reason:
          'The value 2 is beyond the 2 classes (0 to 1): 768 pixels in 1 label map, this the first, count as unlabelled.',
      },
      {
        file: 'labels/b.png',
        code: 'unknown_class',
        reason:
          'The value 9 is beyond the 2 classes (0 to 1): 768 pixels in 1 label map, this the first, count as unlabelled.',
      },
    ]);
    const given = await parseDataset(root, undefined, { classNames: 'abcdefghij'.split('') });
    expect([given.classNames.length, given.problems]).toEqual([10, []]);
    for (const classNames of [[], ['a', ''], ['a', 'a']]) {
      await expect(parseDataset(root, undefined, { classNames })).rejects.toMatchObject({ code: 'bad_class_names' });
    }
  });

  test('a list that names a class twice or not at all has another name for it', async () => {
    const root = await writeFolder({
      'images/a.png': pngOf(1),
      'labels/a.png': half(0, 3),
      'labels.txt': 'sky\n\nsky\nroad',
    });
    const { classNames, problems } = await parseDataset(root);
    expect(classNames).toEqual(['sky', 'class 1', 'class 2', 'road']);
    expect(problems.map(({ code, line }) => [code, line])).toEqual([
      ['class_name_clash', 2],
      ['class_name_clash', 3],
    ]);
  });

  test('what cannot be used is told, and its picture stays unlabelled', async () => {
    const names = ['good', 'size', 'deep', 'rgb', 'cut', 'void', 'none', 'not'];
    const root = await writeFolder({
      ...Object.fromEntries(names.map((name, index) => [`images/${name}.png`, pngOf(index)])),
      'images/broken.png': 'this is not a picture',
      'labels/good.png': half(0, 1),
      'labels/size.png': labelPng(() => 0, { width: 48, height: 64 }),
      'labels/deep.png': rawPng({ width: 64, height: 48, bitDepth: 16 }, Buffer.alloc(48 * 129)),
      'labels/rgb.png': pngOf(50),
      'labels/cut.png': half(0, 1).subarray(0, 60),
      'labels/void.png': half(255, 255),
      'labels/not.png': 'text',
      'labels/broken.png': half(0, 1),
      'labels/stray.png': half(0, 1),
    });
    const dataset = await parseDataset(root);
    expect(told(dataset.problems)).toEqual([
      'no_label_map images/none.png',
      'bad_label_map labels/cut.png',
      'bad_label_map labels/deep.png',
      'bad_label_map labels/not.png',
      'bad_label_map labels/rgb.png',
      'label_map_size labels/size.png',
      'missing_picture labels/stray.png',
      'label_map_empty labels/void.png',
    ]);
    const reasonOf = (file: string) => dataset.problems.find((problem) => problem.file === file)!.reason;
    expect(reasonOf('labels/size.png')).toBe(
      'It has 48 x 64 pixels, its picture 64 x 48; the picture stays unlabelled.',
    );
    expect(reasonOf('labels/rgb.png')).toMatch(/it is RGB .*want one channel/);
    expect(reasonOf('labels/deep.png')).toMatch(/16 bits a pixel/);
    for (const { reason } of dataset.problems) expect(reason).toMatch(/^[A-Z].*\.$/);
    expect(maps(dataset).filter(([, , labelled]) => labelled)).toEqual([['images/good.png', true, true]]);
    expect(dataset.pictures).toHaveLength(9);
  });

  test('labels behind links out of the folder are not read', async () => {
    const root = await writeFolder({ 'images/a.png': pngOf(1), 'images/b.png': pngOf(2), 'labels/a.png': half(0, 1) });
    await writeFile(join(root, '..', 'b.png'), half(0, 1));
    await symlink('../../b.png', join(root, 'labels/b.png'));
    const dataset = await parseDataset(root);
    expect(told(dataset.problems)).toEqual(['no_label_map images/b.png', 'path_outside labels/b.png']);
    expect(maps(dataset)).toEqual([
      ['images/a.png', true, true],
      ['images/b.png', false, false],
    ]);
  });

  test('beside YOLO files it is asked which', async () => {
    const root = await writeFolder({
      'images/a.png': pngOf(1),
      'labels/a.png': half(0, 1),
      'labels/a.txt': '0 .5 .5 .1 .1\n',
    });
    await expect(detectFormat(root)).rejects.toMatchObject({
      code: 'ambiguous_format',
      details: { candidates: ['yolo', 'label-pngs'] },
    });
  });

  test('class names for YOLO files may be given too', async () => {
    const root = await writeFolder({ 'a.png': pngOf(1), 'a.txt': '1 .5 .5 .1 .1\n' });
    const {
      classNames,
      pictures: found,
      problems,
    } = await parseDataset(root, undefined, { classNames: ['ant', 'bee'] });
    expect([classNames, problems]).toEqual([['ant', 'bee'], []]);
    expect(found[0]!.annotations[0]!.className).toBe('bee');
  });
});
