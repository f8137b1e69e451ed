import { posix } from 'node:path';
import {
  type BoxAnnotation,
  decodeMask,
  encodeMask,
  FoveaError,
  maskBox,
  maskFromCoco,
  maskToCoco,
  polygonBox,
} from '@fovea/annotations';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import type { Place } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import { type DatasetFolder, withExtension } from './folder.js';
import { asRecords, isNumbers, isRecord, type Json, readJson, show } from './json-file.js';
import { decodeLabelMap, encodeLabelMap } from './label-map.js';
import { isSameBox, ShapeGroups } from './shape-groups.js';

/** A circle becomes a polygon of so many corners. */
const CIRCLE_CORNERS = 32;
/** How many files are looked at to tell the format. */
const SAMPLES = 50;
/** Kinds of shapes that are no objects with an extent. */
const THIN = ['point', 'points', 'line', 'linestrip'];

/**
 * LabelMe: a JSON file a picture, `shapes` of `label`, `shape_type` and `points`. Rectangles are boxes, polygons and
 * masks shapes; those of one label and `group_id` are the parts of one object. A circle becomes a polygon, which is
 * told; points and lines are left out and told; `imageData` is not read. `flags` that are set and `description` are kept
 * as attributes. A picture without a file is unlabelled.
 */
export const labelme: AnnotationFormat = {
  name: 'labelme',
  looksLike: 'JSON files with "shapes" and "imagePath"',
  capability: { ...BOXES_ONLY, polygons: 'many', masks: true, attributes: 'all', unlabelled: true },

  async findLabels(folder) {
    const labels: string[] = [];
    const files = folder.files.filter((file) => /\.json$/i.test(file));
    for (const [index, name] of files.entries()) {
      if (index >= SAMPLES && labels.length === 0) return [];
      const head = await folder.readHead(name, 4096);
      const keys = ['shapes', 'imagePath', 'imageData', 'imageHeight', 'flags'].filter((key) =>
        new RegExp(`"${key}"\\s*:`).test(head),
      );
      // With the picture in it, the head of a file may hold no more than its first keys.
      if (/^\s*\{/.test(head) && keys.length >= 2 && /"(shapes|imagePath|imageData)"/.test(head)) labels.push(name);
    }
    return labels;
  },

  mayHold: (folder) => folder.files.some((name) => /\.json$/i.test(name)),

  async parse(folder, labels) {
    const builder = new DatasetBuilder(folder);
    const files = labels.length > 0 ? labels : folder.files.filter((name) => /\.json$/i.test(name));
    const read = new Set<string>();
    for (const file of files) await readFile(folder, builder, file, read);
    for (const picture of folder.pictures) if (!read.has(picture)) builder.markUnknown(picture);
    return builder.build('labelme', undefined);
  },

  async write({ pictures }, target) {
    for await (const picture of pictures) {
      const name = await target.place(picture, 'images');
      if (!picture.boxed) continue;
      const json = {
        version: '5.5.0',
        flags: {},
        shapes: (await Promise.all(picture.annotations.map(shapesOf))).flat(),
        imagePath: posix.basename(name),
        imageData: null,
        imageHeight: picture.height,
        imageWidth: picture.width,
      };
      await target.write(withExtension(name, '.json'), `${JSON.stringify(json, null, 1)}\n`);
    }
  },
};

/** The shapes of an object, and the box as a rectangle of their group where it is not the one around them. */
async function shapesOf(annotation: BoxAnnotation, index: number): Promise<Json[]> {
  const { className, box, polygons = [], mask, attributes } = annotation;
  const base = (type: string, points: number[][], extra: Json = {}): Json => ({
    label: className,
    points,
    group_id: null,
    description: '',
    shape_type: type,
    flags: {},
    ...extra,
  });
  const [xmin, ymin, xmax, ymax] = box;
  const shapes = polygons.map((polygon) => base('polygon', pairs(polygon)));
  if (mask) shapes.push(await maskShape(mask, base));
  const inside = mask ? maskBox(maskFromCoco(mask)) : polygonBox(...polygons);
  if (shapes.length === 0 || !isSameBox(inside, box))
    shapes.unshift(
      base('rectangle', [
        [xmin, ymin],
        [xmax, ymax],
      ]),
    );
  if (attributes) shapes[0] = { ...shapes[0], attributes };
  return shapes.length > 1 ? shapes.map((shape) => ({ ...shape, group_id: index + 1 })) : shapes;
}

async function maskShape(
  rle: NonNullable<BoxAnnotation['mask']>,
  base: (type: string, points: number[][], extra: Json) => Json,
): Promise<Json> {
  const mask = maskFromCoco(rle);
  const [xmin, ymin, xmax, ymax] = maskBox(mask);
  const pixels = decodeMask(mask);
  const [width, height] = [Math.max(1, xmax - xmin), Math.max(1, ymax - ymin)];
  const data = new Uint8Array(width * height);
  for (let y = 0; y < ymax - ymin; y++) {
    data.set(pixels.subarray((ymin + y) * mask.width + xmin, (ymin + y) * mask.width + xmax), y * width);
  }
  const png = await encodeLabelMap({ data, width, height });
  // The last corner is of the last pixel, not behind it.
  return base(
    'mask',
    [
      [xmin, ymin],
      [xmin + width - 1, ymin + height - 1],
    ],
    { mask: Buffer.from(png).toString('base64') },
  );
}

function pairs(polygon: readonly number[]): number[][] {
  return Array.from({ length: polygon.length / 2 }, (_, at) => [polygon[at * 2]!, polygon[at * 2 + 1]!]);
}

async function readFile(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
  read: Set<string>,
): Promise<void> {
  const from = posix.dirname(file);
  const beside = folder.resolveStem(withExtension(file, ''));
  const json = await readJson(folder, builder, file);
  const named = typeof json?.imagePath === 'string' && json.imagePath !== '' ? json.imagePath : posix.parse(file).name;
  // The picture beside the file is meant, whatever path of another machine it names.
  const picture = beside ?? builder.resolve(named, from, { file });
  if (picture === undefined) return;
  read.add(picture);
  if (!json) return builder.markUnknown(picture);
  if (!Array.isArray(json.shapes)) {
    builder.skip(picture, { file }, 'missing_field', 'The file lacks the list "shapes"; nothing of it was read.');
    return;
  }
  if (isSide(json.imageWidth) && isSide(json.imageHeight)) {
    builder.setSize(picture, { width: json.imageWidth, height: json.imageHeight });
  }
  const groups = new ShapeGroups();
  for (const [index, shape] of asRecords(json.shapes).entries()) {
    await readShape(builder, picture, { file }, shape, index, json, groups);
  }
  for (const { annotation } of groups.objects()) builder.addBox(picture, annotation, { file });
}

async function readShape(
  builder: DatasetBuilder,
  picture: string,
  place: Place,
  shape: Json,
  index: number,
  file: Json,
  groups: ShapeGroups,
): Promise<void> {
  const { label, points, shape_type: type = 'polygon', group_id: group } = shape;
  const skip = (code: string, reason: string) => builder.skip(picture, place, code, `${reason} Skipped.`);
  if (typeof label !== 'string' || label.trim() === '') return skip('unknown_class', `Shape ${index} has no label.`);
  if (THIN.includes(String(type))) {
    builder.problem(place, 'shape_ignored', `Shape ${index}, a ${type} of ${label}, has no extent; skipped.`);
    return;
  }
  const numbers = Array.isArray(points) ? points.flat() : [];
  if (!isNumbers(numbers) || numbers.length < 4 || numbers.length % 2 === 1) {
    return skip('bad_number', `Shape ${index}, a ${show(type)} of ${label}, has points that are no pairs of numbers.`);
  }
  const part = await partOf(String(type), numbers, shape, file);
  if (typeof part === 'string')
    return skip(part.startsWith('mask') ? 'bad_mask' : 'shape_ignored', `Shape ${index} of ${label}: ${part}.`);
  if (type === 'circle' || type === 'oriented_rectangle') {
    builder.problem(place, 'shape_converted', `Shape ${index}, a ${type} of ${label}, became a polygon.`);
  }
  const key = typeof group === 'number' || typeof group === 'string' ? `group ${group}` : undefined;
  groups.add(key, { className: label.trim(), ...part, ...attributesOf(shape) }, type === 'rectangle', place);
}

async function partOf(
  type: string,
  points: readonly number[],
  shape: Json,
  file: Json,
): Promise<Pick<BoxAnnotation, 'box' | 'polygons' | 'mask'> | string> {
  const [ax, ay, bx, by] = points as [number, number, number, number];
  if (type === 'rectangle') return { box: polygonBox(points) };
  if (type === 'polygon' || type === 'oriented_rectangle') {
    return points.length < 6
      ? 'a polygon of fewer than three corners'
      : { box: polygonBox(points), polygons: [points] };
  }
  if (type === 'circle') {
    const radius = Math.hypot(bx - ax, by - ay);
    const corners = Array.from({ length: CIRCLE_CORNERS }, (_, at) => (at * 2 * Math.PI) / CIRCLE_CORNERS);
    const polygon = corners.flatMap((angle) => [ax + radius * Math.cos(angle), ay + radius * Math.sin(angle)]);
    return { box: [ax - radius, ay - radius, ax + radius, ay + radius], polygons: [polygon] };
  }
  if (type === 'mask') return readMask(ax, ay, shape.mask, file);
  return `there is no kind of shape ${show(type)}, known are rectangle, polygon, circle, mask`;
}

async function readMask(
  left: number,
  top: number,
  png: unknown,
  { imageWidth: width, imageHeight: height }: Json,
): Promise<Pick<BoxAnnotation, 'box' | 'mask'> | string> {
  if (!isSide(width) || !isSide(height)) return 'mask in a file without imageWidth and imageHeight';
  if (typeof png !== 'string' || !Number.isInteger(left) || !Number.isInteger(top))
    return 'mask without pixels or place';
  if (width * height > 2 ** 27) return `mask in a picture of ${width} x ${height}, which is too large`;
  try {
    const map = await decodeLabelMap(Buffer.from(png, 'base64'));
    const pixels = new Uint8Array(width * height);
    for (let y = Math.max(0, -top); y < map.height && top + y < height; y++) {
      for (let x = Math.max(0, -left); x < map.width && left + x < width; x++) {
        if (map.data[y * map.width + x] !== 0) pixels[(top + y) * width + left + x] = 1;
      }
    }
    const mask = encodeMask(pixels, width, height);
    return { box: maskBox(mask), mask: maskToCoco(mask) };
  } catch (error) {
    if (error instanceof FoveaError) return `mask that cannot be read (${error.message})`;
    throw error;
  }
}

function attributesOf({ flags, description, attributes }: Json): { attributes?: Json } {
  const set = isRecord(flags) ? Object.entries(flags).filter(([, value]) => value === true) : [];
  const said: Json = {
    ...(isRecord(attributes) && attributes),
    ...Object.fromEntries(set),
    ...(typeof description === 'string' && description !== '' && { description }),
  };
  return Object.keys(said).length > 0 ? { attributes: said } : {};
}

function isSide(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
