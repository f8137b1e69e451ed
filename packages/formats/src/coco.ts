import { posix } from 'node:path';
import {
  type BoxAnnotation,
  maskArea,
  maskBox,
  maskFromCoco,
  type Polygon,
  polygonArea,
  polygonBox,
  type Skeleton,
  type Xyxy,
  xywhToXyxy,
  xyxyToXywh,
} from '@fovea/annotations';
import type { AnnotationFormat } from './annotation-format.js';
import { EVERYTHING } from './capability.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { ExportTarget } from './export-target.js';
import type { DatasetFolder } from './folder.js';
import { asRecords, isRecord, type Json, readJson, show } from './json-file.js';
import { checkMask } from './object-shape.js';
import { skeletonOf } from './picture-record.js';

/**
 * COCO detection JSON (https://cocodataset.org/#format-data): `images`, `annotations` with `bbox` [x, y, width, height]
 * in pixels, `segmentation` as polygons or runs (packed or not), `keypoints`, `iscrowd`, `attributes` and `track_id`,
 * `categories` with `keypoints` and `skeleton`. Several files (train and val, say) are read as one data set. An
 * annotation without a `bbox` gets the box around its shape. Captions are left alone.
 */
export const coco: AnnotationFormat = {
  name: 'coco',
  looksLike: 'a JSON file with "images", "annotations" and "categories"',
  capability: {
    ...EVERYTHING,
    boxes: { precision: 1e-6 },
    holes: false,
    rotatedBoxes: false,
    pictureClasses: false,
    labelMaps: false,
    unlabelled: false,
  },

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

  mayHold: (folder) => folder.files.some((name) => /\.json$/i.test(name)),

  async parse(folder, labels) {
    const builder = new DatasetBuilder(folder);
    const files = labels.length > 0 ? labels : folder.files.filter((file) => /\.json$/i.test(file));
    const names = new Map<string, number>();
    let readable = 0;
    for (const file of files) if (await readFile(folder, builder, file, names)) readable++;
    const classNames = [...names].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
    return builder.build('coco', classNames, readable > 0);
  },

  async write({ classNames, skeletons, pictures }, target) {
    const categories = classNames.map((name, index) => categoryOf(name, index + 1, skeletons?.[name]));
    const idOf = new Map(classNames.map((name, index) => [name, index + 1]));
    const files = new Map<string, CocoFile>();
    for await (const picture of pictures) {
      const split = picture.split ?? '';
      let file = files.get(split);
      if (file === undefined) {
        file = await CocoFile.open(target, split, categories);
        files.set(split, file);
      }
      const name = await target.place(picture, 'images');
      const image = await file.addImage({ file_name: name, width: picture.width, height: picture.height });
      for (const annotation of picture.annotations)
        await file.addAnnotation(image, idOf.get(annotation.className)!, annotation);
    }
    if (files.size === 0) files.set('', await CocoFile.open(target, '', categories));
    for (const file of files.values()) await file.close();
  },
};

/** A file being written: its pictures go into it as they come, their annotations after all of them. */
class CocoFile {
  private images = 0;
  private annotations = 0;

  private constructor(
    private readonly target: ExportTarget,
    private readonly name: string,
  ) {}

  static async open(target: ExportTarget, split: string, categories: readonly Json[]): Promise<CocoFile> {
    // A split is named by anyone: only what a file's name may hold and reading takes for a split goes into it.
    const part = split === '' ? '' : `_${split.replace(/[^\w-]/g, '_')}`;
    const file = new CocoFile(target, `annotations/instances${part}.json`);
    const text = await target.open(file.name);
    await text.write(`{"categories":[\n${categories.map((each) => JSON.stringify(each)).join(',\n')}\n],"images":[`);
    return file;
  }

  async addImage(image: Json): Promise<number> {
    const id = ++this.images;
    const text = await this.target.open(this.name);
    await text.write(`${id > 1 ? ',' : ''}\n${JSON.stringify({ id, ...image })}`);
    return id;
  }

  async addAnnotation(image: number, category: number, annotation: BoxAnnotation): Promise<void> {
    const id = ++this.annotations;
    const text = await this.target.open(`${this.name}.annotations`);
    await text.write(`${id > 1 ? ',' : ''}\n${JSON.stringify(entryOf(annotation, id, image, category))}`);
  }

