import { posix } from 'node:path';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import type { Place } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import { type DatasetFolder, withExtension } from './folder.js';
import { formatNumber, parseNumber } from './number.js';

const LINE = /^\s*\S+(\s+[-+]?\d*\.?\d+(e[-+]?\d+)?){14,15}\s*$/i;
/** How many files are looked at to tell the format. */
const SAMPLES = 20;
/** After the class and before the box: how far it is cut off by the picture's edge, how far hidden, its angle. */
const BEFORE = ['truncated', 'occluded', 'alpha'] as const;
const AFTER = ['height', 'width', 'length', 'x', 'y', 'z', 'rotation_y'] as const;
/** What stands for a value nobody said. */
const UNKNOWN: Record<string, number> = {
  truncated: -1,
  occluded: -1,
  alpha: -10,
  height: -1,
  width: -1,
  length: -1,
  x: -1000,
  y: -1000,
  z: -1000,
  rotation_y: -10,
};

/**
 * KITTI object labels (Geiger et al. 2012): a text file a picture in `label_2` beside `image_2`, a line an object:
 * `class truncated occluded alpha left top right bottom height width length x y z rotation_y`, corners in pixels. What
 * stands besides class and box is kept as attributes, unless it is the value for unknown. `DontCare` regions are left out
 * and told.
 */
export const kitti: AnnotationFormat = {
  name: 'kitti',
  looksLike: 'text files named like the pictures, with 15 fields a line, the class first',
  capability: { ...BOXES_ONLY, boxes: { precision: 0.01 }, attributes: [...BEFORE, ...AFTER] },

  async findLabels(folder) {
    const labels: string[] = [];
    const others: string[] = [];
    for (const name of candidates(folder)) {
      if (labels.length === 0 && others.length >= SAMPLES) return [];
      const isRight = labels.length >= SAMPLES || LINE.test(firstFilled(await folder.readHead(name, 1024)));
      (isRight ? labels : others).push(name);
    }
    return labels;
  },

  mayHold: (folder) => candidates(folder).length > 0,

  async parse(folder) {
    const builder = new DatasetBuilder(folder);
    let regions = 0;
    for (const file of candidates(folder)) regions += await readFile(folder, builder, file);
    if (regions > 0) {
      const reason = `${regions} regions are marked DontCare: what is in them is not said; they were left out.`;
      builder.problem({ file: '.' }, 'region_ignored', reason);
    }
    return builder.build('kitti', undefined);
  },

  async write({ classNames, pictures }, target) {
    const words = wordsOf(classNames);
    for await (const picture of pictures) {
      const name = await target.place(picture, 'image_2');
      const lines = picture.annotations.map(({ className, box, attributes = {} }) => {
        const word = words.get(className)!;
        if (word !== className)
          target.tell(
            picture,
            'class_renamed',
            `The class ${JSON.stringify(className)} is called ${word}, as one word.`,
          );
        const value = (key: string) => {
          if (attributes[key] !== undefined && Number.isNaN(parseNumber(String(attributes[key])))) {
            target.tell(picture, 'attributes_dropped', `The attribute ${key} of an object is no number.`);
          }
          const number = parseNumber(String(attributes[key] ?? ''));
          return String(Number.isFinite(number) ? number : UNKNOWN[key]);
        };
        const corners = box.map((side) => formatNumber(side, 2));
        return `${[word, ...BEFORE.map(value), ...corners, ...AFTER.map(value)].join(' ')}\n`;
      });
      await target.write(withExtension(name.replace(/^image_2\//, 'label_2/'), '.txt'), lines.join(''));
    }
  },
};

/** Names as single words, each its own. */
function wordsOf(classNames: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  return new Map(
    classNames.map((name) => {
      let word = name.replace(/[\s\p{Cc}]+/gu, '_') || '_';
      if (word === 'DontCare') word = 'DontCare_';
      while (taken.has(word)) word += '_';
      taken.add(word);
      return [name, word];
    }),
  );
}

function firstFilled(text: string): string {
  return text.split(/\r?\n/).find((line) => line.trim() !== '') ?? '';
}

/** Text files that belong to a picture by their name, as `label_2/x.txt` to `image_2/x.png`. */
function candidates(folder: DatasetFolder): string[] {
  return folder.files.filter((name) => /\.txt$/i.test(name) && pictureOf(folder, name) !== undefined);
}

function pictureOf(folder: DatasetFolder, file: string): string | undefined {
  const stem = withExtension(file, '');
  const parallel = stem.replace(/(^|\/)label(_\d)?\//, '$1image$2/');
  const found = [parallel, stem.replace(/(^|\/)labels?\//, '$1images/'), stem].map((path) => folder.resolveStem(path));
  return found.find((name) => name !== undefined) ?? onlyOne(folder, posix.parse(file).name);
}

function onlyOne(folder: DatasetFolder, stem: string): string | undefined {
  const resolved = folder.resolve(stem, '');
  return 'name' in resolved ? resolved.name : undefined;
}

/** Gives how many regions were left out. */
async function readFile(folder: DatasetFolder, builder: DatasetBuilder, file: string): Promise<number> {
  const picture = pictureOf(folder, file)!;
  const text = await folder.readText(file);
  if (typeof text !== 'string') {
    if (text.code === 'empty_file') return 0;
    builder.problems.push(text);
    builder.markUnknown(picture);
    return 0;
  }
  let regions = 0;
  text.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*DontCare\s/.test(line)) regions++;
    else if (line.trim() !== '') readLine(builder, picture, line, { file, line: index + 1 });
  });
  return regions;
}

function readLine(builder: DatasetBuilder, picture: string, line: string, place: Place): void {
  const fields = line.trim().split(/\s+/);
  if (fields.length < 15 || fields.length > 16) {
    const reason = `The line has ${fields.length} fields, want 15: class, truncated, occluded, alpha, left, top, right, bottom, …; skipped.`;
    builder.skip(picture, place, 'wrong_column_count', reason);
    return;
  }
  const values = fields.slice(1).map(parseNumber);
  const bad = fields.slice(1).filter((_, index) => !Number.isFinite(values[index]));
  if (bad.length > 0) {
    builder.skip(
      picture,
      place,
      'bad_number',
      `Not a number: "${bad.slice(0, 4).join('", "').slice(0, 100)}"; skipped.`,
    );
    return;
  }
  const named = [
    ...BEFORE.map((key, at) => [key, values[at]!] as const),
    ...AFTER.map((key, at) => [key, values[7 + at]!] as const),
  ];
  const said = named.filter(([key, value]) => value !== UNKNOWN[key]).map(([key, value]) => [key, String(value)]);
  const box = [values[3]!, values[4]!, values[5]!, values[6]!] as const;
  builder.addBox(
    picture,
    { className: fields[0]!, box, ...(said.length > 0 && { attributes: Object.fromEntries(said) }) },
    place,
  );
}
