import { posix } from 'node:path';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import type { ExportPicture, Place } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import { type DatasetFolder, withExtension } from './folder.js';
import { parseNumber } from './number.js';
import { childOf, escapeXml, isFault, parseXml, textOf, type XmlElement } from './xml.js';

const CORNERS = ['xmin', 'ymin', 'xmax', 'ymax'] as const;
/** Kept with the annotation as they stand. */
const ATTRIBUTES = ['pose', 'truncated', 'difficult', 'occluded'] as const;
const SPLITS = ['train', 'val', 'test'];

/**
 * Pascal VOC (Everingham et al. 2010): an XML file a picture, with `<object>`s of `<name>` and `<bndbox>`. Corners are
 * taken as they are written, as most tools that write this format mean them, without VOC's own count from 1.
 * `ImageSets/Main/{train,val,test}.txt` give the split.
 */
export const voc: AnnotationFormat = {
  name: 'voc',
  looksLike: 'XML files with <annotation>, <filename> and <object>',
  capability: { ...BOXES_ONLY, attributes: ATTRIBUTES },

  async findLabels(folder) {
    const labels: string[] = [];
    for (const name of folder.files.filter((file) => /\.xml$/i.test(file))) {
      if (/<annotation[\s>]/.test(await folder.readHead(name, 2048))) labels.push(name);
    }
    return labels;
  },

  mayHold: (folder) => folder.files.some((name) => /\.xml$/i.test(name)),

  async parse(folder) {
    const builder = new DatasetBuilder(folder);
    await readSplits(folder, builder);
    let readable = 0;
    for (const file of folder.files.filter((name) => /\.xml$/i.test(name))) {
      if (await readVocFile(folder, builder, file)) readable++;
    }
    return builder.build('voc', undefined, readable > 0);
  },

  async write({ pictures }, target) {
    for await (const picture of pictures) {
      const name = await target.place(picture, 'JPEGImages', { withSplit: false });
      const inside = name.replace(/^JPEGImages\//, '');
      await target.write(`Annotations/${withExtension(inside, '.xml')}`, vocXml(picture, inside));
      const { split } = picture;
      if (split === undefined) continue;
      if (!SPLITS.includes(split))
        target.tell(picture, 'split_dropped', `VOC knows no split "${split}" but ${SPLITS.join(', ')}.`);
      else await (await target.open(`ImageSets/Main/${split}.txt`)).write(`${withExtension(inside, '')}\n`);
    }
  },
};

/** The XML of a picture. @param name its path below the folder of pictures */
export function vocXml({ width, height, annotations }: ExportPicture, name: string): string {
  const objects = annotations.map(({ className, box, attributes = {} }) => {
    const said = ATTRIBUTES.filter((key) => attributes[key] !== undefined)
      .map((key) => `    <${key}>${escapeXml(String(attributes[key]))}</${key}>\n`)
      .join('');
    const corners = CORNERS.map((corner, at) => `      <${corner}>${box[at]}</${corner}>\n`).join('');
    return `  <object>\n    <name>${escapeXml(className)}</name>\n${said}    <bndbox>\n${corners}    </bndbox>\n  </object>\n`;
  });
  const size = `  <size>\n    <width>${width}</width>\n    <height>${height}</height>\n    <depth>3</depth>\n  </size>\n`;
  const head = `  <folder>${escapeXml(posix.dirname(`JPEGImages/${name}`))}</folder>\n  <filename>${escapeXml(posix.basename(name))}</filename>\n`;
  return `<annotation>\n${head}${size}  <segmented>0</segmented>\n${objects.join('')}</annotation>\n`;
}

/**
 * Reads a VOC file into the data set.
 *
 * @param classOf the class of an object's `<name>`; default: the name
 */
export async function readVocFile(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
  classOf: (name: string) => string = (name) => name,
): Promise<boolean> {
  const from = posix.dirname(file);
  const parallel = withParallel(folder, file);
  const sameStem = parallel === undefined ? folder.resolve(posix.parse(file).name, from) : { name: parallel };
  const giveUp = (place: Place, code: string, reason: string) => {
    builder.problem(place, code, reason);
    if ('name' in sameStem) builder.markUnknown(sameStem.name);
    return false;
  };

  const text = await folder.readText(file);
  if (typeof text !== 'string') return giveUp(text, text.code, text.reason);
  const root = parseXml(text);
  if (isFault(root))
    return giveUp({ file, line: root.line }, 'broken_file', `The file is not XML: ${root.reason}; not read.`);
  if (root.name !== 'annotation' || root.children.length === 0) {
    const reason = 'The file has no <annotation> with anything in it; not read.';
    return giveUp({ file, line: root.line }, 'missing_field', reason);
  }

  const named = childOf(root, 'filename');
  let picture: string;
  if (named && named.text !== '') {
    const resolved =
      parallel !== undefined && posix.parse(parallel).name === posix.parse(named.text).name
        ? { name: parallel }
        : folder.resolve(named.text, from);
    if ('name' in resolved) picture = resolved.name;
    else if (resolved.code !== 'path_outside' && 'name' in sameStem) picture = sameStem.name;
    else {
      builder.problem({ file, line: named.line }, resolved.code, resolved.reason);
      return true;
    }
  } else if ('name' in sameStem) picture = sameStem.name;
  else {
    builder.problem({ file }, 'missing_field', 'The file has no <filename>, and no picture bears its name; skipped.');
    return true;
  }
  for (const object of root.children.filter(({ name }) => name === 'object')) {
    readObject(builder, picture, object, { file, line: object.line }, classOf);
  }
  return true;
}

/** The picture of the same name at the same place below the folder of pictures beside `Annotations`. */
function withParallel(folder: DatasetFolder, file: string): string | undefined {
  const stem = withExtension(file, '');
  for (const pictures of ['JPEGImages', 'Data']) {
    const parallel = stem.replace(/(^|\/)Annotations\//i, `$1${pictures}/`);
    const found = parallel === stem ? undefined : folder.resolveStem(parallel);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readObject(
  builder: DatasetBuilder,
  picture: string,
  object: XmlElement,
  place: Place,
  classOf: (name: string) => string,
): void {
  if (object.children.length === 0) {
    builder.skip(picture, place, 'missing_field', 'The <object> is empty; skipped.');
    return;
  }
  const className = textOf(object, 'name');
  if (className === undefined) {
    builder.skip(picture, place, 'unknown_class', 'The <object> has no <name>; skipped.');
    return;
  }
  const bndbox = childOf(object, 'bndbox');
  if (!bndbox || bndbox.children.length === 0) {
    builder.skip(picture, place, 'no_box', `The <object> ${className} has no <bndbox>; skipped.`);
    return;
  }
  const texts = CORNERS.map((corner) => textOf(bndbox, corner));
  const corners = texts.map(parseNumber);
  const bad = CORNERS.filter((_, index) => !Number.isFinite(corners[index]));
  if (bad.length > 0) {
    const what = bad.map((corner) => `<${corner}> ${JSON.stringify(textOf(bndbox, corner) ?? 'missing')}`).join(', ');
    builder.skip(picture, place, 'bad_number', `Not a number: ${what}; skipped.`);
    return;
  }
  const attributes = Object.fromEntries(
    ATTRIBUTES.flatMap((key) => {
      const value = textOf(object, key);
      return value === undefined ? [] : [[key, value]];
    }),
  );
  const box = [corners[0]!, corners[1]!, corners[2]!, corners[3]!] as const;
  const annotation = { className: classOf(className), box };
  builder.addBox(picture, { ...annotation, ...(Object.keys(attributes).length > 0 && { attributes }) }, place);
}

async function readSplits(folder: DatasetFolder, builder: DatasetBuilder): Promise<void> {
  for (const split of SPLITS) {
    const file = folder.files.find(
      (name) => name === `ImageSets/Main/${split}.txt` || name.endsWith(`/ImageSets/Main/${split}.txt`),
    );
    const text = file === undefined ? undefined : await folder.readText(file);
    if (typeof text !== 'string') continue;
    const pictures = `${file!.slice(0, -`ImageSets/Main/${split}.txt`.length)}JPEGImages`;
    for (const line of text.split(/\r?\n/)) {
      if (line.trim() === '') continue;
      // Of a single class's file, each line ends in 1 or -1.
      const stems = [line.trim(), line.trim().replace(/\s+-?[01]$/, '')];
      const name = stems
        .map((stem) => folder.resolveStem(posix.join(pictures, stem)) ?? resolved(folder, stem))
        .find(Boolean);
      if (name !== undefined) builder.setSplit(name, split);
    }
  }
}

function resolved(folder: DatasetFolder, stem: string): string | undefined {
  const found = folder.resolve(stem, '');
  return 'name' in found ? found.name : undefined;
}