  async close(): Promise<void> {
    await (await this.target.open(this.name)).write('\n],"annotations":[');
    await this.target.open(`${this.name}.annotations`);
    await this.target.join(this.name, `${this.name}.annotations`);
    await (await this.target.open(this.name)).write('\n]}\n');
  }
}

function categoryOf(name: string, id: number, skeleton: Skeleton | undefined): Json {
  const category = { id, name, supercategory: '' };
  if (!skeleton) return category;
  return { ...category, keypoints: skeleton.names, skeleton: skeleton.edges.map(([from, to]) => [from + 1, to + 1]) };
}

function entryOf(annotation: BoxAnnotation, id: number, image: number, category: number): Json {
  const { box, polygons, mask, keypoints, isCrowd, trackId, attributes } = annotation;
  const bbox = xyxyToXywh(box);
  const runs = mask && typeof mask.counts === 'string' && isCrowd ? unpacked(mask) : mask;
  return {
    id,
    image_id: image,
    category_id: category,
    bbox,
    area: polygons
      ? polygons.reduce((sum, part) => sum + polygonArea(part), 0)
      : mask
        ? maskArea(maskFromCoco(mask))
        : bbox[2] * bbox[3],
    segmentation: polygons ?? runs ?? [],
    iscrowd: isCrowd ? 1 : 0,
    ...(keypoints && { keypoints, num_keypoints: keypoints.filter((value, at) => at % 3 === 2 && value > 0).length }),
    ...(trackId !== undefined && { track_id: trackId }),
    ...(attributes && { attributes }),
  };
}

/** Crowds have their runs as numbers in COCO's own files, and the tools that read them expect it. */
function unpacked(mask: NonNullable<BoxAnnotation['mask']>): Json {
  return { size: mask.size, counts: [...maskFromCoco(mask).counts] };
}

/** @param names filled with each class name and the smallest id a file gives it */
async function readFile(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
  names: Map<string, number>,
): Promise<boolean> {
  const json = await readJson(folder, builder, file);
  if (!json) return false;
  if (isCaptions(json)) {
    const count = asRecords(json.annotations).length;
    builder.problem(
      { file },
      'captions_ignored',
      `The file holds ${count} captions, which are left alone; it says no objects.`,
    );
    return false;
  }
  const missing = ['images', 'annotations', 'categories'].filter((key) => !Array.isArray(json[key]));
  if (missing.length > 0) {
    const found = Object.keys(json).slice(0, 12).join(', ');
    const reason = `The file lacks the list "${missing.join('", "')}": found ${found}, expected images, annotations, categories.`;
    builder.problem({ file }, 'missing_field', `${reason} It was not read.`);
    return false;
  }

  const categories = new Map<unknown, string>();
  for (const category of asRecords(json.categories)) {
    if (typeof category.name !== 'string' || category.name.trim() === '') {
      builder.problem({ file }, 'unknown_class', `Category ${say(category.id)} has no name; skipped.`);
      continue;
    }
    const name = category.name.trim();
    categories.set(category.id, name);
    const id = Number(category.id);
    names.set(name, Math.min(names.get(name) ?? Infinity, Number.isNaN(id) ? Infinity : id));
    readSkeleton(builder, file, name, category);
  }

  const pictures = new Map<unknown, string | undefined>();
  const from = posix.dirname(file);
  const split = /(?:^|[^a-z])(train|val|test)(?:[^a-z]|$)/i.exec(posix.basename(file))?.[1]?.toLowerCase();
  for (const image of asRecords(json.images)) {
    if (pictures.has(image.id)) {
      builder.problem({ file }, 'duplicate', `Image id ${say(image.id)} is used twice; the second was skipped.`);
      continue;
    }
    if (typeof image.file_name !== 'string' || image.file_name === '') {
      builder.problem({ file }, 'missing_field', `Image ${say(image.id)} has no "file_name"; skipped.`);
      continue;
    }
    const picture = builder.resolve(image.file_name, from, { file });
    pictures.set(image.id, picture);
    if (picture !== undefined && split) builder.setSplit(picture, split);
  }

  const captions = { count: 0 };
  for (const annotation of asRecords(json.annotations)) {
    addAnnotation(builder, file, annotation, pictures, categories, captions);
  }
  if (captions.count > 0) {
    builder.problem({ file }, 'captions_ignored', `${captions.count} annotations are captions, which are left alone.`);
  }
  return true;
}

