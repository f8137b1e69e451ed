import { posix } from 'node:path';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import type { ExportPicture, Place } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { ExportTarget } from './export-target.js';
import type { DatasetFolder } from './folder.js';
import { nameLines } from './label-pngs.js';
import { formatNumber, parseNumber } from './number.js';

const LINE = /^\s*\d+(\.0*)?\s*,\s*-?\d+(\.0*)?(\s*,\s*[-+]?\d*\.?\d+(e[-+]?\d+)?){4,8}\s*$/i;
/** The classes of MOT16 to MOT20 (Milan et al. 2016), from 1 on. */
const CLASSES = [
  'pedestrian',
  'person on vehicle',
  'car',
  'bicycle',
  'motorbike',
  'non motorized vehicle',
  'static person',
  'distractor',
  'occluder',
  'occluder on the ground',
  'occluder full',
  'reflection',
  'crowd',
];

/**
 * MOTChallenge: of each sequence `gt/gt.txt` (else `det/det.txt`) with lines of
 * `frame,id,left,top,width,height,flag,class,visibility`, pixels as they are written, and `img1/000001.jpg` and so on.
 * The id is the track (-1: none), flag 0 marks what evaluation passes over, visibility is kept as an attribute, where the
 * file has them. Classes are named by `gt/labels.txt`, one a line; else by MOT17's list; of -1 and without any it is
 * `pedestrian`.
 */
export const mot: AnnotationFormat = {
  name: 'mot',
  looksLike: 'gt/gt.txt with lines of "frame,id,left,top,width,height,…" beside a folder of numbered pictures',
  capability: { ...BOXES_ONLY, boxes: { precision: 1e-3 }, tracks: true, crowds: true, attributes: ['visibility'] },

  rules: ['class-folders'],

  async findLabels(folder) {
    const labels: string[] = [];
    for (const name of candidates(folder)) {
      const head = await folder.readHead(name, 1024);
      const first = head.split(/\r?\n/).find((line) => line.trim() !== '');
      if (first === undefined ? /(^|\/)gt\/gt\.txt$/i.test(name) : LINE.test(first)) labels.push(name);
    }
    return labels.filter((name) => !isDoubled(name, labels));
  },

  mayHold: (folder) => candidates(folder).length > 0,

  async parse(folder, labels) {
    const builder = new DatasetBuilder(folder);
    const named: string[] = [];
    const seen = new Set<string>();
    const sequences = sequencesOf(folder);
    const files = labels.length > 0 ? labels : candidates(folder).filter((name, _, all) => !isDoubled(name, all));
    const labelled = new Set<string>();
    for (const file of files) await readFile(folder, builder, file, sequences, named, seen, labelled);
    for (const picture of folder.pictures) if (!labelled.has(sequenceOf(picture))) builder.markUnknown(picture);
    const order = [...named, ...CLASSES].filter(
      (name, at, all) => (seen.has(name) || named.includes(name)) && all.indexOf(name) === at,
    );
    return builder.build('mot', [...order, ...[...seen].filter((name) => !order.includes(name)).sort()]);
  },

  async write({ classNames, pictures }, target) {
    const sequences = new Map<string, Sequence>();
    for await (const picture of pictures) {
      const name = sequenceName(picture);
      let sequence = sequences.get(name);
      if (sequence === undefined) {
        sequence = { name, picture, frames: 0, tracks: new Map(), taken: new Set(), highest: 0 };
        sequences.set(name, sequence);
      }
      await writePicture(sequence, picture, classNames, target);
    }
    for (const { name, picture, frames } of sequences.values()) {
      const { width, height, format } = picture;
      const info = {
        name: posix.basename(name),
        imDir: 'img1',
        frameRate: 25,
        seqLength: frames,
        imWidth: width,
        imHeight: height,
        imExt: ENDINGS[format] ?? `.${format}`,
      };
      const lines = Object.entries(info).map(([key, value]) => `${key}=${value}\n`);
      await target.write(`${name}/seqinfo.ini`, `[Sequence]\n${lines.join('')}`);
      await target.write(`${name}/gt/labels.txt`, nameLines(classNames, target));
    }
  },
};

const ENDINGS: Record<string, string> = { jpeg: '.jpg', tiff: '.tif' };

