import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeLabelMap, type ParseOptions, parseDataset } from '@fovea/formats';
import { labelPng, pngOf } from '@fovea/formats/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestImport, type TestImport } from './fixtures/test-import.js';
import { importDataset, importPicture } from './import.js';
import { getMedia } from './media.js';
import { listMedia } from './media-page.js';
import { createProject, getProject } from './project.js';
import { createSnapshot, loadManifest } from './snapshot.js';
import { getSnapshot } from './snapshots/lineage.js';

let test: TestImport;
beforeAll(async () => {
  test = await openTestImport();
});
afterAll(() => test.remove());
const folder: TestImport['folder'] = (files) => test.folder(files);

const bring = async (project: string, path: string, options?: ParseOptions) =>
  importDataset(test.home, project, await parseDataset(path, undefined, options));

const BOXES = 'image,xmin,ymin,xmax,ymax,label\n';

describe('whole pictures with classes', () => {
  it('are imported once, listed, filtered and counted, and carried by a snapshot with the split they came with', async () => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 40; i++) files[`${i % 4 ? 'train' : 'val'}/${i % 5 ? 'bee' : 'ant'}/${i}.png`] = pngOf(i);
    const path = await folder(files);
    const first = await bring('insects', path);
    expect(first).toMatchObject({ imported: 40, annotations: 0, classified: 40, labelMaps: 0, problems: [] });
    expect(first.classes).toEqual(['ant', 'bee']);
    expect(await bring('insects', path)).toMatchObject({ imported: 0, duplicates: 40, classified: 0, problems: [] });

    const project = await getProject(test.home, 'insects');
    expect(project.counts).toMatchObject({ media: 40, annotations: 0, classified: 40, labelMaps: 0 });
    expect(project.classes.map(({ name, count, pictures }) => [name, count, pictures])).toEqual([
      ['ant', 0, 8],
      ['bee', 0, 32],
    ]);
    expect(project.cover).toHaveLength(4);
    const ants = await listMedia(test.home, 'insects', { classNames: ['ant'], limit: 3 });
    expect(ants.total).toBe(8);
    expect(ants.items[0]).toMatchObject({
      labelled: true,
      boxed: false,
      annotations: [],
      classes: [{ className: 'ant', classIndex: 0 }],
      labelMap: null,
    });

    const snapshot = await createSnapshot(test.home, 'insects');
    expect(snapshot.counts).toMatchObject({
      media: 40,
      annotations: 0,
      classified: 40,
      labelMaps: 0,
      train: 30,
      val: 10,
      test: 0,
    });
    const manifest = await loadManifest(test.home, snapshot);
    const ofBee = manifest.find(({ name }) => name === 'train/bee/1.png')!;
    expect(ofBee).toMatchObject({ split: 'train', classIndices: [1], annotations: [], boxed: false });
    expect(ofBee).not.toHaveProperty('labelMapSha256');
    expect(await createSnapshot(test.home, 'insects')).toEqual({ ...snapshot, isNew: false });
  });

  it('are split by class where they came without', async () => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 40; i++) files[`${i % 4 ? 'often' : 'seldom'}/${i}.png`] = pngOf(i + 100);
    await bring('stratified', await folder(files));
    const manifest = await loadManifest(test.home, await createSnapshot(test.home, 'stratified', { valFraction: 0.2 }));
    const val = manifest.filter(({ split }) => split === 'val');
    expect(val).toHaveLength(8);
    expect(val.filter(({ classIndices }) => classIndices![0] === 1)).toHaveLength(2);
  });

  it('may be of two, and a data set that was mended replaces what was there, with a word', async () => {
    const both = pngOf(200);
    const twins = await folder({ 'train/ant/a.png': both, 'train/bee/b.png': both, 'train/bee/c.png': pngOf(201) });
    const report = await bring('mended', twins);
    expect(report).toMatchObject({ imported: 2, duplicates: 1, classified: 2 });
    expect(report.problems.map(({ code, file }) => `${code} ${file}`)).toEqual([
      'several_classes train/bee/b.png',
      'duplicate_picture train/bee/b.png',
    ]);
    const item = (await listMedia(test.home, 'mended', { classNames: ['ant'] })).items[0]!;
    expect(item.classes.map(({ className }) => className)).toEqual(['ant', 'bee']);
    expect(await bring('mended', twins)).toMatchObject({ classified: 0, duplicates: 3 });

    const mended = await bring('mended', await folder({ 'train/ant/a.png': both, 'train/wasp/c.png': pngOf(201) }));
    expect(mended).toMatchObject({ classified: 2, classes: ['ant', 'bee', 'wasp'] });
    expect(mended.problems.map(({ code, reason }) => `${code} ${reason}`)).toEqual([
      'classes_replaced The project had this picture, train/ant/a.png, as ant and bee: now it is ant.',
      'classes_replaced The project had this picture, train/bee/c.png, as bee: now it is wasp.',
    ]);
    expect((await listMedia(test.home, 'mended', { classNames: ['bee'] })).total).toBe(0);
  });
});

