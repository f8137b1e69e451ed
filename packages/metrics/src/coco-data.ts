import { type CocoRle, FoveaError, type Keypoints, type Polygon, type Xywh } from '@fovea/annotations';

/** What overlap is measured on: boxes by IoU, masks by IoU of their pixels, key points by OKS. */
export type IouType = 'bbox' | 'segm' | 'keypoints';

export const IOU_TYPES: readonly IouType[] = ['bbox', 'segm', 'keypoints'];

/** Ids in COCO's files are numbers as a rule. */
export type CocoId = number | string;

/** A picture; its size is needed where masks are drawn from polygons or boxes. */
export interface CocoImage {
  readonly id: CocoId;
  readonly width?: number;
  readonly height?: number;
}

/** Polygons, one per visible part, or runs. */
export type CocoSegmentation = readonly Polygon[] | CocoRle;

/** A labelled object. Of box, segmentation and key points it needs what is measured on. */
export interface CocoAnnotation {
  readonly id?: CocoId;
  readonly image_id: CocoId;
  readonly category_id: CocoId;
  readonly bbox?: Xywh;
  readonly segmentation?: CocoSegmentation;
  /** x, y, v of each point; v is 0 where it is not labelled. */
  readonly keypoints?: Keypoints;
  /** Default: as many as have a v above 0. */
  readonly num_keypoints?: number;
  /** The object's own area in square pixels, which decides whether it is small, medium or large. Default: measured. */
  readonly area?: number;
  /** 1 for a region of many objects. */
  readonly iscrowd?: number | boolean;
}

/** A ground truth file of COCO's, as parsed; other fields do not matter. */
export interface CocoGroundTruth {
  readonly images: readonly CocoImage[];
  readonly categories: readonly { readonly id: CocoId; readonly name?: string }[];
  readonly annotations: readonly CocoAnnotation[];
}

/** One prediction, an entry of a results file. */
export interface CocoResult {
  readonly image_id: CocoId;
  readonly category_id: CocoId;
  readonly bbox?: Xywh;
  readonly segmentation?: CocoSegmentation;
  /** x, y and anything of each point. */
  readonly keypoints?: Keypoints;
  /** Any finite number: only its order counts. */
  readonly score: number;
}

/** Something left out or counted otherwise than one might think. */
export interface CocoProblem {
  readonly code: string;
  /** Entries concerned. */
  readonly count: number;
  readonly reason: string;
}

/** The entries of one class in one picture, in their order. */
export interface Cell {
  readonly image: CocoImage;
  readonly truths: { readonly entry: CocoAnnotation; readonly at: number }[];
  readonly results: { readonly entry: CocoResult; readonly at: number }[];
}

/** Ground truth and predictions sorted into classes and pictures, both by id. */
export interface CocoData {
  readonly classes: readonly { readonly id: CocoId; readonly className: string; readonly cells: readonly Cell[] }[];
  readonly problems: readonly CocoProblem[];
}

/** What the predictions are of, told from the first: key points, else masks, else boxes; undefined where it has none. */
export function detectIouType(predictions: readonly unknown[]): IouType | undefined {
  const first = predictions[0];
  const has = (name: string) => {
    const value = isRecord(first) ? first[name] : undefined;
    return typeof value === 'object' && value !== null && !(Array.isArray(value) && value.length === 0);
  };
  if (has('keypoints')) return 'keypoints';
  if (has('segmentation')) return 'segm';
  return has('bbox') ? 'bbox' : undefined;
}

/**
 * Sorts entries into classes and pictures, checking all but their shapes.
 *
 * @throws FoveaError `bad_ground_truth` and `bad_results` naming the entry and what is wrong with it; `unknown_image`
 *   for predictions on pictures that the ground truth does not have
 */
