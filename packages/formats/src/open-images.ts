import { join, posix } from 'node:path';
import { FoveaError, type Xyxy } from '@fovea/annotations';
import { readImageSize } from '@fovea/image';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import { csvRow, firstLine, readTable, splitHeader } from './csv-rows.js';
import type { Place } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { DatasetFolder } from './folder.js';
import { formatNumber, parseNumber } from './number.js';

const CORNERS = ['XMin', 'YMin', 'XMax', 'YMax'] as const;
const FLAGS = ['IsOccluded', 'IsTruncated', 'IsDepiction', 'IsInside'] as const;
const HEADER = [
  'ImageID',
  'Source',
  'LabelName',
  'Confidence',
  'XMin',
  'XMax',
  'YMin',
  'YMax',
  'IsOccluded',
  'IsTruncated',
  'IsGroupOf',
  'IsDepiction',
  'IsInside',
];
const CLASS_HEADER = ['ImageID', 'Source', 'LabelName', 'Confidence'];
const DECIMALS = 9;

/**
 * Open Images: CSV files with `ImageID,…,LabelName,…,XMin,XMax,YMin,YMax`, corners as shares of the picture;
 * `class-descriptions*.csv` gives the names of labels like `/m/01g317`. `IsGroupOf` is a region of many; the other flags
 * are kept as attributes where they are set. Rows without corners say classes of the picture as a whole, where their
 * confidence is above 0. A file's name gives the split. A decimal comma is taken for a point.
 */
export const openImages: AnnotationFormat = {
  name: 'open-images',
  looksLike: 'CSV files with the columns ImageID, LabelName, XMin, XMax, YMin, YMax',
  capability: { ...BOXES_ONLY, boxes: { precision: 1e-3 }, crowds: true, attributes: FLAGS, pictureClasses: 'many' },

  async findLabels(folder) {
    const labels: string[] = [];
    for (const name of csvFiles(folder)) {
      const { columns } = splitHeader(firstLine(await folder.readHead(name, 4096)));
      if (columns.includes('ImageID') && columns.includes('LabelName')) labels.push(name);
    }
    return labels;
  },

  mayHold: (folder) => csvFiles(folder).length > 0,

  async parse(folder, labels) {
    const builder = new DatasetBuilder(folder);
    const names = await readDescriptions(folder, builder);
    const sizes = new Map<string, { width: number; height: number } | undefined>();
    let readable = 0;
    for (const file of labels.length > 0 ? labels : csvFiles(folder).filter((name) => !isDescriptions(name))) {
      if (await readFile(folder, builder, file, names, sizes)) readable++;
    }
    return builder.build('open-images', names.size > 0 ? [...new Set(names.values())] : undefined, readable > 0);
  },

  async write({ classNames, pictures }, target) {
    const labelOf = new Map(classNames.map((name, index) => [name, `/m/fovea${index}`]));
    const rows = classNames.map((name) => {
      if (name.trim() !== name)
        target.tell({ name: '.' }, 'class_renamed', `The class ${JSON.stringify(name)} lost blanks.`);
      return csvRow([labelOf.get(name)!, name.trim()]);
    });
    await target.write('class-descriptions-boxable.csv', rows.join(''));
    const open = async (split: string | undefined, kind: string, header: readonly string[], seen: Set<string>) => {
      const file = `${(split === 'val' ? 'validation' : (split ?? 'all')).replace(/[^\w-]/g, '_')}-${kind}.csv`;
      const text = await target.open(file);
      if (!seen.has(file)) await text.write(csvRow(header));
      seen.add(file);
      return text;
    };
    const seen = new Set<string>();
    await open(undefined, 'annotations-bbox', HEADER, seen);
    for await (const picture of pictures) {
      const name = await target.place(picture, 'images');
      if (picture.annotations.length > 0) {
        const text = await open(picture.split, 'annotations-bbox', HEADER, seen);
        for (const annotation of picture.annotations)
          await text.write(boxRow(annotation, name, labelOf.get(annotation.className)!, picture));
      }
      for (const className of picture.classNames ?? []) {
        const text = await open(picture.split, 'annotations-human-imagelabels', CLASS_HEADER, seen);
        await text.write(csvRow([name, 'verification', labelOf.get(className)!, 1]));
      }
    }
  },
};

function boxRow(
  { box, isCrowd, attributes = {} }: { box: Xyxy; isCrowd?: boolean; attributes?: Record<string, unknown> },
  name: string,
  label: string,
  { width, height }: { width: number; height: number },
): string {
  const [xmin, ymin, xmax, ymax] = box.map((value, at) =>
    formatNumber(value / (at % 2 === 0 ? width : height), DECIMALS),
  );
  const flag = (key: string) => String(attributes[key] ?? 0);
  return csvRow([
    name,
    'xclick',
    label,
    1,
    xmin!,
    xmax!,
    ymin!,
    ymax!,
    flag('IsOccluded'),
    flag('IsTruncated'),
    isCrowd ? 1 : 0,
    flag('IsDepiction'),
    flag('IsInside'),
  ]);
}

function csvFiles(folder: DatasetFolder): string[] {
  return folder.files.filter((name) => /\.csv$/i.test(name));
}

function isDescriptions(file: string): boolean {
  return /class-descriptions[^/]*\.csv$/i.test(file);
}