describe('label maps', () => {
  const left = (low: number, high: number) => labelPng((x) => (x < 16 ? low : high), { palette: true });

  it("are stored in the project's class indices, listed and carried by a snapshot", async () => {
    await createProject(test.home, { name: 'streets' });
    await importPicture(test.home, 'streets', { bytes: pngOf(300), name: 'x.png', classNames: ['rainy', 'sky'] });
    const path = await folder({
      'train/images/a.png': pngOf(301),
      'train/labels/a.png': left(0, 1),
      'val/images/b.png': pngOf(302),
      'val/labels/b.png': left(7, 0),
      'classes.txt': 'road\nsky\n',
    });
    const report = await bring('streets', path);
    expect(report).toMatchObject({ imported: 2, annotations: 0, classified: 0, labelMaps: 2 });
    expect(report.classes).toEqual(['rainy', 'sky', 'road']);
    expect(report.problems.map(({ code }) => code)).toEqual(['unknown_class']);
    expect(await bring('streets', path)).toMatchObject({ imported: 0, duplicates: 2, labelMaps: 0 });

    const { items, total } = await listMedia(test.home, 'streets', { classNames: ['road'] });
    expect(total).toBe(2);
    expect(items[0]).toMatchObject({ name: 'train/images/a.png', labelled: true, boxed: false, classes: [] });
    expect(items[0]!.labelMap!.classes).toEqual([
      { className: 'sky', classIndex: 1, pixels: 48 * 48 },
      { className: 'road', classIndex: 2, pixels: 16 * 48 },
    ]);
    const map = await decodeLabelMap(await test.home.blobs.read(items[0]!.labelMap!.sha256));
    expect([map.width, map.height, map.data[15], map.data[16]]).toEqual([64, 48, 2, 1]);
    const other = await decodeLabelMap(await test.home.blobs.read(items[1]!.labelMap!.sha256));
    expect([other.data[15], other.data[16]]).toEqual([255, 2]);

    const project = await getProject(test.home, 'streets');
    expect(project.counts).toMatchObject({ media: 3, classified: 1, labelMaps: 2 });
    expect(project.classes.map(({ name, pictures, labelMaps }) => [name, pictures, labelMaps])).toEqual([
      ['rainy', 1, 0],
      ['sky', 1, 1],
      ['road', 0, 2],
    ]);
    const snapshot = await createSnapshot(test.home, 'streets');
    expect(snapshot.counts).toMatchObject({ media: 3, classified: 1, labelMaps: 2 });
    const carried = (await loadManifest(test.home, snapshot)).find(({ name }) => name === 'val/images/b.png')!;
    expect(carried).toMatchObject({ split: 'val', labelMapSha256: items[1]!.labelMap!.sha256, boxed: false });
  });

  it('that were mended replace those there; a twin in the same data set does not', async () => {
    const files = (label: Uint8Array) => ({
      'images/a.png': pngOf(310),
      'labels/a.png': label,
      'classes.txt': 'x\ny\n',
    });
    await bring('mended maps', await folder(files(left(0, 1))));
    const again = await bring('mended maps', await folder(files(left(1, 0))));
    expect(again).toMatchObject({ duplicates: 1, labelMaps: 1 });
    expect(again.problems.map(({ code }) => code)).toEqual(['label_map_replaced']);
    const sha256 = (await listMedia(test.home, 'mended maps')).items[0]!.labelMap!.sha256;
    expect((await decodeLabelMap(await test.home.blobs.read(sha256))).data[0]).toBe(1);

    const twins = await folder({
      ...files(left(1, 0)),
      'images/b.png': pngOf(310),
      'labels/b.png': left(0, 1),
    });
    const report = await bring('mended maps', twins);
    expect(report).toMatchObject({ duplicates: 2, labelMaps: 0 });
    expect(report.problems.map(({ code, reason }) => `${code} ${reason}`)).toEqual([
      'duplicate_picture The file has the same bytes as images/a.png, and a picture is kept once; its other annotations were not used.',
    ]);
    expect((await listMedia(test.home, 'mended maps')).items[0]!.labelMap!.sha256).toBe(sha256);
  });

  it('of one picture are checked against it', async () => {
    await createProject(test.home, { name: 'one map' });
    const bring = (seed: number, bytes: Uint8Array, classNames = ['x']) =>
      importPicture(test.home, 'one map', { bytes: pngOf(seed), name: `${seed}.png`, labelMap: { bytes, classNames } });
    const problemsOf = async (answer: ReturnType<typeof bring>) => (await answer).problems.map(({ code }) => code);
    expect(await problemsOf(bring(320, left(0, 255)))).toEqual([]);
    expect(await problemsOf(bring(321, left(0, 4)))).toEqual(['unknown_class']);
    expect(await problemsOf(bring(322, left(255, 4)))).toEqual(['unknown_class', 'label_map_empty']);
    expect(
      await problemsOf(
        bring(
          323,
          labelPng(() => 0, { width: 3, height: 3 }),
        ),
      ),
    ).toEqual(['label_map_size']);
    expect(await problemsOf(bring(324, pngOf(1)))).toEqual(['bad_label_map']);
    const many = Array.from({ length: 255 }, (_, index) => `class ${index}`);
    // The project has the class x already, so that the last one is its 256th.
    expect(
      await problemsOf(
        bring(
          325,
          labelPng(() => 254),
          many,
        ),
      ),
    ).toEqual(['too_many_classes', 'label_map_empty']);
    const { items } = await listMedia(test.home, 'one map');
    expect(items.map(({ labelled, labelMap }) => [labelled, labelMap !== null])).toEqual([
      [true, true],
      [true, true],
      [false, false],
      [false, false],
      [false, false],
      [false, false],
    ]);
  });
});

