import { readFile, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDataset } from '@fovea/formats';
import { pngOf, writeDataset } from '@fovea/formats/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestImport, type TestImport } from './fixtures/test-import.js';
import { importDataset, importPicture } from './import.js';
import { getMedia } from './media.js';
import { listMedia } from './media-page.js';
import { createProject, getProject, listProjects } from './project.js';
import { readThumbnail, thumbnailPath } from './thumbnail.js';

let test: TestImport;
beforeAll(async () => {
  test = await openTestImport();
});
afterAll(() => test.remove());
const folder: TestImport['folder'] = (files) => test.folder(files);

const HEADER = 'image,xmin,ymin,xmax,ymax,label\n';

describe('projects', () => {
  it('are created once, and an unknown one names the known', async () => {
    const project = await createProject(test.home, { name: 'Zähler 1', description: 'meters' });
    expect(project).toMatchObject({ name: 'Zähler 1', description: 'meters', classes: [], cover: [] });
    const none = { media: 0, annotations: 0, classified: 0, labelMaps: 0, classes: 0, runs: 0, models: 0 };
    expect(project.counts).toEqual(none);
    await expect(createProject(test.home, { name: 'Zähler 1' })).rejects.toMatchObject({ code: 'project_exists' });
    for (const name of ['', '../x', 'a/b', ' a', 'a@b', 'x'.repeat(101)]) {
      await expect(createProject(test.home, { name })).rejects.toMatchObject({ code: 'bad_name' });
    }
    const failure = await getProject(test.home, 'nope').catch((error) => error);
    expect(failure).toMatchObject({ code: 'unknown_project', details: { known: ['Zähler 1'] } });
    expect(failure.message).toContain('Zähler 1');
  });
});

