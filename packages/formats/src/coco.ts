import { posix } from 'node:path';
import { type BoxAnnotation, type Xyxy, xywhToXyxy } from '@fovea/annotations';
import type { AnnotationFormat } from './annotation-format.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { DatasetFolder } from './folder.js';

type Json = Record<string, unknown>;

/**
 * COCO detection JSON (https://cocodataset.org/#format-data): `images`, `annotations` with `bbox` [x, y, width, height]
 * in pixels, `categories`. Several files (train and val, say) are read as one data set. An annotation without a `bbox`
 * but with polygons gets the box around them.
 */
export const coco: AnnotationFormat = {
  name: 'coco',
  looksLike: 'a JSON file with "images", "annotations" and "categories"',

  async findLabels(folder) {
    const labels: string[] = [];
    const empty: string[] = [];
    for (const name of folder.files.filter((file) => /\.json$/i.test(file))) {
      const head = await folder.readHead(name);
      if (head.trim() === '') empty.push(name);
      if (/^\s*\{/.test(head) && /"(images|annotations|categories)"\s*:\s*\[/.test(head)) labels.push(name);
    }
    return labels.length > 0 ? [...labels, ...empty] : [];
  },

  async parse(folder, labels) {
    const builder = new DatasetBuilder(folder);
    const files = labels.length > 0 ? labels : folder.files.filter((file) => /\.json$/i.test(file));
    const names = new Map<string, number>();
    let readable = 0;
    for (const file of files) if (await readFile(folder, builder, file, names)) readable++;
    const classNames = [...names].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
    return builder.build('coco', classNames, readable > 0);
  },
};

/** @param names filled with each class name and the smallest id a file gives it */
async function readFile(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
  names: Map<string, number>,
): Promise<boolean> {
  const json = await readJson(folder, builder, file);
  if (!json) return false;

  const categories = new Map<unknown, string>();
  for (const category of asRecords(json.categories)) {
    if (typeof category.name !== 'string' || category.name.trim() === '') {
      builder.problem({ file }, 'unknown_class', `Category ${show(category.id)} has no name; skipped.`);
      continue;
    }
    const name = category.name.trim();
    categories.set(category.id, name);
    names.set(name, Math.min(names.get(name) ?? Infinity, Number(category.id)));
  }

  const pictures = new Map<unknown, string | undefined>();
  const from = posix.dirname(file);
  const split = /(?:^|[^a-z])(train|val|test)(?:[^a-z]|$)/i.exec(posix.basename(file))?.[1]?.toLowerCase();
  for (const image of asRecords(json.images)) {
    if (pictures.has(image.id)) {
      builder.problem({ file }, 'duplicate', `Image id ${show(image.id)} is used twice; the second was skipped.`);
      continue;
    }
    if (typeof image.file_name !== 'string' || image.file_name === '') {
      builder.problem({ file }, 'missing_field', `Image ${show(image.id)} has no "file_name"; skipped.`);
      continue;
    }
    const picture = builder.resolve(image.file_name, from, { file });
    pictures.set(image.id, picture);
    if (picture !== undefined && split) builder.setSplit(picture, split);
  }

  for (const annotation of asRecords(json.annotations)) addAnnotation(builder, file, annotation, pictures, categories);
  return true;
}

function addAnnotation(
  builder: DatasetBuilder,
  file: string,
  annotation: Json,
  pictures: ReadonlyMap<unknown, string | undefined>,
  categories: ReadonlyMap<unknown, string>,
): void {
  const what = `Annotation ${show(annotation.id)}`;
  if (!pictures.has(annotation.image_id)) {
    const reason = `${what} is of image ${show(annotation.image_id)}, which the file does not list; skipped.`;
    builder.problem({ file }, 'unknown_picture', reason);
    return;
  }
  const picture = pictures.get(annotation.image_id);
  if (picture === undefined) return; // The picture itself was reported.
  const className = categories.get(annotation.category_id);
  if (className === undefined) {
    const known = [...categories].slice(0, 12).map(([id, name]) => `${id} ${name}`);
    const reason = `${what} has category ${show(annotation.category_id)}; known are ${known.join(', ')}. Skipped.`;
    builder.skip(picture, { file }, 'unknown_class', reason);
    return;
  }
  const box = boxOf(annotation);
  if (box === undefined) {
    builder.skip(picture, { file }, 'no_box', `${what} has neither "bbox" nor polygons; skipped.`);
    return;
  }
  const entry: BoxAnnotation = {
    className,
    box,
    ...(annotation.iscrowd === 1 || annotation.iscrowd === true ? { isCrowd: true } : {}),
    ...(isRecord(annotation.attributes) && { attributes: annotation.attributes }),
  };
  builder.addBox(picture, entry, { file });
}

function boxOf({ bbox, segmentation }: Json): Xyxy | undefined {
  if (Array.isArray(bbox) && bbox.length === 4) {
    const [x, y, width, height] = bbox.map((value) => (typeof value === 'number' ? value : Number.NaN));
    return xywhToXyxy([x!, y!, width!, height!]);
  }
  if (!Array.isArray(segmentation)) return undefined;
  const points = segmentation.flat().filter((value) => typeof value === 'number');
  if (points.length < 6) return undefined;
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i + 1 < points.length; i += 2) {
    box[0] = Math.min(box[0], points[i]!);
    box[1] = Math.min(box[1], points[i + 1]!);
    box[2] = Math.max(box[2], points[i]!);
    box[3] = Math.max(box[3], points[i + 1]!);
  }
  return box;
}

async function readJson(folder: DatasetFolder, builder: DatasetBuilder, file: string): Promise<Json | undefined> {
  const text = await folder.readText(file);
  if (typeof text !== 'string') {
    builder.problems.push(text);
    return undefined;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = `The file is not JSON (${(error as Error).message.slice(0, 120)}); nothing of it was read.`;
    builder.problem({ file, ...lineOfJsonError(text, error) }, 'broken_file', reason);
    return undefined;
  }
  const missing = ['images', 'annotations', 'categories'].filter((key) => !isRecord(json) || !Array.isArray(json[key]));
  if (missing.length > 0) {
    const found = isRecord(json) ? Object.keys(json).slice(0, 12).join(', ') : `a ${typeof json}`;
    const reason = `The file lacks the list "${missing.join('", "')}": found ${found}, expected images, annotations, categories.`;
    builder.problem({ file }, 'missing_field', `${reason} It was not read.`);
    return undefined;
  }
  return json as Json;
}

function lineOfJsonError(text: string, error: unknown): { line?: number } {
  const position = /position (\d+)/.exec((error as Error).message)?.[1];
  return position === undefined ? {} : { line: text.slice(0, Number(position)).split('\n').length };
}

function asRecords(list: unknown): Json[] {
  return (list as unknown[]).filter(isRecord);
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return value === undefined ? 'without id' : JSON.stringify(value);
}
