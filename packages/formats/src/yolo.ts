import { join, posix } from 'node:path';
import {
  type BoxAnnotation,
  cxcywhToXyxy,
  FoveaError,
  polygonBox,
  type Skeleton,
  xyxyToCxcywh,
} from '@fovea/annotations';
import { readImageSize } from '@fovea/image';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY, type Capability } from './capability.js';
import type { ExportDataset, Problem } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { ExportTarget } from './export-target.js';
import { type DatasetFolder, withExtension } from './folder.js';
import { formatNumber, parseNumber } from './number.js';
import { cornersOfRotated, rotatedFromCorners } from './object-shape.js';
import { safePath } from './safe-name.js';
import { type YoloKind, YoloLines } from './yolo-kind.js';
import { parseYoloData, type YoloData } from './yolo-names.js';

const NAMES_FILE = /(^|\/)([^/]*\.names|(?:obj_?|_)?classes\.txt|labels\.txt)$/i;
const LABEL_LINE = /^\s*\d+(\s+[-+.\deE]+){4,}\s*$/;
/** Of shares of a picture's side: a picture of 100,000 pixels moves by a ten-thousandth of one. */
const DECIMALS = 9;
const PRECISION = 1e-3;

/**
 * YOLO text files: beside a picture or in a parallel `labels` folder, one line an object, the class's number first, all
 * else shares of the picture as shown. Class names come from `data.yaml` (`names`), `*.names` or `classes.txt`. An empty
 * label file says background. `yolo` takes any kind, told by the lines and by `task` or `kpt_shape` in `data.yaml`, and
 * writes boxes.
 */
export const yolo = yoloFormat('yolo', 'class cx cy width height', {});

/** Lines of `class x y x y x y …`: one outline. */
export const yoloSegment = yoloFormat('yolo-segment', 'class x y x y x y …', {
  polygons: 'one',
  boxFollowsShape: true,
});

/** Lines of `class cx cy width height`, then x y v (or x y) for each key point. */
export const yoloPose = yoloFormat('yolo-pose', 'class cx cy width height x y v …', { keypoints: true });

/** Lines of `class x y x y x y x y`: the corners of a rotated box. */
export const yoloObb = yoloFormat('yolo-obb', 'class x y x y x y x y', { rotatedBoxes: true, boxFollowsShape: true });

function yoloFormat(name: YoloKind, line: string, capability: Partial<Capability>): AnnotationFormat {
  return {
    name,
    looksLike: `text files named like the pictures, with lines of "${line}"`,
    capability: { ...BOXES_ONLY, boxes: { precision: PRECISION }, ...capability },
    takesClassNames: true,
    ...(name !== 'yolo' && { kindOf: 'yolo' as const }),
    findLabels,
    mayHold: (folder) => folder.files.some((file) => /(^|\/)labels\/.*\.txt$/i.test(file)),
    parse: (folder, labels, options = {}) =>
      parse(folder, labels, name === 'yolo' ? undefined : name, options.classNames),
    write: (dataset, target) => write(name, dataset, target),
  };
}

async function findLabels(folder: DatasetFolder): Promise<string[]> {
  const pictureOf = matchLabels(folder);
  const labels: string[] = [];
  const others: string[] = [];
  let lines = 0;
  for (const name of candidates(folder)) {
    const first = (await folder.readHead(name, 4096)).split(/\r?\n/).find((line) => line.trim() !== '');
    const isPaired = pictureOf.has(name) || /(^|\/)labels\//.test(name);
    if (first === undefined ? isPaired : LABEL_LINE.test(first)) {
      labels.push(name);
      if (first !== undefined) lines++;
    } else if (first !== undefined && pictureOf.has(name)) others.push(name);
  }
  if (others.length > 0 && (await readData(folder)).names) return [...labels, ...others].sort();
  // Empty files beside files of another kind are those of that kind.
  return lines > 0 || others.length === 0 ? labels : [];
}

