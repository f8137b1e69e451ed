import {
  type FoveaError,
  type Keypoints,
  type Mask,
  maskArea,
  maskBox,
  maskFromCoco,
  maskIou,
  oks,
  polygonsToMask,
  type Xywh,
  xyxyToXywh,
} from '@fovea/annotations';
import {
  badEntry,
  type Cell,
  type CocoAnnotation,
  type CocoImage,
  type CocoResult,
  detectIouType,
  type IouType,
  say,
} from './coco-data.js';
import { type Candidates, rank } from './coco-match.js';

/** How entries are read: what is measured, and what the areas of predictions come from. */
export interface Reading {
  readonly iouType: IouType;
  /** The field of the first prediction that areas are taken from, as the COCO API does: its box if it has one. */
  readonly areaFrom: IouType;
  /** One per key point. */
  readonly sigmas: readonly number[];
  /** Of one class in one picture, the most confident so many count. */
  readonly maxDetections: number;
}

/** @param predictions the first decides what areas are taken from */
export function chooseAreas(predictions: readonly CocoResult[], iouType: IouType): IouType {
  const box = predictions[0]?.bbox;
  if (Array.isArray(box) && box.length > 0) return 'bbox';
  const type = detectIouType(predictions.slice(0, 1));
  return type === 'keypoints' && predictions[0]?.segmentation !== undefined ? 'segm' : (type ?? iouType);
}

interface Shape {
  readonly box?: Xywh;
  readonly mask?: Mask;
  readonly keypoints?: Keypoints;
}

/**
 * Ranks the predictions of one class in one picture, and measures their overlaps with its objects.
 *
 * @throws FoveaError `bad_ground_truth`, `bad_results` naming the entry and what is wrong with its shape
 */
export function compareCell({ image, truths, results }: Cell, reading: Reading): Candidates {
  const order = rank(
    results.map(({ entry }) => entry.score),
    reading.maxDetections,
  );
  const found = results.map(({ entry, at }) => readResult(entry, at, image, reading));
  const best = Array.from(order, (index) => found[index]!);
  const objects = truths.map(({ entry, at }) => readTruth(entry, at, image, reading));
  const overlaps = new Float64Array(best.length * objects.length);
  best.forEach(({ shape }, prediction) => {
    objects.forEach((object, truth) => {
      overlaps[prediction * objects.length + truth] = compare(shape, object, reading);
    });
  });
  return {
    confidences: Float64Array.from(order, (index) => results[index]!.entry.score),
    areas: Float64Array.from(best, ({ area }) => area),
    truthAreas: Float64Array.from(objects, ({ area }) => area),
    isCrowd: Uint8Array.from(objects, ({ isCrowd }) => Number(isCrowd)),
    isIgnored: Uint8Array.from(objects, ({ isIgnored }) => Number(isIgnored)),
    overlaps,
  };
}

interface Truth {
  readonly shape: Shape;
  readonly area: number;
  readonly isCrowd: boolean;
  readonly isIgnored: boolean;
}

function readTruth(entry: CocoAnnotation, at: number, image: CocoImage, reading: Reading): Truth {
  const isCrowd = Boolean(entry.iscrowd);
  const { iouType } = reading;
  const fail = (what: string) => badEntry('annotations', at, what);
  const shape: Shape = {
    ...(iouType !== 'segm' && { box: requireBox(entry.bbox, fail) }),
    ...(iouType === 'segm' && { mask: requireMask(entry.segmentation, image, fail) }),
    ...(iouType === 'keypoints' && { keypoints: requireKeypoints(entry.keypoints, reading.sigmas, fail) }),
  };
  const area = entry.area ?? (shape.mask ? maskArea(shape.mask) : shape.box![2] * shape.box![3]);
  if (!Number.isFinite(area)) throw fail(`has the area ${say(area)}, which is no finite number`);
  const labelled =
    entry.num_keypoints ?? shape.keypoints?.filter((value, index) => index % 3 === 2 && value > 0).length;
  return { shape, area, isCrowd, isIgnored: isCrowd || (iouType === 'keypoints' && labelled === 0) };
}

