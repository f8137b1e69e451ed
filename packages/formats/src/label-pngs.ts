import { posix } from 'node:path';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { ExportTarget } from './export-target.js';
import { type DatasetFolder, withExtension } from './folder.js';
import { UNLABELLED } from './label-map.js';
import { addLabelMap } from './label-map-file.js';

/** Folders of pictures, and the names of the folders beside them in which their labels may lie. */
const FOLDERS: Record<string, readonly string[]> = {
  images: ['labels', 'masks', 'annotations'],
  jpegimages: ['segmentationclass'],
};
const NAMES_FILE = /(^|\/)(?:classes\.txt|labels\.txt|[^/]*\.names)$/i;
const AT_ONCE = 4;

/**
 * A PNG for each picture with a class for each pixel: `images` and `labels` folders side by side (also `masks`,
 * `annotations`, or `JPEGImages` and `SegmentationClass`), files of equal base names, above or below folders of splits.
 * One channel, grey or palette; the stored value is the class, 255 unlabelled. Class names come from `classes.txt`,
 * `labels.txt` or `*.names`, one a line, or are given; else they are `class 0`, `class 1`, ….
 */
export const labelPngs: AnnotationFormat = {
  name: 'label-pngs',
  looksLike: 'PNG files in a folder "labels" beside "images", named like the pictures, one channel of class values',

  capability: { ...BOXES_ONLY, boxes: false, labelMaps: true },

  takesClassNames: true,

  mayHold: () => false,

  async findLabels(folder) {
    return [...pairs(folder).labelOf.values()].sort();
  },

  async parse(folder, _labels, options = {}) {
    const { labelOf, labels } = pairs(folder);
    const pictures = folder.pictures.filter((name) => !labels.has(name));
    const builder = new DatasetBuilder(folder, pictures);
    const given = options.classNames ?? (await readNames(folder, builder));
    const seen = new ValuesSeen();
    const queue = pictures.values();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const picture of queue) await readLabel(folder, builder, seen, picture, labelOf.get(picture));
      }),
    );
    const paired = new Set(labelOf.values());
    for (const label of labels) {
      if (paired.has(label)) continue;
      const reason = 'No picture of the same name lies in the folder of pictures beside it; skipped.';
      builder.problem({ file: label }, 'missing_picture', reason);
    }
    const classNames = given ?? seen.names();
    for (const { value, pixels, maps, file } of seen.beyond(classNames.length)) {
      const reason =
        `The value ${value} is beyond the ${classNames.length} classes (0 to ${classNames.length - 1}): ` +
        `${pixels} pixels in ${maps} label ${maps === 1 ? 'map' : 'maps'}, this the first, count as unlabelled.`;
      builder.problem({ file }, 'unknown_class', reason);
    }
    builder.sortProblems();
    return builder.build('label-pngs', classNames);
  },

  async write({ classNames, pictures }, target) {
    for await (const picture of pictures) {
      const name = await target.place(picture, 'images');
      await target.write(withExtension(name.replace(/^images\//, 'labels/'), '.png'), await picture.labelMap!.load());
    }
    await target.write('classes.txt', nameLines(classNames, target));
  },
};

/** Class names, one a line; what would break a line is told and replaced. */
export function nameLines(classNames: readonly string[], target: Pick<ExportTarget, 'tell'>): string {
  const lines = classNames.map((name) => {
    const line = name.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
    if (line !== name) {
      target.tell(
        { name: 'classes.txt' },
        'class_renamed',
        `The class ${JSON.stringify(name)} is called ${JSON.stringify(line)}.`,
      );
    }
    return `${line}\n`;
  });
  return lines.join('');
}

/** Of each value, how many pixels and maps have it, and the first of them by name. */
class ValuesSeen {
  private readonly values = new Map<number, { pixels: number; maps: number; file: string }>();

  add(counts: Uint32Array, file: string): void {
    counts.forEach((pixels, value) => {
      if (pixels === 0 || value === UNLABELLED) return;
      const before = this.values.get(value);
      if (before === undefined) this.values.set(value, { pixels, maps: 1, file });
      else {
        before.pixels += pixels;
        before.maps++;
        if (file < before.file) before.file = file;
      }
    });
  }

  names(): string[] {
    return Array.from({ length: Math.max(-1, ...this.values.keys()) + 1 }, (_, index) => `class ${index}`);
  }

  beyond(classes: number): { value: number; pixels: number; maps: number; file: string }[] {
    return [...this.values]
      .filter(([value]) => value >= classes)
      .sort(([a], [b]) => a - b)
      .map(([value, seen]) => ({ value, ...seen }));
  }
}

async function readLabel(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  seen: ValuesSeen,
  picture: string,
  label: string | undefined,
): Promise<void> {
  if (label === undefined) {
    const reason = 'There is no label PNG of the same name; the picture stays unlabelled.';
    builder.skip(picture, { file: picture }, 'no_label_map', reason);
    return;
  }
  const counts = await addLabelMap(folder, builder, picture, label);
  if (counts) seen.add(counts, label);
}

/** Which label belongs to which picture, and everything that is a label by the folder it lies in. */
function pairs({ pictures }: DatasetFolder): { labelOf: Map<string, string>; labels: Set<string> } {
  const byPlace = new Map<string, string>();
  for (const name of pictures) {
    if (/\.png$/i.test(name)) byPlace.set(placeOf(name), name);
  }
  const labelOf = new Map<string, string>();
  const folders = new Set<string>();
  for (const picture of pictures) {
    for (const place of labelPlaces(picture)) {
      const label = byPlace.get(place);
      if (label === undefined) continue;
      labelOf.set(picture, label);
      folders.add(posix.dirname(label));
      break;
    }
  }
  return { labelOf, labels: new Set(pictures.filter((name) => folders.has(posix.dirname(name)))) };
}

/** Where a file lies, without its ending; folders in lower case, as their names are matched. */
function placeOf(name: string): string {
  return posix.join(posix.dirname(name).toLowerCase(), posix.parse(name).name);
}

/** The places at which the label of a picture may lie: its folder's, with one part replaced. */
function labelPlaces(picture: string): string[] {
  const parts = placeOf(picture).split('/');
  return parts
    .slice(0, -1)
    .flatMap((part, index) =>
      Object.hasOwn(FOLDERS, part)
        ? FOLDERS[part]!.map((folder) => [...parts.slice(0, index), folder, ...parts.slice(index + 1)].join('/'))
        : [],
    );
}

/** The names in the file nearest to the root; undefined where there is none with names. */
async function readNames(folder: DatasetFolder, builder: DatasetBuilder): Promise<string[] | undefined> {
  const depth = (name: string) => name.split('/').length;
  const files = folder.files.filter((name) => NAMES_FILE.test(name)).sort((a, b) => depth(a) - depth(b));
  for (const file of files) {
    const text = await folder.readText(file);
    if (typeof text !== 'string') {
      builder.problems.push(text);
      continue;
    }
    const names = text.split(/\r?\n/).map((line) => line.trim());
    while (names.at(-1) === '') names.pop();
    return names.map((name, index) => {
      if (name !== '' && names.indexOf(name) === index) return name;
      const other = `class ${index}`;
      const why = name === '' ? 'The line is empty' : `The name ${name} was there before`;
      builder.problem({ file, line: index + 1 }, 'class_name_clash', `${why}: class ${index} is called "${other}".`);
      return other;
    });
  }
  return undefined;
}