async function parse(
  folder: DatasetFolder,
  labels: readonly string[],
  asked: YoloKind | undefined,
  given: readonly string[] | undefined,
) {
  const builder = new DatasetBuilder(folder);
  const data = await readData(folder);
  const names = given ?? data.names;
  if (data.problem && !given) builder.problems.push(data.problem);
  const pictureOf = matchLabels(folder);
  const lines = new YoloLines();
  const texts: { file: string; picture: string; text: string }[] = [];
  for (const file of labels) {
    const picture = pictureOf.get(file);
    if (picture === undefined) {
      builder.problem({ file }, 'missing_picture', 'No picture of the same name is in the folder; skipped.');
      continue;
    }
    const text = await folder.readText(file);
    if (typeof text === 'string') {
      lines.add(text, file);
      texts.push({ file, picture, text });
    } else if (text.code !== 'empty_file') {
      builder.problems.push(text);
      builder.markUnknown(picture);
    }
  }
  const kind = asked ?? lines.tell(data);
  for (const [className, skeleton] of Object.entries(data.skeletons ?? {})) {
    builder.setSkeleton(className, skeleton, { file: '.' });
  }
  const reader = new LabelReader(folder, builder, kind, names, data.keypointShape ?? lines.keypointShape());
  for (const { file, picture, text } of texts) await reader.read(file, picture, text);
  return builder.build(kind, names ?? reader.namesByIndex());
}

class LabelReader {
  private highestIndex = -1;

  constructor(
    private readonly folder: DatasetFolder,
    private readonly builder: DatasetBuilder,
    private readonly kind: YoloKind,
    private readonly names: readonly string[] | undefined,
    private readonly keypointShape: readonly [number, number] | undefined,
  ) {}

  namesByIndex(): string[] {
    return Array.from({ length: this.highestIndex + 1 }, (_, index) => `class_${index}`);
  }

  async read(file: string, picture: string, text: string): Promise<void> {
    let size: { width: number; height: number };
    try {
      size = await readImageSize(join(this.folder.root, picture));
    } catch (error) {
      if (!(error instanceof FoveaError)) throw error;
      this.builder.markUnknown(picture); // Reported when the picture itself is read.
      return;
    }
    this.builder.setSize(picture, size);
    text.split(/\r?\n/).forEach((line, index) => {
      if (line.trim() !== '') this.readLine(line, { file, line: index + 1 }, picture, size);
    });
  }

  private readLine(
    line: string,
    place: { file: string; line: number },
    picture: string,
    { width, height }: { width: number; height: number },
  ): void {
    const fields = line.trim().split(/\s+/);
    const values = fields.map(parseNumber);
    const fault = (code: string, reason: string) => this.builder.skip(picture, place, code, `${reason} Skipped.`);
    const className = this.nameOf(values[0]!);
    if (fields.length < 5) {
      fault('wrong_column_count', `The line has ${fields.length} fields, want "class cx cy width height".`);
    } else if (!values.every(Number.isFinite)) {
      const bad = fields.filter((_, index) => !Number.isFinite(values[index])).slice(0, 4);
      fault('bad_number', `Not a number: "${bad.join('", "').slice(0, 100)}".`);
    } else if (className === undefined) {
      const known = this.names
        ? `known are 0 to ${this.names.length - 1} (${this.names.slice(0, 12).join(', ')})`
        : 'want a whole number from 0';
      fault('unknown_class', `Class ${fields[0]} is unknown: ${known}.`);
    } else {
      const pixels = values.slice(1).map((value, at) => value * (at % 2 === 0 ? width : height));
      const object = this.objectOf(values.slice(1), pixels, { width, height }, className);
      if (typeof object === 'string') fault('wrong_column_count', object);
      else this.builder.addBox(picture, { className, ...object }, place);
    }
  }