interface Sequence {
  readonly name: string;
  /** Its first, whose size and format are said to be everyone's. */
  readonly picture: ExportPicture;
  frames: number;
  readonly tracks: Map<string, number>;
  /** The numbers tracks have. */
  readonly taken: Set<number>;
  highest: number;
}

/** The folder a picture lies in, without those that the layout gives. */
function sequenceName({ name, split }: ExportPicture): string {
  const parts = name
    .split('/')
    .slice(0, -1)
    .filter((part) => !/^(images?|img1|train|val|test|\.|\.\.|)$/i.test(part));
  const sequence =
    parts
      .join('-')
      .replace(/[^\p{L}\p{N}_-]/gu, '_')
      .slice(0, 60) || 'sequence';
  return posix.join((split ?? 'train').replace(/[^\w-]/g, '_'), sequence);
}

async function writePicture(
  sequence: Sequence,
  picture: ExportPicture,
  classNames: readonly string[],
  target: ExportTarget,
): Promise<void> {
  const frame = ++sequence.frames;
  if (picture.split === undefined && frame === 1)
    target.tell(picture, 'split_changed', 'Sequences lie in "train" or "test"; this has no split and is in "train".');
  const number = String(frame).padStart(6, '0');
  const wanted = `${number}${ENDINGS[picture.format] ?? `.${picture.format}`}`;
  const placed = await target.place(picture, `${sequence.name}/img1`, { name: wanted, withSplit: false });
  if (posix.basename(placed) !== posix.basename(picture.name)) {
    target.tell(picture, 'name_changed', `Frames are numbered: the picture is called ${placed}.`);
  }
  const text = await target.open(`${sequence.name}/gt/gt.txt`);
  for (const { className, box, trackId, isCrowd, attributes = {} } of picture.annotations) {
    const [xmin, ymin, xmax, ymax] = box;
    const sides = [xmin, ymin, xmax - xmin, ymax - ymin].map((side) => formatNumber(side, 4));
    const visibility = parseNumber(String(attributes.visibility ?? ''));
    if (attributes.visibility !== undefined && Number.isNaN(visibility)) {
      target.tell(picture, 'attributes_dropped', 'The visibility of an object is no number.');
    }
    const seen = Number.isFinite(visibility) ? [visibility] : [];
    const id = trackNumber(sequence, trackId, picture, target);
    await text.write(
      `${[frame, id, ...sides, isCrowd ? 0 : 1, classNames.indexOf(className) + 1, ...seen].join(',')}\n`,
    );
  }
}

/** Tracks are whole numbers: those that are keep theirs, others get one that is free. */
function trackNumber(
  sequence: Sequence,
  trackId: string | undefined,
  picture: ExportPicture,
  target: ExportTarget,
): number {
  if (trackId === undefined) return -1;
  const known = sequence.tracks.get(trackId);
  const own = /^(0|[1-9]\d{0,14})$/.test(trackId) ? Number(trackId) : undefined;
  let id = known ?? own;
  if (id === undefined || (known === undefined && sequence.taken.has(id))) {
    do id = ++sequence.highest;
    while (sequence.taken.has(id));
  }
  if (known === undefined) sequence.tracks.set(trackId, id);
  sequence.taken.add(id);
  if (String(id) !== trackId)
    target.tell(picture, 'track_renumbered', `Tracks are numbers: ${JSON.stringify(trackId)} is ${id}.`);
  return id;
}

function candidates(folder: DatasetFolder): string[] {
  return folder.files.filter((name) => /(^|\/)(gt|det)\.txt$/i.test(name));
}

/** Detections beside a truth of the same sequence are not labels. */
function isDoubled(name: string, all: readonly string[]): boolean {
  return (
    /(^|\/)det\.txt$/i.test(name) &&
    all.some((other) => /(^|\/)gt\.txt$/i.test(other) && sequenceOf(other) === sequenceOf(name))
  );
}

/** The folder of a sequence: above `gt`, `det` or `img1`, if the file lies in such. */
function sequenceOf(file: string): string {
  return posix.dirname(file).replace(/(^|\/)(gt|det|img1|images?)$/i, '') || '.';
}

/** Pictures of each sequence by the number of their frame. */
function sequencesOf(folder: DatasetFolder): Map<string, Map<number, string>> {
  const sequences = new Map<string, Map<number, string>>();
  for (const picture of folder.pictures) {
    const number = /(\d+)$/.exec(posix.parse(picture).name)?.[1];
    if (number === undefined) continue;
    const sequence = sequences.get(sequenceOf(picture)) ?? new Map<number, string>();
    sequences.set(sequenceOf(picture), sequence);
    if (!sequence.has(Number(number))) sequence.set(Number(number), picture);
  }
  return sequences;
}

