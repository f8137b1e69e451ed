import { posix } from 'node:path';
import { type BoxAnnotation, polygonBox } from '@fovea/annotations';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import { DatasetBuilder } from './dataset-builder.js';
import { type DatasetFolder, withExtension } from './folder.js';
import { asRecords, isNumbers, readJson, show } from './json-file.js';
import { addLabelMap } from './label-map-file.js';
import { nameLines } from './label-pngs.js';

/** The names of Cityscapes' label ids 0 to 33, and of its train ids 0 to 18 (Cordts et al. 2016). */
const LABELS = [
  'unlabeled',
  'ego vehicle',
  'rectification border',
  'out of roi',
  'static',
  'dynamic',
  'ground',
  'road',
  'sidewalk',
  'parking',
  'rail track',
  'building',
  'wall',
  'fence',
  'guard rail',
  'bridge',
  'tunnel',
  'pole',
  'polegroup',
  'traffic light',
  'traffic sign',
  'vegetation',
  'terrain',
  'sky',
  'person',
  'rider',
  'car',
  'truck',
  'bus',
  'caravan',
  'trailer',
  'train',
  'motorcycle',
  'bicycle',
];
const TRAIN_LABELS = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33].map(
  (id) => LABELS[id]!,
);
/** What comes after a picture's name in the names of its label files; the first that is there is its label map. */
const MAPS = ['labelTrainIds', 'labelIds'] as const;
const SIDE = /_(?:gt\w+)_(polygons\.json|(?:labelIds|labelTrainIds|instanceIds|instanceTrainIds|color)\.png)$/;
const NAMES_FILE = 'classes.txt';

/**
 * Cityscapes: `leftImg8bit/<split>/<city>/<name>_leftImg8bit.png`, and in `gtFine` at the same place
 * `<name>_gtFine_polygons.json` (`objects` of `label` and `polygon`) and `_labelIds.png` or `_labelTrainIds.png`, a class
 * for each pixel. Labels that end in "group" are regions of many. `classes.txt` names the values of label maps, one a
 * line; else they are Cityscapes' own ids. Where both kinds of label maps are there, train ids are read.
 */