function readResult(
  entry: CocoResult,
  at: number,
  image: CocoImage,
  { iouType, areaFrom, sigmas }: Reading,
): { shape: Shape; area: number } {
  const fail = (what: string) => badEntry('results', at, what);
  const keypoints =
    iouType === 'keypoints' || areaFrom === 'keypoints' ? requireKeypoints(entry.keypoints, sigmas, fail) : undefined;
  const hasBox = areaFrom === 'bbox' || (Array.isArray(entry.bbox) && entry.bbox.length > 0);
  const mask =
    areaFrom === 'segm' || (iouType === 'segm' && entry.segmentation !== undefined)
      ? requireMask(entry.segmentation, image, fail)
      : undefined;
  if (areaFrom === 'keypoints') {
    if (iouType === 'segm') throw fail('has no "segmentation"');
    const box = pointsBox(keypoints!);
    return { shape: { box, keypoints: keypoints! }, area: box[2] * box[3] };
  }
  const box = hasBox ? requireBox(entry.bbox, fail) : xyxyToXywh(maskBox(mask!));
  return {
    shape: {
      box,
      ...(keypoints && { keypoints }),
      ...(iouType === 'segm' && { mask: mask ?? requireMask([corners(box)], image, fail) }),
    },
    area: areaFrom === 'bbox' ? box[2] * box[3] : maskArea(mask!),
  };
}

function compare(found: Shape, { shape, area, isCrowd }: Truth, { iouType, sigmas }: Reading): number {
  if (iouType === 'bbox') return boxOverlap(found.box!, shape.box!, isCrowd);
  if (iouType === 'segm') return maskIou(found.mask!, shape.mask!, isCrowd);
  return oks(found.keypoints!, { keypoints: shape.keypoints!, box: shape.box!, areaPixels: area }, sigmas);
}

/** On corner and size, not on corners: the last bits, and so ties with a threshold, are then the COCO API's. */
function boxOverlap(a: Xywh, b: Xywh, isCrowd: boolean): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  if (width <= 0) return 0;
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (height <= 0) return 0;
  const common = width * height;
  const own = a[2] * a[3];
  return common / (isCrowd ? own : own + b[2] * b[3] - common);
}

type Fail = (what: string) => FoveaError;

function requireBox(box: unknown, fail: Fail): Xywh {
  if (Array.isArray(box) && box.length === 4 && box.every(isPlace)) return box as unknown as Xywh;
  throw fail(box === undefined ? 'has no "bbox"' : `has the bbox ${say(box)}, not four finite numbers`);
}

/** Finite, and not so large that an area of it is infinite. */
function isPlace(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) < 1e100;
}

function requireKeypoints(keypoints: unknown, sigmas: readonly number[], fail: Fail): Keypoints {
  if (!Array.isArray(keypoints)) throw fail('has no "keypoints"');
  if (keypoints.length !== sigmas.length * 3) {
    throw fail(`has ${keypoints.length / 3} key points where there are ${sigmas.length} sigmas`);
  }
  const wrong = keypoints.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw fail(`has key points with the number ${say(keypoints[wrong])}`);
  return keypoints;
}

function requireMask(segmentation: unknown, image: CocoImage, fail: Fail): Mask {
  if (segmentation === undefined || segmentation === null) throw fail('has no "segmentation"');
  const { width, height } = image;
  const isSized = width !== undefined && height !== undefined;
  try {
    if (Array.isArray(segmentation)) {
      if (!isSized) throw fail(`has polygons, but image ${image.id} has no width and height to draw them in`);
      if (!segmentation.every(Array.isArray)) throw fail('has a segmentation that is no list of polygons');
      return polygonsToMask(segmentation, width, height);
    }
    const mask = maskFromCoco(segmentation);
    if (isSized && (mask.width !== width || mask.height !== height)) {
      throw fail(`has a mask of ${mask.width} x ${mask.height} pixels on a picture of ${width} x ${height}`);
    }
    return mask;
  } catch (error) {
    const { code, message } = error as FoveaError;
    if (code !== 'bad_mask' && code !== 'bad_polygon') throw error;
    throw fail(`has a segmentation that cannot be used: ${message.replace(/\.$/, '')}`);
  }
}

/** A box as a polygon, in the COCO API's order. */
function corners([xmin, ymin, width, height]: Xywh): number[] {
  const [xmax, ymax] = [xmin + width, ymin + height];
  return [xmin, ymin, xmin, ymax, xmax, ymax, xmax, ymin];
}

function pointsBox(keypoints: Keypoints): Xywh {
  const xs = keypoints.filter((_, at) => at % 3 === 0);
  const ys = keypoints.filter((_, at) => at % 3 === 1);
  const [xmin, ymin] = [Math.min(...xs), Math.min(...ys)];
  return [xmin, ymin, Math.max(...xs) - xmin, Math.max(...ys) - ymin];
}