export function sortCoco(groundTruth: CocoGroundTruth, predictions: readonly CocoResult[]): CocoData {
  const { images, categories, annotations } = checkGroundTruth(groundTruth);
  if (!Array.isArray(predictions)) {
    const keys = isRecord(predictions)
      ? `an object with ${Object.keys(predictions).slice(0, 8).join(', ')}`
      : 'not one';
    throw new FoveaError('bad_results', `Predictions are a list of entries, one per object found; this is ${keys}.`);
  }
  const imageAt = indexById(images, 'images');
  const categoryAt = indexById(categories, 'categories');
  const cells = categories.map(() => new Map<number, Cell>());
  const cellOf = (category: number, image: number) => {
    const found = cells[category]!.get(image);
    if (found) return found;
    const made: Cell = { image: images[image]!, truths: [], results: [] };
    cells[category]!.set(image, made);
    return made;
  };

  const lost = { images: 0, categories: 0 };
  const seen = new Set<CocoId>();
  let oddIds = 0;
  annotations.forEach((entry, at) => {
    if (!isRecord(entry)) throw badEntry('annotations', at, 'is no object');
    requireId(entry.image_id, 'image_id', 'annotations', at);
    requireId(entry.category_id, 'category_id', 'annotations', at);
    const [image, category] = [imageAt.get(entry.image_id), categoryAt.get(entry.category_id)];
    if (entry.id === undefined || entry.id === 0 || seen.has(entry.id)) oddIds++;
    else seen.add(entry.id);
    if (image === undefined) lost.images++;
    else if (category === undefined) lost.categories++;
    else cellOf(category, image).truths.push({ entry, at });
  });

  const strangeImages = new Map<CocoId, number>();
  const strangeCategories = new Map<CocoId, number>();
  predictions.forEach((entry: CocoResult, at) => {
    if (!isRecord(entry)) throw badEntry('results', at, 'is no object');
    requireId(entry.image_id, 'image_id', 'results', at);
    requireId(entry.category_id, 'category_id', 'results', at);
    if (!Number.isFinite(entry.score)) {
      const what = entry.score === undefined ? 'has no "score"' : `has the score ${say(entry.score)}`;
      throw badEntry('results', at, `${what}; a finite number is needed`);
    }
    const [image, category] = [imageAt.get(entry.image_id), categoryAt.get(entry.category_id)];
    if (image === undefined) strangeImages.set(entry.image_id, (strangeImages.get(entry.image_id) ?? 0) + 1);
    else if (category === undefined) {
      strangeCategories.set(entry.category_id, (strangeCategories.get(entry.category_id) ?? 0) + 1);
    } else cellOf(category, image).results.push({ entry, at });
  });
  if (strangeImages.size > 0) {
    throw new FoveaError(
      'unknown_image',
      `${count(sum(strangeImages), 'prediction is', 'predictions are')} on pictures that the ground truth does not have (image_id ${list(strangeImages)}): the two files do not belong together.`,
      { predictions: sum(strangeImages), images: [...strangeImages.keys()].slice(0, 100) },
    );
  }

  const problems: CocoProblem[] = [];
  const report = (code: string, number: number, reason: string) => {
    if (number > 0) problems.push({ code, count: number, reason });
  };
  report(
    'unknown_category',
    sum(strangeCategories),
    `${count(sum(strangeCategories), 'prediction was', 'predictions were')} left out, of categories that the ground truth does not have (category_id ${list(strangeCategories)}).`,
  );
  report(
    'annotation_without_image',
    lost.images,
    `${count(lost.images, 'annotation was', 'annotations were')} left out, on pictures that are not among the images.`,
  );
  report(
    'annotation_without_category',
    lost.categories,
    `${count(lost.categories, 'annotation was', 'annotations were')} left out, of categories that are not among the categories.`,
  );
  report(
    'annotation_ids',
    oddIds,
    `${count(oddIds, 'annotation has', 'annotations have')} no id, the id 0, or one that another has too; each counts for itself here, where the COCO API takes them for each other or for missed.`,
  );

  const order = sortedIndices(images);
  const imageRank = new Uint32Array(images.length);
  order.forEach((image, place) => {
    imageRank[image] = place;
  });
  return {
    classes: sortedIndices(categories).map((category) => ({
      id: categories[category]!.id,
      className: nameOf(categories[category]!),
      cells: [...cells[category]!].sort(([a], [b]) => imageRank[a]! - imageRank[b]!).map(([, cell]) => cell),
    })),
    problems,
  };
}

function nameOf({ id, name }: { readonly id: CocoId; readonly name?: unknown }): string {
  return typeof name === 'string' && name !== '' ? name : String(id);
}

function checkGroundTruth(groundTruth: CocoGroundTruth): CocoGroundTruth {
  for (const name of ['images', 'categories', 'annotations'] as const) {
    if (isRecord(groundTruth) && Array.isArray(groundTruth[name])) continue;
    const keys = isRecord(groundTruth) ? Object.keys(groundTruth).slice(0, 8).join(', ') || 'nothing' : 'no object';
    throw new FoveaError(
      'bad_ground_truth',
      `A ground truth of COCO's has the lists "images", "categories" and "annotations"; "${name}" is none here (there is ${keys}).`,
    );
  }
  return groundTruth;
}

function indexById(entries: readonly { readonly id: CocoId }[], name: 'images' | 'categories'): Map<CocoId, number> {
  const index = new Map<CocoId, number>();
  entries.forEach((entry, at) => {
    if (!isRecord(entry)) throw badEntry(name, at, 'is no object');
    requireId(entry.id, 'id', name, at);
    if (index.has(entry.id)) throw badEntry(name, at, `has the id ${say(entry.id)}, as one before has`);
    index.set(entry.id, at);
  });
  return index;
}

type ListName = 'images' | 'categories' | 'annotations' | 'results';

/** The error about one entry of a file: `results[3] has no "score"; …`. */
export function badEntry(name: ListName, at: number, what: string): FoveaError {
  const code = name === 'results' ? 'bad_results' : 'bad_ground_truth';
  return new FoveaError(code, `Entry ${at} of the ${name} ${what}.`, { list: name, entry: at });
}

/** A value from a file in an error: short, and lists only where they are flat, since nesting may be without end. */
export function say(value: unknown): string {
  const isNested = (entry: unknown) => typeof entry === 'object' && entry !== null;
  if (isNested(value) && !(Array.isArray(value) && value.length < 20 && !value.some(isNested))) {
    return Array.isArray(value) ? `a list of ${value.length} entries` : 'an object';
  }
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function requireId(id: unknown, field: string, name: ListName, at: number): void {
  if (typeof id === 'string' || Number.isFinite(id)) return;
  throw badEntry(
    name,
    at,
    id === undefined ? `has no "${field}"` : `has the ${field} ${say(id)}, neither a number nor a name`,
  );
}

/** Numbers by size, then words: the order in which the COCO API takes pictures and classes. */
function sortedIndices(entries: readonly { readonly id: CocoId }[]): number[] {
  const before = (a: CocoId, b: CocoId) => {
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
    return a < b ? -1 : 1;
  };
  return entries.map((_, at) => at).sort((a, b) => before(entries[a]!.id, entries[b]!.id));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sum(counts: ReadonlyMap<CocoId, number>): number {
  return [...counts.values()].reduce((a, b) => a + b, 0);
}

function list(counts: ReadonlyMap<CocoId, number>): string {
  const ids = [...counts.keys()];
  return ids.length > 5 ? `${ids.slice(0, 5).join(', ')}, … ${ids.length} in all` : ids.join(', ');
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