  /** @param values after the class, as they stand; `pixels`: the same as if all were x and y in turn */
  private objectOf(
    values: readonly number[],
    pixels: readonly number[],
    size: { width: number; height: number },
    className: string,
  ): Omit<BoxAnnotation, 'className'> | string {
    const [cx, cy, w, h] = pixels as [number, number, number, number];
    const box = cxcywhToXyxy([cx, cy, w, h]);
    // A fifth number is a confidence.
    if (values.length < 6) return this.kind === 'yolo-obb' ? 'The line has no eight corners.' : { box };
    if (this.kind === 'yolo-pose') {
      const keypoints = this.keypointsOf(values, size, className);
      return typeof keypoints === 'string' ? keypoints : { box, keypoints };
    }
    if (this.kind === 'yolo-obb') {
      if (values.length > 9) return `The line has ${values.length} numbers after the class, want 8.`;
      if (values.length < 8) return `The line has ${values.length} numbers after the class, want 8.`;
      const corners = pixels.slice(0, 8);
      const rotatedBox = rotatedFromCorners(corners);
      return { box: polygonBox(corners), ...(rotatedBox ? { rotatedBox } : { polygons: [corners] }) };
    }
    const outline = pixels.length % 2 === 0 ? pixels : pixels.slice(0, -1);
    return { box: polygonBox(outline), polygons: [outline] };
  }

  private keypointsOf(
    values: readonly number[],
    { width, height }: { width: number; height: number },
    className: string,
  ): number[] | string {
    const rest = values.slice(4);
    const [count, numbers] = this.keypointShape ?? [Number.NaN, 3];
    const isWhole = this.keypointShape
      ? rest.length === count * numbers || rest.length === count * numbers + 1
      : rest.length % 3 === 0;
    if (!isWhole) {
      const want = this.keypointShape ? `${count} key points of ${numbers} numbers` : 'three for each key point';
      return `The line has ${rest.length} numbers after the box, want ${want}.`;
    }
    const keypoints: number[] = [];
    for (let at = 0; at + numbers <= rest.length; at += numbers) {
      const [x, y] = [rest[at]! * width, rest[at + 1]! * height];
      const seen = numbers === 3 ? rest[at + 2]! : x === 0 && y === 0 ? 0 : 2;
      keypoints.push(...(seen === 0 ? [0, 0, 0] : [x, y, seen]));
    }
    // Classes of fewer points are filled up.
    const points = this.builder.pointsOf(className);
    const isFilled = points !== undefined && keypoints.slice(points * 3).every((value) => value === 0);
    return isFilled ? keypoints.slice(0, points * 3) : keypoints;
  }

  private nameOf(index: number): string | undefined {
    if (!Number.isInteger(index) || index < 0 || index > 100_000) return undefined;
    if (this.names) return this.names[index];
    this.highestIndex = Math.max(this.highestIndex, index);
    return `class_${index}`;
  }
}

function candidates(folder: DatasetFolder): string[] {
  return folder.files.filter((name) => /\.txt$/i.test(name) && !NAMES_FILE.test(name));
}

