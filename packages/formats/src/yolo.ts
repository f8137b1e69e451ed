import { join, posix } from 'node:path';
import { cxcywhToXyxy, FoveaError, type Xyxy } from '@fovea/annotations';
import { readImageSize } from '@fovea/image';
import type { AnnotationFormat } from './annotation-format.js';
import type { Problem } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import { type DatasetFolder, withExtension } from './folder.js';
import { parseYoloNames } from './yolo-names.js';

const NAMES_FILE = /(^|\/)([^/]*\.names|(?:obj_?|_)?classes\.txt|labels\.txt)$/i;
const LABEL_LINE = /^\s*\d+(\s+[-+.\deE]+){4,}\s*$/;

/**
 * YOLO text files: beside a picture or in a parallel `labels` folder, one line a box, `class cx cy width height`,
 * normalized to the picture as shown; a line with more numbers is a polygon, of which the box is taken. Class names
 * come from `data.yaml` (`names`), `*.names` or `classes.txt`. An empty label file says background.
 */
export const yolo: AnnotationFormat = {
  name: 'yolo',
  looksLike: 'text files named like the pictures, with lines of "class cx cy width height"',

  takesClassNames: true,

  async findLabels(folder) {
    const matched = matchLabels(folder);
    const labels: string[] = [];
    for (const name of candidates(folder)) {
      const first = (await folder.readHead(name, 4096)).split(/\r?\n/).find((line) => line.trim() !== '');
      const isPaired = matched.pictureOf.has(name) || /(^|\/)labels\//.test(name);
      if (first === undefined ? isPaired : LABEL_LINE.test(first)) labels.push(name);
      else if (matched.pictureOf.has(name) && (await readNames(folder)).names) labels.push(name);
    }
    return labels;
  },

  async parse(folder, labels, options = {}) {
    const builder = new DatasetBuilder(folder);
    const { names, problem }: Names = options.classNames ? { names: options.classNames } : await readNames(folder);
    if (problem) builder.problems.push(problem);
    const { pictureOf } = matchLabels(folder);
    const reader = new LabelReader(folder, builder, names);
    for (const file of labels) {
      const picture = pictureOf.get(file);
      if (picture === undefined) {
        const reason = 'No picture of the same name is in the folder; skipped.';
        builder.problem({ file }, 'missing_picture', reason);
      } else await reader.read(file, picture);
    }
    return builder.build('yolo', names ?? reader.namesByIndex());
  },
};

class LabelReader {
  private highestIndex = -1;

  constructor(
    private readonly folder: DatasetFolder,
    private readonly builder: DatasetBuilder,
    private readonly names: readonly string[] | undefined,
  ) {}

  namesByIndex(): string[] {
    return Array.from({ length: this.highestIndex + 1 }, (_, index) => `class_${index}`);
  }

  async read(file: string, picture: string): Promise<void> {
    const text = await this.folder.readText(file);
    if (typeof text !== 'string') {
      if (text.code === 'empty_file') return;
      this.builder.problems.push(text);
      this.builder.markUnknown(picture);
      return;
    }
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
    const values = fields.map(Number);
    if (fields.length < 5) {
      const reason = `The line has ${fields.length} fields, want "class cx cy width height"; skipped.`;
      this.builder.skip(picture, place, 'wrong_column_count', reason);
      return;
    }
    if (!values.every(Number.isFinite)) {
      const bad = fields.filter((_, index) => !Number.isFinite(values[index])).slice(0, 4);
      this.builder.skip(picture, place, 'bad_number', `Not a number: "${bad.join('", "')}"; skipped.`);
      return;
    }
    const className = this.nameOf(values[0]!);
    if (className === undefined) {
      const known = this.names
        ? `known are 0 to ${this.names.length - 1} (${this.names.slice(0, 12).join(', ')})`
        : 'want a whole number from 0';
      this.builder.skip(picture, place, 'unknown_class', `Class ${fields[0]} is unknown: ${known}. Skipped.`);
      return;
    }
    const [xmin, ymin, xmax, ymax] = normalizedBox(values.slice(1));
    const box: Xyxy = [xmin * width, ymin * height, xmax * width, ymax * height];
    this.builder.addBox(picture, { className, box }, place);
  }

  private nameOf(index: number): string | undefined {
    if (!Number.isInteger(index) || index < 0 || index > 100_000) return undefined;
    if (this.names) return this.names[index];
    this.highestIndex = Math.max(this.highestIndex, index);
    return `class_${index}`;
  }
}

/** Of `cx cy width height` (perhaps with a confidence after it) or of a polygon's `x y` pairs. */
function normalizedBox(values: readonly number[]): Xyxy {
  if (values.length < 6) return cxcywhToXyxy([values[0]!, values[1]!, values[2]!, values[3]!]);
  const xs = values.filter((_, index) => index % 2 === 0);
  const ys = values.filter((_, index) => index % 2 === 1);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function candidates(folder: DatasetFolder): string[] {
  return folder.files.filter((name) => /\.txt$/i.test(name) && !NAMES_FILE.test(name));
}

/** Pairs label files with pictures: the parallel `labels` folder, the same folder, or the only picture of that name. */
function matchLabels(folder: DatasetFolder): { pictureOf: Map<string, string> } {
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
  return { pictureOf };
}

interface Names {
  readonly names?: readonly string[];
  readonly problem?: Problem;
}

async function readNames(folder: DatasetFolder): Promise<Names> {
  for (const file of folder.files.filter((name) => /\.ya?ml$/i.test(name))) {
    const text = await folder.readText(file);
    const names = typeof text === 'string' ? parseYoloNames(text) : undefined;
    if (names) return { names };
  }
  for (const file of folder.files.filter((name) => NAMES_FILE.test(name))) {
    const text = await folder.readText(file);
    const names = typeof text === 'string' ? text.split(/\r?\n/).map((line) => line.trim()) : [];
    while (names.length > 0 && names.at(-1) === '') names.pop();
    if (names.length > 0 && !names.some((line) => LABEL_LINE.test(line))) return { names };
  }
  const reason =
    'No class names were found (data.yaml, *.names or classes.txt); classes are called class_0, class_1, ….';
  return { problem: { file: '.', code: 'no_class_names', reason } };
}
