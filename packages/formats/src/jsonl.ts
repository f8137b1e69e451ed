import { posix } from 'node:path';
import type { AnnotationFormat } from './annotation-format.js';
import { EVERYTHING } from './capability.js';
import type { Place } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import { type DatasetFolder, withExtension } from './folder.js';
import { type Json, parseJson, show } from './json-file.js';
import { addLabelMap } from './label-map-file.js';
import { addRecord, addSkeletons, recordOf } from './picture-record.js';

const HEADER = 'fovea-dataset';
const FILE = 'dataset.jsonl';

/**
 * Fovea's own: a JSON object a line, loss-free. The first line is
 * `{"format": "fovea-dataset", "version": 1, "classNames": […], "skeletons": {…}}`; each other one a picture, as
 * `picture-record.ts` says it. Pictures that no line names are unlabelled.
 */
export const jsonl: AnnotationFormat = {
  name: 'jsonl',
  looksLike: `a file of JSON lines, the first with "format": "${HEADER}"`,
  capability: EVERYTHING,

  async findLabels(folder) {
    const labels: string[] = [];
    for (const name of folder.files.filter((file) => /\.(jsonl|ndjson)$/i.test(file))) {
      const head = (await folder.readHead(name)).split('\n', 1)[0]!;
      if (/"format"\s*:\s*"fovea-dataset"/.test(head)) labels.push(name);
    }
    return labels;
  },

  mayHold: (folder) => folder.files.some((name) => /\.(jsonl|ndjson)$/i.test(name)),

  async parse(folder, labels) {
    const builder = new DatasetBuilder(folder);
    const files = labels.length > 0 ? labels : folder.files.filter((name) => /\.(jsonl|ndjson)$/i.test(name));
    const classNames: string[] = [];
    const mentioned: Mentioned = { pictures: new Set(), labelMaps: new Map() };
    for (const file of files) await readFile(folder, builder, file, classNames, mentioned);
    const isPicture = (name: string) => mentioned.pictures.has(name);
    for (const [name, picture] of mentioned.labelMaps) {
      await addLabelMap(folder, builder, picture, name);
      if (!isPicture(name)) builder.remove(name);
    }
    const others = folder.pictures.filter((name) => !isPicture(name) && !mentioned.labelMaps.has(name));
    for (const picture of others) builder.markUnknown(picture);
    return builder.build('jsonl', classNames);
  },

  async write({ classNames, skeletons, pictures }, target) {
    const text = await target.open(FILE);
    await text.write(`${JSON.stringify(headerOf(classNames, skeletons))}\n`);
    for await (const picture of pictures) {
      const name = await target.place(picture, 'images');
      const labelMap = picture.labelMap && withExtension(name.replace(/^images\//, 'label-maps/'), '.png');
      if (labelMap !== undefined) await target.write(labelMap, await picture.labelMap!.load());
      await text.write(`${JSON.stringify(recordOf(picture, name, labelMap))}\n`);
    }
  },
};

/** What lines speak of: pictures, and the picture each label map is of. */
interface Mentioned {
  readonly pictures: Set<string>;
  readonly labelMaps: Map<string, string>;
}

/** The first line of a data set in Fovea's own form. */
export function headerOf(classNames: readonly string[], skeletons?: object): Json {
  return { format: HEADER, version: 1, classNames, ...(skeletons && { skeletons }) };
}

/** Reads such a header; false, with the problem reported, where it is none. */
export function readHeader(builder: DatasetBuilder, json: Json, classNames: string[], place: Place): boolean {
  if (json.format !== HEADER || json.version !== 1) {
    const reason = `It begins with "format" ${show(json.format)}, "version" ${show(json.version)}; want "${HEADER}", 1. Not read.`;
    builder.problem(place, 'missing_field', reason);
    return false;
  }
  for (const name of Array.isArray(json.classNames) ? json.classNames : []) {
    if (typeof name !== 'string' || name === '') {
      builder.problem(place, 'unknown_class', `The class ${show(name)} has no name; skipped.`);
    } else if (!classNames.includes(name)) classNames.push(name);
  }
  addSkeletons(builder, json.skeletons, place);
  return true;
}

async function readFile(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
  classNames: string[],
  mentioned: Mentioned,
): Promise<void> {
  const text = await folder.readText(file);
  if (typeof text !== 'string') {
    builder.problems.push(text);
    return;
  }
  let line = 0;
  let known: ReadonlySet<string> | undefined;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const content = text.slice(at, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
    line++;
    if (content.trim() === '') continue;
    const place = { file, line };
    const json = parseJson(content, builder, place);
    if (known === undefined) {
      if (!json || !readHeader(builder, json, classNames, place)) return;
      known = new Set(classNames);
    } else if (json) readPicture(folder, builder, json, place, known, mentioned);
  }
}

function readPicture(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  json: Json,
  place: Place,
  known: ReadonlySet<string>,
  mentioned: Mentioned,
): void {
  if (typeof json.name !== 'string' || json.name === '') {
    builder.problem(place, 'missing_field', 'The line has no "name" of a picture; skipped.');
    return;
  }
  const from = posix.dirname(place.file);
  const picture = builder.resolve(json.name, from, place);
  if (picture === undefined) return;
  mentioned.pictures.add(picture);
  addRecord(builder, picture, json, place, known);
  if (typeof json.labelMap !== 'string') return;
  const path = folder.resolveFile(json.labelMap, from);
  if (path === undefined) {
    builder.skip(
      picture,
      place,
      'no_label_map',
      `There is no label map ${show(json.labelMap)} in the folder; left out.`,
    );
  } else mentioned.labelMaps.set(path, picture);
}