/** Pairs label files with pictures: the parallel `labels` folder, the same folder, or the only picture of that name. */
function matchLabels(folder: DatasetFolder): Map<string, string> {
  const files = new Set(candidates(folder));
  const pictureOf = new Map<string, string>();
  for (const picture of folder.pictures) {
    const beside = withExtension(picture, '.txt');
    const parallel = beside.replace(/(^|.*\/)images\//, '$1labels/');
    for (const file of [parallel, beside]) {
      if (files.has(file) && !pictureOf.has(file)) {
        pictureOf.set(file, picture);
        break;
      }
    }
  }
  for (const file of files) {
    if (pictureOf.has(file)) continue;
    const resolved = folder.resolve(posix.parse(file).name, posix.dirname(file));
    if ('name' in resolved) pictureOf.set(file, resolved.name);
  }
  return pictureOf;
}

interface Data extends YoloData {
  readonly problem?: Problem;
}

async function readData(folder: DatasetFolder): Promise<Data> {
  let data: YoloData = {};
  for (const file of folder.files.filter((name) => /\.ya?ml$/i.test(name))) {
    const text = await folder.readText(file);
    data = typeof text === 'string' ? parseYoloData(text) : {};
    if (data.names) return data;
  }
  for (const file of folder.files.filter((name) => NAMES_FILE.test(name))) {
    const text = await folder.readText(file);
    const names = typeof text === 'string' ? text.split(/\r?\n/).map((line) => line.trim()) : [];
    while (names.length > 0 && names.at(-1) === '') names.pop();
    if (names.length > 0 && !names.some((line) => LABEL_LINE.test(line))) return { ...data, names };
  }
  const reason =
    'No class names were found (data.yaml, *.names or classes.txt); classes are called class_0, class_1, ….';
  return { ...data, problem: { file: '.', code: 'no_class_names', reason } };
}

const TASK: Record<YoloKind, string> = {
  yolo: 'detect',
  'yolo-segment': 'segment',
  'yolo-pose': 'pose',
  'yolo-obb': 'obb',
};

async function write(
  kind: YoloKind,
  { classNames, skeletons = {}, pictures }: ExportDataset,
  target: ExportTarget,
): Promise<void> {
  const points = Math.max(0, ...Object.values(skeletons).map(({ names }) => names.length));
  if (kind === 'yolo-pose' && points === 0) {
    throw new FoveaError(
      'no_skeleton',
      'A data set of poses says how many key points an object has, and no class here has any: write it as yolo.',
      { classNames },
    );
  }
  const indexOf = new Map(classNames.map((name, index) => [name, index]));
  const splits = new Set<string>();
  for await (const picture of pictures) {
    const name = await target.place(picture, 'images');
    splits.add(picture.split === undefined ? '' : safePath(picture.split));
    const lines = picture.annotations.map((annotation) => {
      if (kind === 'yolo-segment' && !annotation.polygons) {
        target.tell(
          picture,
          'box_as_polygon',
          'An object without an outline was written as the four corners of its box.',
        );
      }
      if (kind === 'yolo-pose' && (annotation.keypoints?.length ?? 0) > points * 3) {
        target.tell(picture, 'keypoints_dropped', `An object has more than the ${points} key points classes have.`);
      }
      const numbers = numbersOf(kind, annotation, picture, points);
      return `${indexOf.get(annotation.className)} ${numbers.map((value) => formatNumber(value, DECIMALS)).join(' ')}\n`;
    });
    await target.write(withExtension(name.replace(/^images\//, 'labels/'), '.txt'), lines.join(''));
  }
  await target.write('data.yaml', dataFile(kind, classNames, skeletons, splits, points));
}

/** What follows the class in a line: shares of the picture. */
function numbersOf(
  kind: YoloKind,
  { box, polygons, rotatedBox, keypoints = [] }: BoxAnnotation,
  { width, height }: { width: number; height: number },
  points: number,
): number[] {
  const shares = (values: readonly number[]) => values.map((value, at) => value / (at % 2 === 0 ? width : height));
  const [xmin, ymin, xmax, ymax] = box;
  const corners = [xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax];
  if (kind === 'yolo-segment') return shares(polygons?.[0] ?? corners);
  if (kind === 'yolo-obb') return shares(rotatedBox ? cornersOfRotated(rotatedBox) : corners);
  const written = shares(xyxyToCxcywh(box));
  if (kind === 'yolo') return written;
  for (let point = 0; point < points; point++) {
    const [x = 0, y = 0, v = 0] = keypoints.slice(point * 3, point * 3 + 3);
    written.push(x / width, y / height, v);
  }
  return written;
}

function dataFile(
  kind: YoloKind,
  classNames: readonly string[],
  skeletons: Readonly<Record<string, Skeleton>>,
  splits: ReadonlySet<string>,
  points: number,
): string {
  const named = [...splits].filter((split) => split !== '').sort();
  const folders =
    named.length > 0
      ? named.map(
          (split) => `${/^\w+$/.test(split) ? split : JSON.stringify(split)}: ${JSON.stringify(`images/${split}`)}\n`,
        )
      : ['train: images\n'];
  const pose = kind === 'yolo-pose' ? [`kpt_shape: [${points}, 3]\n`, `skeletons: ${JSON.stringify(skeletons)}\n`] : [];
  const names = classNames.map((name, index) => `  ${index}: ${JSON.stringify(name)}\n`);
  return [
    ...folders,
    `task: ${TASK[kind]}\n`,
    ...pose,
    `nc: ${classNames.length}\n`,
    names.length > 0 ? 'names:\n' : 'names: []\n',
    ...names,
  ].join('');
}
