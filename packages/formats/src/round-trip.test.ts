import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BoxAnnotation, decodeMask, maskFromCoco, polygonsToMask } from '@fovea/annotations';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Capability } from './capability.js';
import { checkBoxes } from './check-boxes.js';
import type { ExportPicture, SourcedAnnotation } from './dataset.js';
import {
  byDigest,
  bytesOf,
  CLASSES,
  datasetOf,
  HEIGHT,
  OBJECTS,
  PICTURES,
  pictureOf,
  SKELETONS,
  WIDTH,
} from './fixtures/rich-dataset.js';
import { openTestFolders, type TestFolders } from './fixtures/test-folders.js';
import { FORMATS } from './formats.js';
import { decodeLabelMap, loadLabelMap } from './label-map.js';
import { detectFormat, parseDataset } from './parse-dataset.js';
import { writeDataset } from './write-dataset.js';

let folders: TestFolders;
let counter = 0;
beforeAll(async () => {
  folders = await openTestFolders();
});
afterAll(() => folders.remove());
const newFolder = () => join(folders.home, `written-${counter++}`);

/** What of the pictures a format can say anything about. */
function sayable({ boxes, pictureClasses, labelMaps, unlabelled }: Capability, picture: ExportPicture): boolean {
  const { boxed, classNames, labelMap } = picture;
  return unlabelled || Boolean((boxes && boxed) || (pictureClasses && classNames) || (labelMaps && labelMap));
}

/** Pixels of an object, whichever way they are said; holes filled where they cannot be said at all. */
function pixelsOf({ polygons, holes, mask }: BoxAnnotation, withHoles: boolean): Uint8Array | undefined {
  if (mask) {
    const pixels = decodeMask(maskFromCoco(mask));
    return withHoles ? pixels : undefined;
  }
  if (!polygons) return undefined;
  const pixels = decodeMask(polygonsToMask(polygons, WIDTH, HEIGHT));
  const cut = holes && withHoles ? decodeMask(polygonsToMask(holes, WIDTH, HEIGHT)) : undefined;
  return cut ? pixels.map((value, at) => (cut[at] ? 0 : value)) : pixels;
}

function expectAnnotation(read: SourcedAnnotation, written: BoxAnnotation, capability: Capability): void {
  const { className, box, isCrowd, polygons, holes, mask, rotatedBox, keypoints, trackId, attributes } = written;
  if (capability.boxes === false) throw new Error('internal: a format without boxes gave one');
  const { precision } = capability.boxes;
  expect(read.className).toBe(className);
  expect(Math.max(...box.map((side, at) => Math.abs(read.box[at]! - side)))).toBeLessThanOrEqual(precision);
  expect(read.isCrowd ?? false).toBe(isCrowd ?? false);
  const near = (a: readonly number[], b: readonly number[]) =>
    a.length === b.length && a.every((value, at) => Math.abs(value - b[at]!) <= precision);

  if (capability.polygons || capability.masks) {
    const keepsHoles = capability.holes || capability.masks;
    const [before, after] = [pixelsOf(written, keepsHoles), pixelsOf(read, keepsHoles)];
    if (before) expect(Buffer.compare(before, after!)).toBe(0);
    if (polygons && !holes && capability.polygons === 'many') {
      expect(polygons.every((polygon, at) => near(read.polygons![at]!, polygon))).toBe(true);
      expect(read.polygons).toHaveLength(polygons.length);
    }
    if (holes && capability.holes) expect(read.holes).toEqual(holes);
    if (mask && capability.masks) expect(read.mask).toEqual(mask);
  } else expect([read.polygons, read.mask]).toEqual([undefined, undefined]);

  if (rotatedBox && capability.rotatedBoxes) {
    const { center, width, height, angle } = read.rotatedBox!;
    expect(near([...center, width, height], [...rotatedBox.center, rotatedBox.width, rotatedBox.height])).toBe(true);
    expect(angle).toBeCloseTo(rotatedBox.angle, 6);
  }
  if (!capability.rotatedBoxes) expect(read.rotatedBox).toBeUndefined();
  if (keypoints && capability.keypoints) expect(near(read.keypoints!, keypoints)).toBe(true);
  else if (!capability.keypoints) expect(read.keypoints).toBeUndefined();
  if (trackId !== undefined) expect(read.trackId).toBe(capability.tracks ? trackId : undefined);
  expect(read.attributes).toEqual(attributesKept(attributes, capability.attributes));
}

