import { posix } from 'node:path';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import { csvRow, readTable } from './csv-rows.js';
import { DatasetBuilder } from './dataset-builder.js';
import { type DatasetFolder, withExtension } from './folder.js';
import { parseNumber } from './number.js';
import { readVocFile, vocXml } from './voc.js';

const MAPPING = /(^|\/)LOC_synset_mapping\.txt$/;
const SOLUTION = /(^|\/)LOC_(train|val|test)_solution\.csv$/;
const SYNSET = /^n\d{8}$/;
const CLASSES = 'Data/CLS-LOC';

/**
 * ImageNet's classification and localization (ILSVRC; Russakovsky et al. 2015): `Data/CLS-LOC/train/<synset>/…` and
 * `Data/CLS-LOC/val/…`, names in `LOC_synset_mapping.txt` (a line a class: `n01440764 tench, Tinca tinca`), classes and
 * boxes in `LOC_<split>_solution.csv` (`ImageId,PredictionString`, the latter of `synset xmin ymin xmax ymax`), boxes also
 * as VOC files in `Annotations`. The name of a class is all that stands behind its synset.
 */
export const imagenet: AnnotationFormat = {
  name: 'imagenet',
  looksLike: 'LOC_synset_mapping.txt and folders of synsets like n01440764',
  capability: { ...BOXES_ONLY, pictureClasses: 'one', attributes: ['pose', 'truncated', 'difficult', 'occluded'] },
  rules: ['voc', 'class-folders', 'csv-corners'],

  findLabels: async (folder) => folder.files.filter((name) => MAPPING.test(name) || SOLUTION.test(name)),

  mayHold: (folder) => folder.pictures.some((name) => name.split('/').some((part) => SYNSET.test(part))),

  async parse(folder) {
    const builder = new DatasetBuilder(folder);
    const names = await readMapping(folder, builder);
    const seen = new Set<string>();
    const classOf = (synset: string): string | undefined => {
      const name = names.size === 0 ? synset : names.get(synset);
      if (name !== undefined) seen.add(name);
      return name;
    };
    const labelled = readFolders(folder, builder, classOf);
    const hasXml = new Set<string>();
    for (const file of folder.files.filter((name) => /(^|\/)Annotations\/.*\.xml$/i.test(name))) {
      hasXml.add(posix.parse(file).name);
      await readVocFile(folder, builder, file, (name) => classOf(name) ?? name);
    }
    for (const file of folder.files.filter((name) => SOLUTION.test(name))) {
      await readSolution(folder, builder, file, { classOf, labelled, hasXml });
    }
    for (const picture of folder.pictures) {
      if (!labelled.has(picture) && !hasXml.has(posix.parse(picture).name)) builder.markUnknown(picture);
    }
    return builder.build('imagenet', names.size > 0 ? [...new Set(names.values())] : [...seen].sort());
  },

  async write({ classNames, pictures }, target) {
    const synsetOf = new Map(
      classNames.map((name, index) => [name, SYNSET.test(name) ? name : `n${String(90_000_000 + index)}`]),
    );
    const lines = classNames.map((name) => {
      const line = name.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
      if (line !== name)
        target.tell(
          { name: '.' },
          'class_renamed',
          `The class ${JSON.stringify(name)} is called ${JSON.stringify(line)}.`,
        );
      return `${synsetOf.get(name)} ${line}\n`;
    });
    await target.write('LOC_synset_mapping.txt', lines.join(''));
    for await (const picture of pictures) {
      const split = picture.split ?? 'train';
      if (picture.split === undefined)
        target.tell(picture, 'split_changed', 'Every picture has a split; this had none and is in "train".');
      const className = picture.classNames?.[0];
      const folder =
        split === 'train' && className !== undefined
          ? `${CLASSES}/train/${synsetOf.get(className)}`
          : `${CLASSES}/${split}`;
      const placed = await target.place(picture, folder, { withSplit: false });
      const inside = placed.slice(CLASSES.length + 1);
      const annotations = picture.annotations.map((each) => ({ ...each, className: synsetOf.get(each.className)! }));
      if (picture.boxed)
        await target.write(
          `Annotations/CLS-LOC/${withExtension(inside, '.xml')}`,
          vocXml({ ...picture, annotations }, inside),
        );
      if (split === 'train' || className === undefined) continue;
      const text = await target.open(`LOC_${split.replace(/[^\w-]/g, '_')}_solution.csv`);
      if (!headed.has(text)) await text.write('ImageId,PredictionString\n');
      headed.add(text);
      await text.write(csvRow([withExtension(inside.slice(split.length + 1), ''), synsetOf.get(className)!]));
    }
  },
};

