import { FoveaError } from '@fovea/annotations';
import type { AnnotationFormat } from './annotation-format.js';
import type { Capability } from './capability.js';
import { cityscapes } from './cityscapes.js';
import { classFolders } from './class-folders.js';
import { coco } from './coco.js';
import { csvCorners } from './csv-corners.js';
import { cvat } from './cvat.js';
import { imagenet } from './imagenet.js';
import { images } from './images.js';
import { jsonl } from './jsonl.js';
import { kitti } from './kitti.js';
import { labelPngs } from './label-pngs.js';
import { labelme } from './labelme.js';
import { mot } from './mot.js';
import { FORMAT_NAMES, type FormatName } from './names.js';
import { openImages } from './open-images.js';
import { voc } from './voc.js';
import { webdataset } from './webdataset.js';
import { yolo, yoloObb, yoloPose, yoloSegment } from './yolo.js';

/** Every format, in the order in which a folder is held against them. */
export const FORMATS: readonly AnnotationFormat[] = [
  csvCorners,
  coco,
  yolo,
  yoloSegment,
  yoloPose,
  yoloObb,
  voc,
  labelme,
  cvat,
  openImages,
  kitti,
  mot,
  cityscapes,
  labelPngs,
  classFolders,
  imagenet,
  jsonl,
  webdataset,
  images,
];

/**
 * What a format can say, so that a person can be told before anything is written.
 *
 * @throws FoveaError `unknown_format` naming the known
 */
export function getCapability(name: FormatName): Capability {
  return formatNamed(name).capability;
}

/** @throws FoveaError `unknown_format` naming the known */
export function formatNamed(name: string): AnnotationFormat {
  const format = FORMATS.find((each) => each.name === name);
  if (format) return format;
  throw new FoveaError('unknown_format', `There is no format "${name}"; known are ${FORMAT_NAMES.join(', ')}.`, {
    format: name,
    known: FORMAT_NAMES,
  });
}