/** A file whose annotations are captions, told by the first of them. */
function isCaptions({ annotations }: Json): boolean {
  const first = asRecords(Array.isArray(annotations) ? annotations.slice(0, 1) : [])[0];
  return first !== undefined && isCaption(first);
}

function isCaption(annotation: Json): boolean {
  return typeof annotation.caption === 'string' && annotation.category_id === undefined;
}

function readSkeleton(builder: DatasetBuilder, file: string, name: string, { keypoints, skeleton }: Json): void {
  if (keypoints === undefined) return;
  const lines = Array.isArray(skeleton) ? skeleton : [];
  const edges = lines.map((edge) => (Array.isArray(edge) ? edge.map((index) => Number(index) - 1) : edge));
  const made = skeletonOf({ names: keypoints, edges });
  if (made) builder.setSkeleton(name, made, { file });
  else if (!(Array.isArray(keypoints) && keypoints.length === 0)) {
    builder.problem({ file }, 'bad_skeleton', `The "keypoints" of category ${name} are not a list of names; left out.`);
  }
}

function addAnnotation(
  builder: DatasetBuilder,
  file: string,
  annotation: Json,
  pictures: ReadonlyMap<unknown, string | undefined>,
  categories: ReadonlyMap<unknown, string>,
  captions: { count: number },
): void {
  if (isCaption(annotation)) {
    captions.count++;
    return;
  }
  const what = `Annotation ${say(annotation.id)}`;
  if (!pictures.has(annotation.image_id)) {
    const reason = `${what} is of image ${say(annotation.image_id)}, which the file does not list; skipped.`;
    builder.problem({ file }, 'unknown_picture', reason);
    return;
  }
  const picture = pictures.get(annotation.image_id);
  if (picture === undefined) return; // The picture itself was reported.
  const className = categories.get(annotation.category_id);
  if (className === undefined) {
    const known = [...categories].slice(0, 12).map(([id, name]) => `${id} ${name}`);
    const reason = `${what} has category ${say(annotation.category_id)}; known are ${known.join(', ')}. Skipped.`;
    builder.skip(picture, { file }, 'unknown_class', reason);
    return;
  }
  const { segmentation, keypoints, track_id: track, attributes } = annotation;
  const shape = shapeOf(segmentation);
  const box = boxOf(annotation, shape);
  if (box === undefined) {
    builder.skip(picture, { file }, 'no_box', `${what} has neither "bbox" nor polygons; skipped.`);
    return;
  }
  const entry: BoxAnnotation = {
    className,
    box,
    ...(annotation.iscrowd === 1 || annotation.iscrowd === true ? { isCrowd: true } : {}),
    ...shape,
    ...(Array.isArray(keypoints) && keypoints.length > 0 && { keypoints }),
    ...((typeof track === 'string' || typeof track === 'number') && { trackId: String(track) }),
    ...(isRecord(attributes) && Object.keys(attributes).length > 0 && { attributes }),
  };
  builder.addBox(picture, entry, { file });
}

/** Polygons or a mask, as they stand: they are checked when the object is added. */
function shapeOf(segmentation: unknown): { polygons?: Polygon[]; mask?: never } {
  if (isRecord(segmentation)) return { mask: segmentation as never };
  if (!Array.isArray(segmentation) || segmentation.length === 0) return {};
  // Some tools write the numbers of the only polygon without a list around them.
  if (typeof segmentation[0] === 'number') return { polygons: [segmentation] };
  return { polygons: segmentation.map((part) => (Array.isArray(part) ? part : [])) };
}

function boxOf({ bbox }: Json, { polygons, mask }: { polygons?: Polygon[]; mask?: unknown }): Xyxy | undefined {
  if (Array.isArray(bbox) && bbox.length === 4) {
    const [x, y, width, height] = bbox.map((value) => (typeof value === 'number' ? value : Number.NaN));
    return xywhToXyxy([x!, y!, width!, height!]);
  }
  if (polygons) {
    const good = polygons.filter((part) => part.length >= 6 && part.every((value) => typeof value === 'number'));
    return good.length > 0 ? polygonBox(...good) : undefined;
  }
  const checked = mask === undefined ? '' : checkMask(mask);
  return typeof checked === 'string' ? undefined : maskBox(maskFromCoco(checked));
}

function say(value: unknown): string {
  return value === undefined ? 'without id' : show(value);
}
