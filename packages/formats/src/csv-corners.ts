import { posix } from 'node:path';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import { csvRow, firstLine, readTable, splitHeader } from './csv-rows.js';
import type { ParsedDataset } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { DatasetFolder } from './folder.js';
import { parseNumber } from './number.js';

/** Column of each role, and the other names tools give it; letter case does not matter. */
const COLUMNS = {
  image: ['image', 'filename', 'file', 'file_name', 'image_name', 'path'],
  xmin: ['xmin', 'x_min', 'x1', 'left'],
  ymin: ['ymin', 'y_min', 'y1', 'top'],
  xmax: ['xmax', 'x_max', 'x2', 'right'],
  ymax: ['ymax', 'y_max', 'y2', 'bottom'],
  label: ['label', 'class', 'class_name', 'name', 'category'],
} as const;

type Role = keyof typeof COLUMNS;
const ROLES = Object.keys(COLUMNS) as Role[];
const CORNERS = ['xmin', 'ymin', 'xmax', 'ymax'] as const;
const EXPECTED = ROLES.join(',');

/**
 * One row a box: `image,xmin,ymin,xmax,ymax,label`, corners in pixels; comma, semicolon or tab between. Pictures
 * without rows are background, and so is one whose row leaves corners and label empty.
 */
export const csvCorners: AnnotationFormat = {
  name: 'csv-corners',
  looksLike: `a CSV file with the columns ${EXPECTED}`,

  async findLabels(folder) {
    const labels: string[] = [];
    const empty: string[] = [];
    for (const name of folder.files.filter((file) => /\.csv$/i.test(file))) {
      const head = await folder.readHead(name);
      if (head.trim() === '') empty.push(name);
      const header = splitHeader(firstLine(head));
      // Open Images' files have corners too, but as shares of the picture, and an id instead of a name.
      if (header.columns.some((column) => column === 'ImageID')) continue;
      const roles = ROLES.filter((role) => findColumn(header.columns, role) >= 0);
      // A file that lacks a column or two is meant to be one of these, and its parse says what is missing.
      if (roles.length >= 4 || (roles.includes('image') && roles.length >= 3)) labels.push(name);
    }
    return labels.length > 0 ? [...labels, ...empty] : [];
  },

  capability: BOXES_ONLY,

  mayHold: (folder) => folder.files.some((name) => /\.csv$/i.test(name)),

  async parse(folder, labels): Promise<ParsedDataset> {
    const builder = new DatasetBuilder(folder);
    const files = labels.length > 0 ? labels : folder.files.filter((file) => /\.csv$/i.test(file));
    let readable = 0;
    for (const file of files) if (await readFile(folder, builder, file)) readable++;
    return builder.build('csv-corners', undefined, readable > 0);
  },

  async write({ pictures }, target) {
    const text = await target.open('boxes.csv');
    await text.write(`${EXPECTED}\n`);
    for await (const picture of pictures) {
      const name = await target.place(picture, 'images');
      for (const { className, box } of picture.annotations) {
        const label = className.trim();
        if (label !== className)
          target.tell(picture, 'class_renamed', `The class ${JSON.stringify(className)} lost blanks.`);
        await text.write(csvRow([name, ...box, label]));
      }
      // A row without corners says background, also where the pictures themselves are elsewhere.
      if (picture.annotations.length === 0) await text.write(csvRow([name, '', '', '', '', '']));
    }
  },
};

async function readFile(folder: DatasetFolder, builder: DatasetBuilder, file: string): Promise<boolean> {
  const table = await readTable(folder, builder, file);
  if (!table) return false;
  const { columns, rows } = table;
  const at = Object.fromEntries(ROLES.map((role) => [role, findColumn(columns, role)])) as Record<Role, number>;
  const missing = ROLES.filter((role) => at[role] < 0);
  if (missing.length > 0) {
    builder.problem(
      { file, line: 1 },
      'missing_column',
      `The column${missing.length > 1 ? 's' : ''} ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing: ` +
        `found ${columns.join(',')}, expected ${EXPECTED}. The file was not read.`,
    );
    return false;
  }

  const from = posix.dirname(file);
  for (const { fields, line } of rows) {
    const place = { file, line };
    const value = (role: Role) => fields[at[role]] ?? '';
    if (fields.length !== columns.length) {
      const reason = `The row has ${fields.length} fields, the header ${columns.length}; skipped.`;
      builder.problem(place, 'wrong_column_count', reason);
      markPicture(folder, builder, value('image'), from);
      continue;
    }
    if (value('image') === '') {
      builder.problem(place, 'missing_field', 'The row names no picture; skipped.');
      continue;
    }
    const picture = builder.resolve(value('image'), from, place);
    if (picture === undefined) continue;
    const className = value('label');
    if (className === '' && CORNERS.every((corner) => value(corner) === '')) continue;
    const box = CORNERS.map((corner) => parseNumber(value(corner)));
    const bad = CORNERS.filter((_, index) => !Number.isFinite(box[index]));
    if (bad.length > 0) {
      const what = bad.map((corner) => `${corner} "${value(corner)}"`).join(', ');
      builder.skip(picture, place, 'bad_number', `Not a number: ${what}; skipped.`);
    } else if (className === '') {
      builder.skip(picture, place, 'unknown_class', 'The row has no label; skipped.');
    } else {
      builder.addBox(picture, { className, box: [box[0]!, box[1]!, box[2]!, box[3]!] }, place);
    }
  }
  return true;
}

/** A row that could not be read still says that its picture is not background. */
function markPicture(folder: DatasetFolder, builder: DatasetBuilder, reference: string, from: string): void {
  const resolved = reference === '' ? undefined : folder.resolve(reference, from);
  if (resolved && 'name' in resolved) builder.markUnknown(resolved.name);
}

function findColumn(columns: readonly string[], role: Role): number {
  const lower = columns.map((column) => column.toLowerCase());
  for (const name of COLUMNS[role]) if (lower.includes(name)) return lower.indexOf(name);
  return -1;
}