describe('an import', () => {
  it('stores pictures, annotations, classes and thumbnails, and the same again stores nothing', async () => {
    const path = await folder({});
    const boxes = await writeDataset(path, 70);
    const parsed = await parseDataset(path);
    const seen: number[] = [];
    const report = await importDataset(test.home, 'good', parsed, { onProgress: ({ done }) => seen.push(done) });
    expect(report).toEqual({
      imported: 70,
      duplicates: 0,
      skipped: 0,
      problems: [],
      annotations: boxes,
      classified: 0,
      labelMaps: 0,
      classes: ['a', 'b'],
      stopped: false,
    });
    expect(seen.at(-1)).toBe(70);
    const project = await getProject(test.home, 'good');
    expect(project.counts).toMatchObject({ media: 70, annotations: boxes, classes: 2 });
    expect(project.classes.map(({ name, count }) => [name, count])).toEqual([
      ['a', 69],
      ['b', 34],
    ]);
    expect(project.cover).toHaveLength(4);

    const page = await listMedia(test.home, 'good', { limit: 4 });
    expect(page.items.map((item) => item.annotations.length)).toEqual([0, 1, 2, 3]);
    expect(page.items[3]).toMatchObject({ name: 'images/picture-0003.png', width: 64, height: 48, labelled: true });
    expect(page.items[3]!.annotations[1]).toEqual({ className: 'b', classIndex: 1, box: [1, 1, 11, 20] });
    const bytes = await test.home.blobs.read(page.items[3]!.sha256);
    expect(Buffer.compare(bytes, pngOf(3))).toBe(0);

    const again = await importDataset(test.home, 'good', parsed);
    expect(again).toMatchObject({ imported: 0, duplicates: 70, annotations: 0, problems: [] });
    expect((await getProject(test.home, 'good')).counts).toEqual(project.counts);
  });

  it('reports each thing it cannot use with file, line and reason, once, and goes on', async () => {
    const path = await folder({
      'images/good.png': pngOf(1),
      'images/twin.png': pngOf(1),
      'images/cut.png': pngOf(2).subarray(0, 3000),
      'images/empty.png': '',
      'images/text.jpg': 'this is not a picture',
      'boxes.csv':
        `${HEADER}images/good.png,50,40,80,47,car\nimages/good.png,100,100,120,120,car\n` +
        'images/good.png,5,5,5,9,car\nimages/good.png,1,2,3,9,car\nimages/good.png,1,2,3,9,car\n' +
        '../outside.png,1,2,3,4,car\nimages/gone.png,1,2,3,4,car\nimages/cut.png,1,2,3,9,car\n',
    });
    const report = await importDataset(test.home, 'bad', await parseDataset(path));
    // Left out: the cut, the empty and the text file, and the two pictures named that are not there or outside.
    expect(report).toMatchObject({ imported: 1, duplicates: 1, skipped: 5, annotations: 2, classes: ['car'] });
    const told = report.problems.map(({ file, line, code }) => `${file}${line ? `:${line}` : ''} ${code}`).sort();
    expect(told).toEqual([
      'boxes.csv:2 box_clipped',
      'boxes.csv:3 box_outside',
      'boxes.csv:4 box_no_area',
      'boxes.csv:6 duplicate',
      'boxes.csv:7 path_outside',
      'boxes.csv:8 missing_picture',
      'images/cut.png unreadable_image',
      'images/empty.png unreadable_image',
      'images/text.jpg unreadable_image',
      'images/twin.png duplicate_picture',
    ]);
    for (const { reason } of report.problems) expect(reason).toMatch(/^[A-Z].*\.$/);
    const { items } = await listMedia(test.home, 'bad');
    expect(items.map((item) => item.annotations.map(({ box }) => box))).toEqual([
      [
        [50, 40, 64, 47],
        [1, 2, 3, 9],
      ],
    ]);
  });

  it('adds labels to a picture nobody had labelled, keeps those there are, and says where they differ', async () => {
    const plain = await folder({ 'one.png': pngOf(11), 'two.png': pngOf(12) });
    expect(await importDataset(test.home, 'later', await parseDataset(plain))).toMatchObject({ imported: 2 });
    expect((await listMedia(test.home, 'later', { states: ['unlabelled'] })).total).toBe(2);

    const labels = (row: string) => ({ 'one.png': pngOf(11), 'boxes.csv': `${HEADER}one.png,${row}\n` });
    const first = await importDataset(test.home, 'later', await parseDataset(await folder(labels('1,1,9,9,x'))));
    expect(first).toMatchObject({ imported: 0, duplicates: 1, annotations: 1, problems: [] });
    expect((await listMedia(test.home, 'later', { states: ['labelled'] })).items[0]).toMatchObject({
      name: 'one.png',
      annotations: [{ className: 'x', box: [1, 1, 9, 9] }],
    });
    const other = await importDataset(test.home, 'later', await parseDataset(await folder(labels('2,2,9,9,x'))));
    expect(other).toMatchObject({ imported: 0, duplicates: 1, annotations: 0 });
    expect(other.problems.map(({ code }) => code)).toEqual(['annotations_differ']);
    expect((await listMedia(test.home, 'later', { states: ['labelled'] })).items[0]!.annotations).toHaveLength(1);
  });

  it('never reads through a link', async () => {
    const path = await folder({ 'real.png': pngOf(21) });
    await symlink('/etc/passwd', join(path, 'link.png'));
    const report = await importDataset(test.home, 'links', await parseDataset(path, 'images'));
    expect(report).toMatchObject({ imported: 1, skipped: 1 });
    expect(report.problems.map(({ file }) => file)).toEqual(['link.png']);
  });

  it('stops when asked, and a second one does the rest', async () => {
    const path = await folder({});
    await writeDataset(path, 130);
    const parsed = await parseDataset(path);
    const stop = new AbortController();
    const first = await importDataset(test.home, 'stopped', parsed, {
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    expect(first.stopped).toBe(true);
    expect(first.imported).toBeGreaterThan(0);
    expect(first.imported).toBeLessThan(130);
    expect((await getProject(test.home, 'stopped')).counts.media).toBe(first.imported);
    const second = await importDataset(test.home, 'stopped', parsed);
    expect(second).toMatchObject({ stopped: false, duplicates: first.imported, imported: 130 - first.imported });
  });

  it('by two at once neither doubles nor loses a picture, a box or a class', async () => {
    const path = await folder({});
    const boxes = await writeDataset(path, 90);
    const parsed = await parseDataset(path);
    const reports = await Promise.all([1, 2, 3].map(() => importDataset(test.home, 'together', parsed)));
    expect(reports.reduce((sum, report) => sum + report.imported, 0)).toBe(90);
    expect(reports.reduce((sum, report) => sum + report.annotations, 0)).toBe(boxes);
    expect(reports.flatMap((report) => report.problems)).toEqual([]);
    expect((await getProject(test.home, 'together')).counts).toMatchObject({
      media: 90,
      annotations: boxes,
      classes: 2,
    });
  });
});

describe('one picture', () => {
  it('is imported with and without annotations', async () => {
    await createProject(test.home, { name: 'single' });
    const annotations = [{ className: 'dog', box: [-5, 0, 20, 20] as const }];
    const first = await importPicture(test.home, 'single', { bytes: pngOf(31), name: 'a.png', annotations });
    expect(first).toMatchObject({ status: 'imported', problems: [{ code: 'box_clipped', file: 'a.png' }] });
    expect(await getMedia(test.home, 'single', first.sha256)).toMatchObject({
      labelled: true,
      annotations: [{ className: 'dog', classIndex: 0, box: [0, 0, 20, 20] }],
    });
    const again = await importPicture(test.home, 'single', { bytes: pngOf(31), name: 'b.png' });
    expect(again).toEqual({ sha256: first.sha256, status: 'duplicate', problems: [] });
    const second = await importPicture(test.home, 'single', { bytes: pngOf(32), name: 'c.png' });
    expect(await getMedia(test.home, 'single', second.sha256)).toMatchObject({ labelled: false, annotations: [] });
  });

  it('that is none changes nothing', async () => {
    const bytes = Buffer.from('GIF8 or not');
    await expect(importPicture(test.home, 'single', { bytes, name: 'x.gif' })).rejects.toMatchObject({
      code: 'unreadable_image',
    });
    await expect(importPicture(test.home, 'nope', { bytes: pngOf(1), name: 'x' })).rejects.toMatchObject({
      code: 'unknown_project',
    });
    expect((await getProject(test.home, 'single')).counts.media).toBe(2);
    await expect(getMedia(test.home, 'single', 'f'.repeat(64))).rejects.toMatchObject({ code: 'unknown_media' });
  });

  it('has a thumbnail, made again when it is lost', async () => {
    const { sha256 } = await importPicture(test.home, 'single', { bytes: pngOf(33, 800, 400), name: 'big.png' });
    const path = thumbnailPath(test.home, sha256);
    const stored = await readFile(path);
    expect([...stored.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    await rm(path);
    expect(Buffer.compare(await readThumbnail(test.home, sha256), stored)).toBe(0);
    expect(Buffer.compare(await readFile(path), stored)).toBe(0);
    // As older homes have it.
    await rename(path, `${path}-360.webp`);
    expect(Buffer.compare(await readThumbnail(test.home, sha256), stored)).toBe(0);
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('listProjects', () => {
  it('lists them by name', async () => {
    const names = (await listProjects(test.home)).map((project) => project.name);
    expect(names).toEqual([...names].sort());
    expect(names).toContain('good');
  });
});
