import { posix } from 'node:path';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { AnnotationFormat } from './annotation-format.js';
import type { Place } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { DatasetFolder } from './folder.js';

const parser = new XMLParser({
  parseTagValue: false,
  trimValues: true,
  isArray: (name) => name === 'object',
});
const CORNERS = ['xmin', 'ymin', 'xmax', 'ymax'] as const;
/** Kept with the annotation as they stand. */
const ATTRIBUTES = ['pose', 'truncated', 'difficult', 'occluded'] as const;

type Element = Record<string, unknown>;

/**
 * Pascal VOC (Everingham et al. 2010): an XML file a picture, with `<object>`s of `<name>` and `<bndbox>`. Corners are
 * taken as they are written, as most tools that write this format mean them, without VOC's own count from 1.
 * `ImageSets/Main/{train,val,test}.txt` give the split.
 */
export const voc: AnnotationFormat = {
  name: 'voc',
  looksLike: 'XML files with <annotation>, <filename> and <object>',

  async findLabels(folder) {
    const labels: string[] = [];
    for (const name of folder.files.filter((file) => /\.xml$/i.test(file))) {
      if (/<annotation[\s>]/.test(await folder.readHead(name, 2048))) labels.push(name);
    }
    return labels;
  },

  async parse(folder) {
    const builder = new DatasetBuilder(folder);
    await readSplits(folder, builder);
    let readable = 0;
    for (const file of folder.files.filter((name) => /\.xml$/i.test(name))) {
      if (await readFile(folder, builder, file)) readable++;
    }
    return builder.build('voc', undefined, readable > 0);
  },
};

async function readFile(folder: DatasetFolder, builder: DatasetBuilder, file: string): Promise<boolean> {
  const from = posix.dirname(file);
  const sameStem = folder.resolve(posix.parse(file).name, from);
  const giveUp = (place: Place, code: string, reason: string) => {
    builder.problem(place, code, reason);
    if ('name' in sameStem) builder.markUnknown(sameStem.name);
    return false;
  };

  const text = await folder.readText(file);
  if (typeof text !== 'string') return giveUp(text, text.code, text.reason);
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) {
    return giveUp({ file }, 'broken_file', 'The file declares a document type or entities; not read.');
  }
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    const reason = `The file is not XML (${valid.err.msg.replace(/[.\s]+$/, '')}); not read.`;
    return giveUp({ file, line: valid.err.line }, 'broken_file', reason);
  }
  const annotation = (parser.parse(text) as Element).annotation;
  if (!isElement(annotation)) {
    return giveUp({ file, line: 1 }, 'missing_field', 'The file has no <annotation> with anything in it; not read.');
  }

  const filename = annotation.filename;
  let picture: string | undefined;
  if (typeof filename === 'string' && filename !== '') {
    const named = folder.resolve(filename, from);
    if ('name' in named) picture = named.name;
    else if (named.code !== 'path_outside' && 'name' in sameStem) picture = sameStem.name;
    else {
      builder.problem({ file, line: lineOf(text, '<filename', 0) }, named.code, named.reason);
      return true;
    }
  } else if ('name' in sameStem) picture = sameStem.name;
  else {
    builder.problem({ file }, 'missing_field', 'The file has no <filename>, and no picture bears its name; skipped.');
    return true;
  }

  const objects = Array.isArray(annotation.object) ? annotation.object : [];
  objects.forEach((object: unknown, index) => {
    const place = { file, line: lineOf(text, '<object', index) };
    if (!isElement(object)) builder.skip(picture, place, 'missing_field', 'The <object> is empty; skipped.');
    else readObject(builder, picture, object, place);
  });
  return true;
}

function readObject(builder: DatasetBuilder, picture: string, object: Element, place: Place): void {
  const className = object.name;
  if (typeof className !== 'string' || className === '') {
    builder.skip(picture, place, 'unknown_class', 'The <object> has no <name>; skipped.');
    return;
  }
  const bndbox = object.bndbox;
  if (!isElement(bndbox)) {
    builder.skip(picture, place, 'no_box', `The <object> ${className} has no <bndbox>; skipped.`);
    return;
  }
  const corners = CORNERS.map((corner) => {
    const value = bndbox[corner];
    return typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
  });
  const bad = CORNERS.filter((_, index) => !Number.isFinite(corners[index]));
  if (bad.length > 0) {
    const what = bad.map((corner) => `<${corner}> ${JSON.stringify(bndbox[corner] ?? 'missing')}`).join(', ');
    builder.skip(picture, place, 'bad_number', `Not a number: ${what}; skipped.`);
    return;
  }
  const attributes = Object.fromEntries(
    ATTRIBUTES.filter((key) => typeof object[key] === 'string' && object[key] !== '').map((key) => [key, object[key]]),
  );
  const box = [corners[0]!, corners[1]!, corners[2]!, corners[3]!] as const;
  builder.addBox(picture, { className, box, ...(Object.keys(attributes).length > 0 && { attributes }) }, place);
}

async function readSplits(folder: DatasetFolder, builder: DatasetBuilder): Promise<void> {
  for (const split of ['train', 'val', 'test']) {
    const file = folder.files.find(
      (name) => name === `ImageSets/Main/${split}.txt` || name.endsWith(`/ImageSets/Main/${split}.txt`),
    );
    const text = file === undefined ? undefined : await folder.readText(file);
    if (typeof text !== 'string') continue;
    for (const line of text.split(/\r?\n/)) {
      const resolved = line.trim() === '' ? undefined : folder.resolve(line.trim().split(/\s+/)[0]!, '');
      if (resolved && 'name' in resolved) builder.setSplit(resolved.name, split);
    }
  }
}

/** Line of the n-th (from 0) occurrence of a tag. */
function lineOf(text: string, tag: string, n: number): number {
  let at = -1;
  for (let i = 0; i <= n; i++) at = text.indexOf(tag, at + 1);
  return text.slice(0, Math.max(0, at)).split('\n').length;
}

function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