describe('labels of several kinds', () => {
  it('come together on one picture, whichever comes first, and background stays background', async () => {
    const [a, b] = [pngOf(400), pngOf(401)];
    const boxes = await folder({ 'a.png': a, 'b.png': b, 'boxes.csv': `${BOXES}a.png,1,1,9,9,nut\n` });
    const classes = await folder({ 'steel/a.png': a, 'brass/b.png': b });
    const orders = [
      ['boxes first', boxes, classes],
      ['classes first', classes, boxes],
    ] as const;
    for (const [project, first, second] of orders) {
      await bring(project, first);
      expect(await bring(project, second)).toMatchObject({ imported: 0, duplicates: 2, problems: [] });
      const { items } = await listMedia(test.home, project, { limit: 5 });
      const of = (bytes: string) => items.find(({ name }) => name.endsWith(bytes))!;
      expect(of('a.png')).toMatchObject({
        boxed: true,
        annotations: [{ className: 'nut' }],
        classes: [{ className: 'steel' }],
      });
      expect(of('b.png')).toMatchObject({ boxed: true, annotations: [], classes: [{ className: 'brass' }] });
      const manifest = await loadManifest(test.home, await createSnapshot(test.home, project));
      for (const picture of manifest) expect(picture).not.toHaveProperty('boxed');
    }
  });

  it('leave a snapshot of boxes alone what it was before there were others', async () => {
    await bring('plain', await folder({ 'a.png': pngOf(410), 'boxes.csv': `${BOXES}a.png,1,1,9,9,nut\n` }));
    const snapshot = await createSnapshot(test.home, 'plain');
    const [picture] = await loadManifest(test.home, snapshot);
    expect(Object.keys(picture!)).toEqual(['sha256', 'name', 'width', 'height', 'split', 'annotations']);
    const counts = { media: 1, annotations: 1, train: 1, val: 0, test: 0 };
    const header = { project: 'plain', classNames: ['nut'], valFraction: 0.15, seed: 0, counts };
    const lines = [{ format: 'fovea-snapshot', version: 1, ...header }, picture].map(
      (line) => `${JSON.stringify(line)}\n`,
    );
    expect(snapshot.id).toBe(createHash('sha256').update(lines.join('')).digest('hex').slice(0, 20));
    // And the header of an older one has no numbers of what there was not.
    await test.home.pool.query(
      `update fovea.snapshots set counts = counts - 'classified' - 'labelMaps' where id = $1`,
      [snapshot.id],
    );
    expect((await getSnapshot(test.home, snapshot.id)).counts).toMatchObject({ classified: 0, labelMaps: 0 });
  });

  it('brought by three imports at once are there once', async () => {
    const files: Record<string, string | Uint8Array> = { 'classes.txt': 'x\ny\n' };
    for (let i = 0; i < 45; i++) {
      files[`images/${i}.png`] = pngOf(i + 500);
      files[`labels/${i}.png`] = labelPng((x, y) => (x + y + i) % 2);
    }
    const path = await folder(files);
    const parsed = await parseDataset(path);
    const reports = await Promise.all([1, 2, 3].map(() => importDataset(test.home, 'together', parsed)));
    expect(reports.reduce((sum, report) => sum + report.labelMaps, 0)).toBe(45);
    expect(reports.flatMap(({ problems }) => problems)).toEqual([]);
    expect((await getProject(test.home, 'together')).counts).toMatchObject({ media: 45, labelMaps: 45 });
  });

  it('whose file is gone when its turn comes leave the picture unlabelled, with a word', async () => {
    const path = await folder({ 'images/a.png': pngOf(420), 'labels/a.png': labelPng(() => 0) });
    const parsed = await parseDataset(path);
    await writeFile(join(path, 'labels/a.png'), '');
    const report = await importDataset(test.home, 'gone', parsed);
    expect(report).toMatchObject({
      imported: 1,
      labelMaps: 0,
      problems: [{ code: 'bad_label_map', file: 'images/a.png' }],
    });
    const [item] = (await listMedia(test.home, 'gone')).items;
    expect(await getMedia(test.home, 'gone', item!.sha256)).toMatchObject({ labelled: false, labelMap: null });
  });
});