/** Names by label, in the order of the file: it has no header. */
async function readDescriptions(folder: DatasetFolder, builder: DatasetBuilder): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const file of csvFiles(folder).filter(isDescriptions)) {
    const text = await folder.readText(file);
    if (typeof text !== 'string') {
      builder.problems.push(text);
      continue;
    }
    text.split(/\r?\n/).forEach((line, index) => {
      const match = /^\s*("(?:[^"]|"")*"|[^,]*),(.*)$/.exec(line);
      const [label, name] = [match?.[1], match?.[2]].map((field) => unquote(field ?? ''));
      if (line.trim() === '' || (index === 0 && label === 'LabelName')) return;
      if (label && name) names.set(label, name);
      else builder.problem({ file, line: index + 1 }, 'wrong_column_count', 'The line is not "label,name"; skipped.');
    });
  }
  return names;
}

function unquote(field: string): string {
  const text = field.trim();
  return /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}

async function readFile(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
  names: ReadonlyMap<string, string>,
  sizes: Map<string, { width: number; height: number } | undefined>,
): Promise<boolean> {
  const table = await readTable(folder, builder, file);
  if (!table) return false;
  const missing = ['ImageID', 'LabelName'].filter((column) => !table.columns.includes(column));
  const present = CORNERS.filter((column) => table.columns.includes(column));
  if (present.length > 0) missing.push(...CORNERS.filter((column) => !table.columns.includes(column)));
  if (missing.length > 0) {
    const reason = `The column ${missing.join(', ')} is missing: found ${table.columns.join(',').slice(0, 300)}. The file was not read.`;
    builder.problem({ file, line: 1 }, 'missing_column', reason);
    return false;
  }
  const split = /(?:^|[^a-z])(train|val(?:idation)?|test)(?:[^a-z]|$)/i
    .exec(posix.basename(file))?.[1]
    ?.toLowerCase()
    .slice(0, 5);
  const at = (column: string) => table.columns.indexOf(column);
  let negatives = 0;
  for (const { fields, line } of table.rows) {
    const place = { file, line };
    const value = (column: string) => fields[at(column)] ?? '';
    const reference = value('ImageID');
    if (fields.length !== table.columns.length) {
      const reason = `The row has ${fields.length} fields, the header ${table.columns.length}; skipped.`;
      builder.problem(place, 'wrong_column_count', reason);
      const named = reference === '' ? undefined : folder.resolve(reference, posix.dirname(file));
      if (named && 'name' in named) builder.markUnknown(named.name);
      continue;
    }
    const picture = reference === '' ? undefined : builder.resolve(reference, posix.dirname(file), place);
    if (reference === '') builder.problem(place, 'missing_field', 'The row names no picture; skipped.');
    if (picture === undefined) continue;
    if (split !== undefined) builder.setSplit(picture, split === 'valid' ? 'val' : split);
    const className = names.get(value('LabelName')) ?? value('LabelName');
    if (className === '' || (names.size > 0 && !names.has(value('LabelName')))) {
      builder.skip(
        picture,
        place,
        'unknown_class',
        `The label ${JSON.stringify(className)} has no description; skipped.`,
      );
    } else if (present.length === 0) {
      if (parseNumber(value('Confidence')) === 0) negatives++;
      else builder.addClass(picture, className);
    } else await addRow(folder, builder, picture, place, className, value, sizes);
  }
  if (negatives > 0) {
    const reason = `${negatives} rows say that a picture is not of a class (confidence 0); they were left out.`;
    builder.problem({ file }, 'negative_ignored', reason);
  }
  return true;
}

async function addRow(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  picture: string,
  place: Place,
  className: string,
  value: (column: string) => string,
  sizes: Map<string, { width: number; height: number } | undefined>,
): Promise<void> {
  const corners = CORNERS.map((corner) => parseNumber(value(corner).replace(',', '.')));
  const bad = CORNERS.filter((_, index) => !Number.isFinite(corners[index]));
  if (bad.length > 0) {
    const what = bad.map((corner) => `${corner} ${JSON.stringify(value(corner))}`).join(', ');
    builder.skip(picture, place, 'bad_number', `Not a number: ${what}; skipped.`);
    return;
  }
  if (!sizes.has(picture)) sizes.set(picture, await sizeOf(folder, picture));
  const size = sizes.get(picture);
  if (size === undefined) return builder.markUnknown(picture); // Reported when the picture itself is read.
  builder.setSize(picture, size);
  const [xmin, ymin, xmax, ymax] = corners as [number, number, number, number];
  const box = [xmin * size.width, ymin * size.height, xmax * size.width, ymax * size.height] as const;
  const flags = FLAGS.filter((flag) => !['', '0', '-1'].includes(value(flag)));
  builder.addBox(
    picture,
    {
      className,
      box,
      ...(value('IsGroupOf') === '1' && { isCrowd: true }),
      ...(flags.length > 0 && { attributes: Object.fromEntries(flags.map((flag) => [flag, value(flag)])) }),
    },
    place,
  );
}

async function sizeOf(folder: DatasetFolder, picture: string): Promise<{ width: number; height: number } | undefined> {
  try {
    return await readImageSize(join(folder.root, picture));
  } catch (error) {
    if (error instanceof FoveaError) return undefined;
    throw error;
  }
}
