import type { BoxAnnotation, RotatedBox, Skeleton, Xyxy } from '@fovea/annotations';
import type { ExportPicture, Place } from './dataset.js';
import type { DatasetBuilder } from './dataset-builder.js';
import { isNumbers, isRecord, type Json, show } from './json-file.js';

/**
 * A picture with everything its label says, as JSON. Used by `jsonl` and `webdataset`:
 *
 * ```json
 * {"name": "images/a.jpg", "sha256": "…", "width": 640, "height": 480, "split": "train", "labelled": true,
 *  "boxed": true, "classNames": ["street"], "labelMap": "label-maps/a.png", "annotations": [{"className": "car",
 *  "box": [10, 20, 110, 70], "isCrowd": true, "polygons": [[10, 20, 110, 20, 110, 70]], "holes": [[…]],
 *  "mask": {"size": [480, 640], "counts": "…"}, "rotatedBox": {"center": [60, 45], "width": 100, "height": 50,
 *  "angle": 0.1}, "keypoints": [12, 30, 2, …], "trackId": "7", "attributes": {"colour": "red"}}]}
 * ```
 *
 * `box` is xmin, ymin, xmax, ymax in pixels; everything but `className` and `box` may be missing.
 */
export function recordOf(picture: ExportPicture, name: string, labelMap?: string): Json {
  const { sha256, width, height, split, labelled, boxed, classNames, annotations } = picture;
  return {
    name,
    sha256,
    width,
    height,
    ...(split !== undefined && { split }),
    labelled,
    boxed,
    ...(classNames && classNames.length > 0 && { classNames }),
    ...(labelMap !== undefined && { labelMap }),
    annotations: annotations.map(({ className, box, isCrowd, ...rest }) => ({
      className,
      box,
      ...(isCrowd && { isCrowd }),
      ...inOrder(rest),
    })),
  };
}

const ORDER = ['polygons', 'holes', 'mask', 'rotatedBox', 'keypoints', 'trackId', 'attributes'] as const;

/** The same annotation gives the same text, in whatever order it was put together. */
function inOrder(annotation: Omit<BoxAnnotation, 'className' | 'box'>): Json {
  return Object.fromEntries(ORDER.flatMap((key) => (annotation[key] === undefined ? [] : [[key, annotation[key]]])));
}

/** Adds what a record says about a picture of the data set. */
export function addRecord(
  builder: DatasetBuilder,
  picture: string,
  record: Json,
  place: Place,
  known: ReadonlySet<string>,
): void {
  const { width, height, split, classNames, annotations } = record;
  if (isSide(width) && isSide(height)) builder.setSize(picture, { width, height });
  if (typeof split === 'string' && split !== '') builder.setSplit(picture, split);
  for (const name of Array.isArray(classNames) ? classNames : []) {
    if (typeof name === 'string' && known.has(name)) builder.addClass(picture, name);
    else
      builder.skip(picture, place, 'unknown_class', `The class ${show(name)} is not in the list of classes; skipped.`);
  }
  if (annotations !== undefined && !Array.isArray(annotations)) {
    builder.skip(picture, place, 'missing_field', '"annotations" is no list; skipped.');
  }
  for (const entry of Array.isArray(annotations) ? annotations : []) {
    if (!isRecord(entry)) builder.skip(picture, place, 'missing_field', 'An annotation is no object; skipped.');
    else addEntry(builder, picture, entry, place, known);
  }
  if (typeof record.labelled === 'boolean' && typeof record.boxed === 'boolean') {
    builder.setLabelled(picture, record.labelled, record.boxed);
  }
}

function addEntry(
  builder: DatasetBuilder,
  picture: string,
  entry: Json,
  place: Place,
  known: ReadonlySet<string>,
): void {
  const { className, box, isCrowd, polygons, holes, mask, rotatedBox, keypoints, trackId, attributes } = entry;
  if (typeof className !== 'string' || !known.has(className)) {
    builder.skip(
      picture,
      place,
      'unknown_class',
      `The class ${show(className)} is not in the list of classes; skipped.`,
    );
    return;
  }
  if (!isNumbers(box, 4)) {
    const code = Array.isArray(box) ? 'bad_number' : 'no_box';
    builder.skip(picture, place, code, `A ${className} has no "box" of four numbers; skipped.`);
    return;
  }
  const annotation: BoxAnnotation = {
    className,
    box: box as unknown as Xyxy,
    ...(isCrowd === true && { isCrowd }),
    ...(Array.isArray(polygons) && { polygons: polygons.map(asList) }),
    ...(Array.isArray(holes) && { holes: holes.map(asList) }),
    ...(isRecord(mask) && { mask: mask as never }),
    ...(isRecord(rotatedBox) && { rotatedBox: rotationOf(rotatedBox) }),
    ...(Array.isArray(keypoints) && { keypoints: keypoints as number[] }),
    ...((typeof trackId === 'string' || typeof trackId === 'number') && { trackId: String(trackId) }),
    ...(isRecord(attributes) && Object.keys(attributes).length > 0 && { attributes }),
  };
  builder.addBox(picture, annotation, place);
}

/** What is no list becomes an empty one, which is then reported as no outline. */
function asList(value: unknown): number[] {
  return Array.isArray(value) ? value : [];
}

function rotationOf({ center, width, height, angle }: Json): RotatedBox {
  const number = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);
  const [x, y] = Array.isArray(center) ? center : [];
  return { center: [number(x), number(y)], width: number(width), height: number(height), angle: number(angle) };
}

function isSide(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** The skeletons of a header, those that are such; others are reported. */
export function addSkeletons(builder: DatasetBuilder, skeletons: unknown, place: Place): void {
  if (!isRecord(skeletons)) return;
  for (const [className, value] of Object.entries(skeletons)) {
    const skeleton = skeletonOf(value);
    if (skeleton) builder.setSkeleton(className, skeleton, place);
    else builder.problem(place, 'bad_skeleton', `The key points of ${className} are not a list of names; left out.`);
  }
}

/** A skeleton of names and pairs of indices from 0, or undefined. Lines between points that are none are left out. */
export function skeletonOf(value: unknown): Skeleton | undefined {
  if (!isRecord(value)) return undefined;
  const { names, edges } = value;
  if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === 'string')) return undefined;
  const isPoint = (index: unknown) =>
    Number.isInteger(index) && (index as number) >= 0 && (index as number) < names.length;
  const pairs = Array.isArray(edges)
    ? edges.filter((edge) => Array.isArray(edge) && edge.length === 2 && edge.every(isPoint))
    : [];
  return { names, edges: pairs };
}