export const cityscapes: AnnotationFormat = {
  name: 'cityscapes',
  looksLike: 'files that end in _gtFine_polygons.json or _gtFine_labelIds.png',
  capability: { ...BOXES_ONLY, polygons: 'one', boxFollowsShape: true, crowds: true, labelMaps: true },
  rules: ['coco', 'label-pngs', 'class-folders'],

  async findLabels(folder) {
    return [...folder.files, ...folder.pictures]
      .filter((name) => /_gt\w+_(polygons\.json|label(Train)?Ids\.png)$/.test(name))
      .sort();
  },

  mayHold: (folder) => folder.files.some((name) => SIDE.test(name)),

  async parse(folder, labels) {
    const pictures = folder.pictures.filter((name) => !SIDE.test(name));
    const builder = new DatasetBuilder(folder, pictures);
    const byKey = new Map(pictures.map((name) => [keyOf(name), name]));
    const useTrainIds = labels.some((name) => name.endsWith('labelTrainIds.png'));
    const classNames = await classNamesOf(folder, useTrainIds);
    const labelled = new Set<string>();
    for (const file of labels) {
      const picture = byKey.get(keyOf(file));
      const isMap = file.endsWith('.png');
      if (isMap && file.endsWith(MAPS[useTrainIds ? 1 : 0])) continue;
      if (picture === undefined) {
        builder.problem({ file }, 'missing_picture', 'No picture of the same name is in the folder; skipped.');
      } else if (isMap) {
        labelled.add(picture);
        await addLabelMap(folder, builder, picture, file);
      } else {
        labelled.add(picture);
        await readPolygons(folder, builder, file, picture, classNames);
      }
    }
    for (const picture of pictures) if (!labelled.has(picture)) builder.markUnknown(picture);
    return builder.build('cityscapes', classNames);
  },

  async write({ classNames, pictures }, target) {
    for await (const picture of pictures) {
      const split = picture.split ?? 'train';
      if (picture.split === undefined)
        target.tell(picture, 'split_changed', 'Every picture has a split; this had none and is in "train".');
      const inner = picture.name.split('/').filter((part) => !/^(images?|leftImg8bit|train|val|test)$/i.test(part));
      const city = inner.slice(0, -1).join('-') || 'city';
      const stem = withExtension(inner.at(-1) ?? 'picture', '').replace(/_leftImg8bit$/, '');
      const ending = posix.extname(picture.name);
      const name = `${city}/${stem}_leftImg8bit${ending}`;
      const placed = await target.place({ ...picture, split }, 'leftImg8bit', { name });
      if (posix.basename(withExtension(placed, '')) !== `${stem}_leftImg8bit`)
        target.tell(picture, 'name_changed', `The picture is called ${JSON.stringify(placed)}.`);
      const base = withExtension(placed, '')
        .replace(/^leftImg8bit\//, 'gtFine/')
        .replace(/_leftImg8bit(-[^/]*)?$/, '$1');
      if (picture.boxed) {
        const objects = picture.annotations.map((annotation) => {
          if (!annotation.polygons)
            target.tell(
              picture,
              'box_as_polygon',
              'An object without an outline was written as the four corners of its box.',
            );
          return objectOf(annotation);
        });
        const json = { imgHeight: picture.height, imgWidth: picture.width, objects };
        await target.write(`${base}_gtFine_polygons.json`, `${JSON.stringify(json)}\n`);
      }
      if (picture.labelMap) await target.write(`${base}_gtFine_labelIds.png`, await picture.labelMap.load());
    }
    await target.write(NAMES_FILE, nameLines(classNames, target));
  },
};

function objectOf({ className, isCrowd, polygons, box: [xmin, ymin, xmax, ymax] }: BoxAnnotation): object {
  const outline = polygons?.[0] ?? [xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax];
  const corners = Array.from({ length: outline.length / 2 }, (_, at) => [outline[at * 2], outline[at * 2 + 1]]);
  return { label: isCrowd ? `${className}group` : className, polygon: corners };
}

/** What the names of a picture and of its labels have in common: split, city and name. */
function keyOf(file: string): string {
  const stem = file.replace(SIDE, '').replace(/\.[^./]+$/, (ending) => (SIDE.test(file) ? ending : ''));
  return stem.replace(/_leftImg8bit(-[^/]*)?$/, '$1').replace(/(^|\/)(leftImg8bit|gt[A-Z]\w*)\//, '$1');
}

async function classNamesOf(folder: DatasetFolder, useTrainIds: boolean): Promise<string[]> {
  const text = folder.files.includes(NAMES_FILE) ? await folder.readText(NAMES_FILE) : undefined;
  if (typeof text === 'string') {
    const names = text.split(/\r?\n/).map((name) => name.trim());
    while (names.at(-1) === '') names.pop();
    return names.map((name, index) => (name === '' || names.indexOf(name) !== index ? `class ${index}` : name));
  }
  return [...(useTrainIds ? TRAIN_LABELS : LABELS)];
}

/** @param classNames more are added as they come */
async function readPolygons(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
  picture: string,
  classNames: string[],
): Promise<void> {
  const json = await readJson(folder, builder, file);
  if (!json || !Array.isArray(json.objects)) {
    if (json) builder.problem({ file }, 'missing_field', 'The file lacks the list "objects"; nothing of it was read.');
    builder.markUnknown(picture);
    return;
  }
  for (const [index, { label, polygon, deleted }] of asRecords(json.objects).entries()) {
    if (deleted === 1 || deleted === true) continue;
    if (typeof label !== 'string' || label === '') {
      builder.skip(picture, { file }, 'unknown_class', `Object ${index} has no label; skipped.`);
      continue;
    }
    const points = Array.isArray(polygon) ? polygon.flat() : [];
    if (!isNumbers(points) || points.length < 6) {
      const reason = `Object ${index}, of ${show(label)}, has no three or more corners that are numbers; skipped.`;
      builder.skip(picture, { file }, 'bad_number', reason);
      continue;
    }
    const single = label.replace(/group$/, '');
    const isGroup = single !== label && !classNames.includes(label) && single !== '';
    const className = isGroup ? single : label;
    if (!classNames.includes(className)) classNames.push(className);
    const annotation = { className, box: polygonBox(points), polygons: [points] };
    builder.addBox(picture, { ...annotation, ...(isGroup && { isCrowd: true }) }, { file });
  }
}