async function readFile(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
  sequences: ReadonlyMap<string, ReadonlyMap<number, string>>,
  named: string[],
  seen: Set<string>,
  labelled: Set<string>,
): Promise<void> {
  const text = await folder.readText(file);
  if (typeof text !== 'string' && text.code !== 'empty_file') {
    builder.problems.push(text);
    return;
  }
  labelled.add(sequenceOf(file));
  if (typeof text !== 'string') return;
  const names = await readNames(folder, posix.join(posix.dirname(file), 'labels.txt'));
  for (const name of names ?? []) if (!named.includes(name)) named.push(name);
  const frames = sequences.get(sequenceOf(file)) ?? new Map<number, string>();
  const isTruth = !/(^|\/)det\.txt$/i.test(file);
  const missing = new Map<number, { line: number; count: number }>();
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') return;
    const fields = line.trim().split(',');
    const place = { file, line: index + 1 };
    const picture = frames.get(parseNumber(fields[0]));
    if (picture !== undefined) seen.add(readLine(builder, picture, fields, place, names ?? CLASSES, isTruth) ?? '');
    else if (Number.isInteger(parseNumber(fields[0]))) {
      const frame = parseNumber(fields[0]);
      const before = missing.get(frame);
      missing.set(frame, { line: before?.line ?? index + 1, count: (before?.count ?? 0) + 1 });
    } else builder.problem(place, 'bad_number', `Not a number of a frame: "${fields[0]!.slice(0, 40)}"; skipped.`);
  });
  seen.delete('');
  for (const [frame, { line, count }] of missing) {
    const reason = `No picture of the sequence has the frame's number ${frame}: ${count} lines, this the first, were skipped.`;
    builder.problem({ file, line }, 'missing_picture', reason);
  }
}

async function readNames(folder: DatasetFolder, file: string): Promise<string[] | undefined> {
  if (!folder.files.includes(file)) return undefined;
  const text = await folder.readText(file);
  return typeof text === 'string'
    ? text
        .split(/\r?\n/)
        .map((name) => name.trim())
        .filter((name) => name !== '')
    : undefined;
}

/** Adds a line's object, and gives its class, unless it is wrong. */
function readLine(
  builder: DatasetBuilder,
  picture: string,
  fields: readonly string[],
  place: Place,
  names: readonly string[],
  isTruth: boolean,
): string | undefined {
  if (fields.length < 6 || fields.length > 10) {
    const reason = `The line has ${fields.length} fields, want "frame,id,left,top,width,height,flag,class,visibility"; skipped.`;
    builder.skip(picture, place, 'wrong_column_count', reason);
    return undefined;
  }
  const values = fields.map(parseNumber);
  if (!values.every(Number.isFinite)) {
    const bad = fields.filter((_, at) => !Number.isFinite(values[at])).slice(0, 4);
    builder.skip(picture, place, 'bad_number', `Not a number: "${bad.join('", "').slice(0, 100)}"; skipped.`);
    return undefined;
  }
  const [, id, left, top, width, height, flag = 1, index = -1, visibility = -1] = values as [
    number,
    number,
    number,
    number,
    number,
    number,
    number?,
    number?,
    number?,
  ];
  // With ten fields the last three are a place in the world, which is -1 where nobody knows it.
  const className = fields.length === 10 || index === -1 ? (names[0] ?? CLASSES[0]!) : names[index - 1];
  if (className === undefined) {
    const known = names.slice(0, 12).map((name, at) => `${at + 1} ${name}`);
    builder.skip(picture, place, 'unknown_class', `Class ${index} is unknown: known are ${known.join(', ')}. Skipped.`);
    return undefined;
  }
  const attributes = {
    ...(fields.length === 9 && visibility !== -1 && { visibility: String(visibility) }),
    ...(!isTruth && fields.length > 6 && { confidence: String(flag) }),
  };
  builder.addBox(
    picture,
    {
      className,
      box: [left, top, left + width, top + height],
      ...(isTruth && flag === 0 && { isCrowd: true }),
      ...(id >= 0 && { trackId: String(id) }),
      ...(Object.keys(attributes).length > 0 && { attributes }),
    },
    place,
  );
  return className;
}
