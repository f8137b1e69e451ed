import { FoveaError } from '@fovea/annotations';
import type { AnnotationFormat } from './annotation-format.js';
import { hasClassesInSplits } from './class-folders.js';
import type { FormatName, ParsedDataset, ParseOptions } from './dataset.js';
import { type DatasetFolder, noPictures, openFolder } from './folder.js';
import { FORMATS, formatNamed } from './formats.js';
import { images } from './images.js';

/**
 * Tells a folder's format by what its files contain; `images` when no file is labels of a known format.
 *
 * @param root a folder, or one label file or picture in it
 * @throws FoveaError `ambiguous_format` naming the candidates; `missing_path`; `no_pictures`
 */
export async function detectFormat(root: string): Promise<FormatName> {
  return (await detect(await openFolder(root))).format.name;
}

/**
 * Reads a folder of pictures with their labels. What is wrong with single pictures, labels or label files does not stop
 * it: it is skipped and listed in `problems`. Picture bytes are not decoded here, and boxes are not yet held against
 * picture sizes (see `checkBoxes`); label maps are read, and have the size of their pictures.
 *
 * @param root a folder, or one label file or picture in it
 * @param format default: detected
 * @throws FoveaError `unknown_format` naming the known; `bad_class_names`; `no_labels` when there is no label file of the format asked for;
 *   those of {@link detectFormat}
 */
export async function parseDataset(
  root: string,
  format?: FormatName,
  options: ParseOptions = {},
): Promise<ParsedDataset> {
  const chosen = format === undefined ? undefined : formatNamed(format);
  const folder = await openFolder(root);
  if (chosen === undefined) {
    const detected = await detect(folder);
    checkClassNames(detected.format, options);
    return detected.format.parse(folder, detected.labels, options);
  }
  if (folder.pictures.length === 0 && chosen.name !== 'webdataset') throw noPictures(folder.root, root);
  checkClassNames(chosen, options);
  const labels = await chosen.findLabels(folder);
  if (labels.length === 0 && chosen !== images && !chosen.mayHold(folder)) {
    throw new FoveaError(
      'no_labels',
      `There are no labels in the format ${format} in "${folder.root}": expected ${chosen.looksLike}.`,
      { path: root, format },
    );
  }
  return chosen.parse(folder, labels, options);
}

function checkClassNames({ name, takesClassNames }: AnnotationFormat, { classNames }: ParseOptions): void {
  if (classNames === undefined) return;
  const refuse = (reason: string) => {
    throw new FoveaError('bad_class_names', reason, { format: name, classNames });
  };
  if (!takesClassNames) {
    const taking = FORMATS.filter((format) => format.takesClassNames && !format.kindOf).map((format) => format.name);
    refuse(
      `Labels as ${name} name their classes themselves: class names are given only for ${taking.slice(0, -1).join(', ')} and ${taking.at(-1)}.`,
    );
  }
  if (classNames.length === 0 || classNames.some((each) => each.trim() === '')) {
    refuse('A class name is empty: give one for each class, in the order of their numbers from 0.');
  }
  const twice = classNames.find((each, index) => classNames.indexOf(each) !== index);
  if (twice !== undefined) refuse(`The class name "${twice}" is given twice.`);
}

async function detect(folder: DatasetFolder): Promise<{ format: AnnotationFormat; labels: string[] }> {
  const all: { format: AnnotationFormat; labels: string[] }[] = [];
  for (const format of FORMATS) {
    if (format.kindOf !== undefined || (folder.pictures.length === 0 && format.name !== 'webdataset')) continue;
    const labels = await format.findLabels(folder);
    if (labels.length > 0) all.push({ format, labels });
  }
  const ruled = new Set(all.flatMap(({ format }) => format.rules ?? []));
  const found = all.filter(({ format }) => !ruled.has(format.name));
  // Folders beside label files may be folders of anything, unless they lie below folders of splits.
  const folders = found.findIndex(({ format }) => format.name === 'class-folders');
  if (found.length > 1 && folders >= 0 && !hasClassesInSplits(folder)) found.splice(folders, 1);
  if (found.length > 1) {
    const candidates = found.map(({ format, labels }) => `${format.name} (${labels[0]})`);
    throw new FoveaError(
      'ambiguous_format',
      `The labels in "${folder.root}" may be ${candidates.join(' or ')}: say which with --format.`,
      { candidates: found.map(({ format }) => format.name) },
    );
  }
  if (found.length === 0 && folder.pictures.length === 0) throw noPictures(folder.root);
  return found[0] ?? { format: images, labels: [] };
}