function attributesKept(
  attributes: BoxAnnotation['attributes'],
  kept: Capability['attributes'],
): Record<string, unknown> | undefined {
  if (attributes === undefined || kept === 'all' || kept === false) return kept === false ? undefined : attributes;
  const entries = Object.entries(attributes).flatMap(([key, value]) => {
    if (typeof value === 'object' || (kept !== 'text' && !kept.includes(key))) return [];
    return [[key, value === true ? '1' : String(value)] as const];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** How often each code is told, from what the format cannot say. */
function expectedDrops(capability: Capability): Record<string, number> {
  const all = PICTURES.flatMap(({ annotations }) => annotations);
  const left = PICTURES.filter((picture) => !sayable(capability, picture)).length;
  const objects = capability.boxes ? all.filter(({ isCrowd }) => capability.crowds || !isCrowd) : [];
  const count = (isDropped: boolean, has: (annotation: BoxAnnotation) => unknown) =>
    isDropped ? objects.filter(has).length : 0;
  const classes = { many: 0, one: 1, false: 3 }[String(capability.pictureClasses)]!;
  const outlines = Boolean(capability.polygons) && !capability.masks;
  const drops = {
    boxes_dropped: capability.boxes ? 0 : all.length,
    crowd_left_out: capability.boxes && !capability.crowds ? 1 : 0,
    polygons_dropped: count(!capability.polygons, ({ polygons }) => polygons),
    mask_dropped: count(!capability.masks && !capability.polygons, ({ mask }) => mask),
    mask_outlined: count(outlines, ({ mask }) => mask),
    holes_as_mask: count(!capability.holes && capability.masks, ({ holes }) => holes),
    rotation_dropped: count(!capability.rotatedBoxes, ({ rotatedBox }) => rotatedBox),
    keypoints_dropped: count(!capability.keypoints, ({ keypoints }) => keypoints),
    track_dropped: count(!capability.tracks, ({ trackId }) => trackId),
    picture_classes_dropped: classes,
    label_map_dropped: capability.labelMaps ? 0 : 2,
    unlabelled_left_out: left,
  };
  return Object.fromEntries(Object.entries(drops).filter(([, number]) => number > 0));
}

async function filesIn(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(
      path.slice(folder.length + 1),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const LABELLED = FORMATS.filter(({ name }) => name !== 'images');

describe.each(FORMATS.map((format) => ({ ...format, format })))('$name written', ({ name, capability, kindOf }) => {
  test('is told from its files, comes back as far as it can say things, and what it cannot is counted', async () => {
    const folder = newFolder();
    const report = await writeDataset(name, datasetOf(PICTURES), folder);
    if (name !== 'images') expect(await detectFormat(folder)).toBe(kindOf ?? name);
    const dataset = await parseDataset(folder, name === 'images' ? name : undefined);
    expect(dataset.format).toBe(name);
    expect(dataset.problems.filter(({ code }) => code !== 'several_classes')).toEqual([]);
    expect(report.dropped).toMatchObject(expectedDrops(capability));
    expect([...new Set(report.problems.map(({ code }) => code))].sort()).toEqual(Object.keys(report.dropped).sort());

    const found = await byDigest(dataset);
    const expected = PICTURES.filter((picture) => sayable(capability, picture));
    expect(found.size).toBe(expected.length);
    for (const picture of expected) {
      const read = found.get(picture.sha256)!;
      expect(read.split).toBe(picture.split);
      const annotations = capability.boxes
        ? picture.annotations.filter(({ isCrowd }) => capability.crowds || !isCrowd)
        : [];
      expect(read.annotations).toHaveLength(annotations.length);
      for (const [at, annotation] of annotations.entries())
        expectAnnotation(read.annotations[at]!, annotation, capability);
      const classes = capability.pictureClasses ? picture.classNames : undefined;
      expect(read.classNames).toEqual(capability.pictureClasses === 'one' ? classes?.slice(0, 1) : classes);
      expect(read.labelMap !== undefined).toBe(capability.labelMaps && picture.labelMap !== undefined);
      if (read.labelMap) {
        const { path, load } = read.labelMap;
        const map = load ? await decodeLabelMap(await load()) : await loadLabelMap(path);
        expect(Buffer.compare(map.data, (await decodeLabelMap(await picture.labelMap!.load())).data)).toBe(0);
      }
      if (capability.unlabelled && name !== 'images') {
        const says =
          (capability.boxes && picture.boxed) ||
          (capability.pictureClasses && picture.classNames) ||
          (capability.labelMaps && picture.labelMap);
        expect([picture.name, read.labelled]).toEqual([picture.name, Boolean(says)]);
      } else expect(read.labelled).toBe(name !== 'images');
    }
    const names = dataset.classNames.filter((each) => CLASSES.includes(each));
    if (name !== 'images')
      expect([...names].sort()).toEqual(
        [...CLASSES].filter((each) => name !== 'class-folders' || each !== 'person').sort(),
      );
    if (capability.keypoints) expect(dataset.skeletons).toEqual(SKELETONS);
  });

  test('is the same bytes each time, in an empty folder only, and leaves no draft', async () => {
    const [one, two] = [newFolder(), newFolder()];
    const report = await writeDataset(name, datasetOf(PICTURES), one);
    await mkdir(two);
    await writeDataset(name, datasetOf(PICTURES), two);
    const files = await filesIn(one);
    expect(await filesIn(two)).toEqual(files);
    expect(files.size).toBe(report.files);
    expect([...files.keys()].filter((file) => file.includes('draft'))).toEqual([]);
    await expect(writeDataset(name, datasetOf(PICTURES), one)).rejects.toMatchObject({ code: 'folder_not_empty' });
    expect(await filesIn(one)).toEqual(files);
  });

  test('of nothing is a folder without pictures', async () => {
    const folder = newFolder();
    const report = await writeDataset(name, datasetOf([]), folder);
    expect([report.pictures, report.annotations, report.problems]).toEqual([0, 0, []]);
    await expect(parseDataset(folder, name)).rejects.toMatchObject({ code: 'no_pictures' });
  });

  test('hostile names of pictures stay below the folder, apart, and lead back to their labels', async () => {
    const root = join(newFolder(), 'out');
    const pictures = HOSTILE.map((each, index) =>
      pictureOf(100 + index, each, {
        split: index % 2 ? 'val' : 'train',
        classNames: [CLASSES[index % 3]!],
        annotations: [{ className: CLASSES[index % 3]!, box: [index, index, index + 20, index + 25] }],
        labelMap: PICTURES[4]!.labelMap!,
      }),
    );
    const report = await writeDataset(name, datasetOf(pictures), root);
    expect(report.pictures).toBe(pictures.length);
    expect(await readdir(join(root, '..'))).toEqual(['out']);
    for (const file of (await filesIn(root)).keys()) {
      for (const part of file.split('/')) {
        expect(part).toMatch(/^[^<>:"|?*\\\p{Cc}\u202a-\u202e]+$/u);
        expect(part).not.toMatch(/^(con|aux|nul)(\.|$)|[. ]$|^\./i);
        expect(Buffer.byteLength(part)).toBeLessThan(256);
      }
    }
    const dataset = await parseDataset(root, name);
    expect(dataset.problems).toEqual([]);
    const found = await byDigest(dataset);
    expect(found.size).toBe(pictures.length);
    for (const { sha256, annotations, classNames, split } of pictures) {
      const read = found.get(sha256)!;
      expect(read.split).toBe(split);
      if (capability.boxes)
        expect(read.annotations.map(({ box }) => box.map(Math.round))).toEqual([annotations[0]!.box]);
      if (capability.pictureClasses) expect(read.classNames).toEqual(classNames);
      if (capability.labelMaps) expect(read.labelMap).toBeDefined();
    }
  });

  test('names of classes in any script come back, or what became of them is told', async () => {
    const names = [
      '蟻 🐜',
      '#1 "best" & <co.>',
      'a: b, c; d',
      "l'été",
      'constructor',
      '__proto__',
      'train',
      '0',
      'null',
      'x/y\\z',
    ];
    const pictures = names.map((className, index) =>
      pictureOf(200 + index, `${index}.png`, {
        split: 'train',
        classNames: [className],
        annotations: [{ className, box: [1, 2, 30, 40], polygons: [[1, 2, 30, 2, 30, 40]] }],
        labelMap: PICTURES[4]!.labelMap!,
      }),
    );
    const folder = newFolder();
    const skeletons = { '蟻 🐜': SKELETONS.person! };
    const report = await writeDataset(name, datasetOf(pictures, names, skeletons), folder);
    const dataset = await parseDataset(folder, name);
    expect(dataset.problems).toEqual([]);
    const renamed = report.dropped.class_renamed ?? 0;
    const kept = names.filter((each) => dataset.classNames.includes(each));
    if (name !== 'images') expect(kept.length).toBe(names.length - renamed);
    const found = await byDigest(dataset);
    for (const { sha256, classNames } of pictures) {
      const read = found.get(sha256)!;
      if (!kept.includes(classNames![0]!)) continue;
      if (capability.boxes) expect(read.annotations.map(({ className }) => className)).toEqual(classNames);
      if (capability.pictureClasses) expect(read.classNames).toEqual(classNames);
    }
  });

  test('pictures may be linked or left out', async () => {
    const source = join(newFolder(), 'source.png');
    await mkdir(join(source, '..'));
    const picture = pictureOf(1, 'a.png', {
      split: 'train',
      classNames: ['nut'],
      annotations: [OBJECTS.box!],
      labelMap: PICTURES[4]!.labelMap!,
    });
    await writeFile(source, await picture.load());
    const [linked, bare] = [newFolder(), newFolder()];
    await writeDataset(name, datasetOf([{ ...picture, path: source }]), linked, { pictures: 'link' });
    const { pictures } = await parseDataset(linked, name);
    expect(Buffer.compare(await bytesOf(pictures[0]!), await picture.load())).toBe(0);
    await writeDataset(name, datasetOf([picture]), bare, { pictures: 'none' });
    const written = [...(await filesIn(linked)).keys()].filter(
      (file) => name === 'webdataset' || !pictures[0]!.path.endsWith(file),
    );
    expect([...(await filesIn(bare)).keys()]).toEqual(written);
  });
});

const HOSTILE = [
  '../../evil.png',
  '/etc/absolute.png',
  'C:\\windows\\x.png',
  'nul\0in it.png',
  'CON.png',
  'aux',
  'A.png',
  'a.png',
  'cafe\u0301.png',
  'caf\u00e9.png',
  'x.jpg',
  'x.png',
  '.hidden.png',
  'trailing. ',
  `${'long'.repeat(100)}.png`,
  '\u202egnp.exe.png',
  'images/train/nested.png',
  'nested.png',
  'comma, semi; "quoted".png',
  'tag <b>&amp;.png',
  'folder.png/inside.png',
  'folder.png',
  'dots.in.name.png',
  'emoji 🐜.png',
  '\ud800.png',
  'line\nbreak.png',
  '',
  '...',
  '1.png',
  'sub/1.png',
];

describe.each(LABELLED.map(({ name }) => ({ name })))('$name read', ({ name }) => {
  test('files cut off, with bytes flipped or numbers replaced never stop it', async () => {
    const folder = newFolder();
    await writeDataset(name, datasetOf(PICTURES.slice(0, 6)), folder);
    const pictures = new Set(
      (await parseDataset(folder, name)).pictures.map(({ path, load }) => (load ? '' : path.slice(folder.length + 1))),
    );
    const labels = [...(await filesIn(folder)).keys()].filter((file) => !pictures.has(file));
    const originals = new Map<string, Buffer>();
    for (const file of labels) originals.set(file, await readFile(join(folder, file)));
    const fault = fc.record({
      kind: fc.constantFrom('cut', 'flip', 'number', 'empty', 'repeat'),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      value: fc.constantFrom(
        'NaN',
        '-1',
        '1e999',
        '-1e308',
        '99999999999999999999',
        'null',
        '{}',
        '"',
        '\0',
        '0x10',
        '[[[[[[',
        '1e-320',
      ),
      file: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { minLength: 1, maxLength: 4 }), async (faults) => {
        const touched = new Set<string>();
        for (const each of faults) {
          const file = labels[each.file % Math.max(1, labels.length)];
          if (file === undefined) return;
          touched.add(file);
          await writeFile(join(folder, file), damage(await readFile(join(folder, file)), each));
        }
        try {
          const dataset = await parseDataset(folder, name);
          for (const { annotations, width = WIDTH, height = HEIGHT, load } of dataset.pictures) {
            const { kept } = checkBoxes(annotations, width, height);
            expect(kept.every(({ box }) => box.every((side) => side >= 0 && side <= Math.max(width, height)))).toBe(
              true,
            );
            JSON.stringify(kept);
            await load?.();
          }
        } catch (error) {
          // What stops the whole is an error meant for a person.
          expect(['ambiguous_format', 'no_labels', 'no_pictures']).toContain((error as { code?: string }).code);
        } finally {
          for (const file of touched) await writeFile(join(folder, file), originals.get(file)!);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function damage(bytes: Buffer, { kind, at, value }: { kind: string; at: number; value: string }): Buffer {
  const place = Math.floor(at * bytes.length);
  if (kind === 'empty') return Buffer.alloc(0);
  if (kind === 'cut') return bytes.subarray(0, place);
  if (kind === 'repeat') return Buffer.concat([bytes, bytes.subarray(place)]);
  if (kind === 'flip') {
    const flipped = Buffer.from(bytes);
    if (flipped.length > 0) flipped[place % flipped.length]! ^= 1 << (place % 8);
    return flipped;
  }
  // The first number behind the place.
  const text = bytes.toString('latin1');
  const number = /-?\d+(\.\d+)?/.exec(text.slice(place));
  if (!number) return bytes;
  const start = place + number.index;
  return Buffer.from(text.slice(0, start) + value + text.slice(start + number[0].length), 'latin1');
}