/** Files whose header is written. */
const headed = new WeakSet<object>();

async function readMapping(folder: DatasetFolder, builder: DatasetBuilder): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const file = folder.files.find((name) => MAPPING.test(name));
  if (file === undefined) return names;
  const text = await folder.readText(file);
  if (typeof text !== 'string') {
    builder.problems.push(text);
    return names;
  }
  const taken = new Set<string>();
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') return;
    const match = /^\s*(\S+)\s+(\S.*)$/.exec(line);
    // Different synsets may have the same words, as cranes do: the second is told apart by its number.
    const name = (match?.[2] ?? '').trim();
    if (match) names.set(match[1]!, taken.has(name) ? `${name} (${match[1]!})` : name);
    if (match) taken.add(name);
    else builder.problem({ file, line: index + 1 }, 'wrong_column_count', 'The line is not "synset name"; skipped.');
  });
  return names;
}

/** Classes by the folders of synsets that pictures lie in. */
function readFolders(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  classOf: (synset: string) => string | undefined,
): Set<string> {
  const labelled = new Set<string>();
  for (const picture of folder.pictures) {
    const synset = picture
      .split('/')
      .slice(0, -1)
      .reverse()
      .find((part) => SYNSET.test(part));
    if (synset === undefined) continue;
    labelled.add(picture);
    const name = classOf(synset);
    if (name !== undefined) builder.addClass(picture, name);
    else
      builder.skip(picture, { file: picture }, 'unknown_class', `The synset ${synset} is not in the mapping; skipped.`);
  }
  return labelled;
}

async function readSolution(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
  {
    classOf,
    labelled,
    hasXml,
  }: { classOf: (synset: string) => string | undefined; labelled: Set<string>; hasXml: ReadonlySet<string> },
): Promise<void> {
  const table = await readTable(folder, builder, file);
  if (!table) return;
  const [image, prediction] = [table.columns.indexOf('ImageId'), table.columns.indexOf('PredictionString')];
  if (image < 0 || prediction < 0) {
    const reason = `The columns ImageId and PredictionString are not both there: found ${table.columns.join(',').slice(0, 200)}. The file was not read.`;
    builder.problem({ file, line: 1 }, 'missing_column', reason);
    return;
  }
  const split = SOLUTION.exec(file)![2]!;
  for (const { fields, line } of table.rows) {
    const place = { file, line };
    const reference = fields[image] ?? '';
    const places = ['', `${CLASSES}/${split}/`, `ILSVRC/${CLASSES}/${split}/`].map(
      (prefix) => `${posix.join(posix.dirname(file), prefix)}/${reference}`,
    );
    const picture =
      places.map((stem) => folder.resolveStem(stem)).find(Boolean) ?? builder.resolve(reference, '', place);
    if (picture === undefined) continue;
    labelled.add(picture);
    builder.setSplit(picture, split);
    const parts = (fields[prediction] ?? '').trim().split(/\s+/);
    if (parts.length !== 1 && parts.length % 5 !== 0) {
      builder.skip(
        picture,
        place,
        'wrong_column_count',
        'The prediction is not made of "synset xmin ymin xmax ymax"; skipped.',
      );
      continue;
    }
    for (let at = 0; at < parts.length; at += 5) {
      const className = classOf(parts[at]!);
      if (className === undefined) {
        builder.skip(
          picture,
          place,
          'unknown_class',
          `The synset ${JSON.stringify(parts[at]!.slice(0, 40))} is not in the mapping; skipped.`,
        );
        continue;
      }
      builder.addClass(picture, className);
      // The same boxes are in the XML file of the picture.
      if (parts.length === 1 || hasXml.has(posix.parse(picture).name)) continue;
      const box = parts.slice(at + 1, at + 5).map(parseNumber) as unknown as [number, number, number, number];
      builder.addBox(picture, { className, box }, place);
    }
  }
}
