import { FoveaError } from '@fovea/annotations';
import type { AnnotationFormat } from './annotation-format.js';
import { classFolders, hasClassesInSplits, hasClassFolders } from './class-folders.js';
import { coco } from './coco.js';
import { csvCorners } from './csv-corners.js';
import type { FormatName, ParsedDataset, ParseOptions } from './dataset.js';
import { type DatasetFolder, openFolder } from './folder.js';
import { images } from './images.js';
import { labelPngs } from './label-pngs.js';
import { voc } from './voc.js';
import { yolo } from './yolo.js';

const FORMATS: readonly AnnotationFormat[] = [csvCorners, coco, yolo, voc, classFolders, labelPngs, images];

/** Every format's name, for choices and messages. */
export const FORMAT_NAMES: readonly FormatName[] = FORMATS.map((format) => format.name);

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
  if (format !== undefined && !FORMAT_NAMES.includes(format)) {
    throw new FoveaError('unknown_format', `There is no format "${format}"; known are ${FORMAT_NAMES.join(', ')}.`, {
      format,
      known: FORMAT_NAMES,
    });
  }
  const folder = await openFolder(root);
  if (format === undefined) {
    const detected = await detect(folder);
    checkClassNames(detected.format, options);
    return detected.format.parse(folder, detected.labels, options);
  }
  const chosen = FORMATS.find(({ name }) => name === format)!;
  checkClassNames(chosen, options);
  const labels = await chosen.findLabels(folder);
  if (labels.length === 0 && chosen !== images && !mayBeBroken(folder, format)) {
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
    const taking = FORMATS.filter((format) => format.takesClassNames).map((format) => format.name);
    refuse(`Labels as ${name} name their classes themselves: class names are given only for ${taking.join(' and ')}.`);
  }
  if (classNames.length === 0 || classNames.some((each) => each.trim() === '')) {
    refuse('A class name is empty: give one for each class, in the order of their numbers from 0.');
  }
  const twice = classNames.find((each, index) => classNames.indexOf(each) !== index);
  if (twice !== undefined) refuse(`The class name "${twice}" is given twice.`);
}

async function detect(folder: DatasetFolder): Promise<{ format: AnnotationFormat; labels: string[] }> {
  const found: { format: AnnotationFormat; labels: string[] }[] = [];
  for (const format of FORMATS) {
    const labels = await format.findLabels(folder);
    if (labels.length > 0) found.push({ format, labels });
  }
  // Folders beside label files may be folders of anything, unless they lie below folders of splits.
  const folders = found.findIndex(({ format }) => format === classFolders);
  if (found.length > 1 && folders >= 0 && !hasClassesInSplits(folder)) found.splice(folders, 1);
  if (found.length > 1) {
    const candidates = found.map(({ format, labels }) => `${format.name} (${labels[0]})`);
    throw new FoveaError(
      'ambiguous_format',
      `The labels in "${folder.root}" may be ${candidates.join(' or ')}: say which with --format.`,
      { candidates: found.map(({ format }) => format.name) },
    );
  }
  return found[0] ?? { format: images, labels: [] };
}

/** Files by their ending, folders by lying there: with the format given, what is wrong with them is a problem to report. */
function mayBeBroken(folder: DatasetFolder, format: FormatName): boolean {
  if (format === 'class-folders') return hasClassFolders(folder);
  const ending = {
    'csv-corners': /\.csv$/i,
    coco: /\.json$/i,
    voc: /\.xml$/i,
    yolo: /(^|\/)labels\/.*\.txt$/i,
    'label-pngs': /(?!)/,
    images: /./,
  };
  return folder.files.some((name) => ending[format].test(name));
}
