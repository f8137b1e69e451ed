import { execFile } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { datasetOf, OBJECTS, pictureOf } from './fixtures/rich-dataset.js';
import { openTestFolders, type TestFolders } from './fixtures/test-folders.js';
import { NameRegister } from './name-register.js';
import { safePath } from './safe-name.js';
import { writeDataset } from './write-dataset.js';

let folders: TestFolders;
beforeAll(async () => {
  folders = await openTestFolders();
});
afterAll(() => folders.remove());
const newFolder = (name: string) => join(folders.home, name);

describe('writing a data set', () => {
  test('refuses what cannot be, by code', async () => {
    const nothing = datasetOf([]);
    await expect(writeDataset('darknet' as never, nothing, newFolder('x'))).rejects.toMatchObject({
      code: 'unknown_format',
    });
    const twice = { ...nothing, classNames: ['a', 'a'] };
    await expect(writeDataset('coco', twice, newFolder('x'))).rejects.toMatchObject({ code: 'bad_class_names' });
    await writeFile(newFolder('file'), 'x');
    await expect(writeDataset('coco', nothing, newFolder('file'))).rejects.toMatchObject({ code: 'folder_not_empty' });
    const bare = { classNames: ['a'], pictures: nothing.pictures };
    await expect(writeDataset('yolo-pose', bare, newFolder('pose'))).rejects.toMatchObject({ code: 'no_skeleton' });
  });

  test('a picture that cannot be had ends it, and leaves neither drafts nor a label file under its name', async () => {
    const folder = newFolder('broken');
    const pictures = [
      pictureOf(1, 'a.png', { annotations: [OBJECTS.box!] }),
      pictureOf(2, 'b.png', { load: () => Promise.reject(new Error('gone')) }),
    ];
    await expect(writeDataset('coco', datasetOf(pictures), folder)).rejects.toThrow('gone');
    const left = await readdir(folder, { recursive: true });
    expect(left.filter((name) => /draft|\.json$/.test(name))).toEqual([]);
  });

  test('objects of unknown classes and boxes that are none are left out and counted', async () => {
    const annotations = [
      OBJECTS.box!,
      { className: 'gear', box: [1, 2, 3, 4] as const },
      { className: 'nut', box: [1, 2, Number.NaN, 4] as const },
      { className: 'nut', box: [5, 2, 3, 4] as const },
    ];
    const picture = pictureOf(1, 'a.png', { annotations, classNames: ['gear'] });
    const report = await writeDataset('jsonl', datasetOf([picture]), newFolder('unknown'));
    expect(report).toMatchObject({ pictures: 1, annotations: 1, dropped: { unknown_class: 2, bad_number: 2 } });
    expect(report.problems).toHaveLength(2);
  });

  test('is told once a picture, counted each time, and not without end', async () => {
    const boxes = Array.from({ length: 3 }, (_, x) => ({
      className: 'nut',
      box: [x, 0, x + 9, 9] as const,
      trackId: 'a',
    }));
    const one = pictureOf(1, 'a.png', { annotations: boxes });
    const pictures = Array.from({ length: 10_050 }, (_, index) => ({ ...one, name: `${index}.png` }));
    const report = await writeDataset('csv-corners', datasetOf(pictures), newFolder('many'), { pictures: 'none' });
    expect(report.dropped).toEqual({ track_dropped: 30_150 });
    expect(report.problems).toHaveLength(10_001);
    expect(report.problems.at(-1)).toMatchObject({ code: 'more_problems', reason: expect.stringContaining('50 more') });
  });

  test('a full disk is an error by code, and no label file is left half-written', async (context) => {
    // A disk of its own that is small: needs a user that may mount one in a namespace.
    const folder = newFolder('small');
    const script = `
      import { writeDataset } from ${JSON.stringify(new URL('./write-dataset.js', import.meta.url).href)};
      import { datasetOf, pictureOf } from ${JSON.stringify(new URL('./fixtures/rich-dataset.js', import.meta.url).href)};
      import { readdirSync } from 'node:fs';
      const picture = pictureOf(1, 'a.png');
      const pictures = Array.from({ length: 100 }, (_, index) => ({ ...picture, name: index + '.png' }));
      for (const format of ['voc', 'coco', 'webdataset']) {
        const folder = process.argv[1] + '/' + format;
        const code = await writeDataset(format, datasetOf(pictures), folder).then(() => 'none', (error) => error.code);
        const left = readdirSync(folder, { recursive: true }).filter((name) => /draft|\\.json$|\\.tar$/.test(name) && name !== 'dataset.json');
        console.log(format, code, left.length);
      }`;
    await writeFile(newFolder('full.mjs'), script);
    const mounted = `mkdir -p "$1" && mount -t tmpfs -o size=1m none "$1" && exec "$2" --input-type=module -e "$(cat "$3")" "$1"`;
    const done = await promisify(execFile)('unshare', [
      '-rm',
      'sh',
      '-c',
      mounted,
      'sh',
      folder,
      process.execPath,
      newFolder('full.mjs'),
    ]).catch((error: { stderr?: string; stdout?: string }) => ({ failed: `${error.stderr ?? error}` }));
    if ('failed' in done) {
      if (/unshare|mount|ENOENT/.test(done.failed)) return context.skip('no disk of its own can be mounted here');
      throw new Error(done.failed);
    }
    expect(done.stdout.trim().split('\n')).toEqual(['voc disk_full 0', 'coco disk_full 0', 'webdataset disk_full 0']);
  });

  test('a linked picture is the same file', async () => {
    const source = newFolder('source.png');
    await writeFile(source, await pictureOf(1, 'a.png').load());
    const folder = newFolder('linked');
    await writeDataset('voc', datasetOf([pictureOf(1, 'a.png', { path: source })]), folder, { pictures: 'link' });
    expect((await stat(join(folder, 'JPEGImages/a.png'))).ino).toBe((await stat(source)).ino);
    expect(await readFile(join(folder, 'Annotations/a.xml'), 'utf8')).toContain('<filename>a.png</filename>');
  });
});

describe('names', () => {
  test('any text becomes a path below, that stays the same when it is made safe again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const path = safePath(text);
        expect(
          path
            .split('/')
            .every((part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) < 256),
        ).toBe(true);
        expect(path).not.toMatch(/[\0\\:]|^\//);
        expect(safePath(path)).toBe(path);
      }),
      { numRuns: 500 },
    );
  });

  test('none is given twice, whatever the case of its letters and its ending, and files are no folders', () => {
    const register = new NameRegister();
    const given = ['a/b.png', 'A/B.png', 'a/b.jpg', 'a/b.png', 'a', 'a/b.png/c.png', 'd/e', 'd'].map((name) =>
      register.take(name, '0123456789'),
    );
    expect(given[0]).toBe('a/b.png');
    expect(new Set(given.map((name) => name.toLowerCase())).size).toBe(given.length);
    const isFolder = (name: string) => given.some((other) => other.toLowerCase().startsWith(`${name.toLowerCase()}/`));
    expect(given.filter(isFolder)).toEqual([]);
  });
});
