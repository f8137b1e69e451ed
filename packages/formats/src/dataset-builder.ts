import { join } from 'node:path';
import type { BoxAnnotation, Skeleton } from '@fovea/annotations';
import type { FormatName, LabelledPicture, ParsedDataset, Place, Problem, SourcedAnnotation } from './dataset.js';
import type { DatasetFolder } from './folder.js';
import { checkKeypoints, checkMask, checkPolygon, isDeep } from './object-shape.js';

/** Where a picture's bytes are, when it is no file of its own. */
export interface Stored {
  readonly path: string;
  load(): Promise<Uint8Array>;
}

interface Draft {
  readonly annotations: SourcedAnnotation[];
  readonly seen: Set<string>;
  skipped: number;
  isUnknown: boolean;
  split?: string;
  size?: { readonly width: number; readonly height: number };
  readonly classNames: Set<string>;
  labelMap?: { readonly path: string; load?: () => Promise<Uint8Array> };
  stored?: Stored;
  isLabelled?: boolean;
  isBoxed?: boolean;
}

const SPLIT_FOLDERS: Record<string, string> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
  testing: 'test',
};

/** Gathers what a format's label files say, picture by picture, with the checks every format shares. */
export class DatasetBuilder {
  readonly problems: Problem[];
  private readonly drafts = new Map<string, Draft>();
  private readonly seenClasses = new Set<string>();
  private readonly skeletons = new Map<string, Skeleton>();

  /** @param pictures names of the pictures, where not all in the folder are: some may be labels */
  constructor(
    private readonly folder: DatasetFolder,
    pictures = folder.pictures,
  ) {
    this.problems = [...folder.problems];
    for (const name of pictures) {
      const split = splitOf(name);
      const draft = { annotations: [], seen: new Set<string>(), classNames: new Set<string>(), skipped: 0 };
      this.drafts.set(name, { ...draft, isUnknown: false, ...(split && { split }) });
    }
  }

  problem(place: Place, code: string, reason: string): void {
    this.problems.push({ ...place, code, reason });
  }

  /** Reports a statement about a picture that cannot be used. */
  skip(picture: string, place: Place, code: string, reason: string): void {
    this.drafts.get(picture)!.skipped++;
    this.problem(place, code, reason);
  }

  /** The picture's label file cannot be read, so that it is not background but unlabelled. */
  markUnknown(picture: string): void {
    this.drafts.get(picture)!.isUnknown = true;
  }

  setSplit(picture: string, split: string | undefined): void {
    const draft = this.drafts.get(picture)!;
    if (split === undefined) delete draft.split;
    else draft.split = split;
  }

  setSize(picture: string, size: { readonly width: number; readonly height: number }): void {
    this.drafts.get(picture)!.size = size;
  }

  /** Says a class of the picture as a whole. */
  addClass(picture: string, className: string): void {
    this.drafts.get(picture)!.classNames.add(className);
  }

  /** The classes of the picture as a whole, in the order they were said. */
  classesOf(picture: string): string[] {
    return [...this.drafts.get(picture)!.classNames];
  }

  /** Takes a picture out that turned out to be something else, such as a label. */
  remove(picture: string): void {
    this.drafts.delete(picture);
  }

  /** @param path absolute, of a PNG that has the picture's size, or of the archive from which `load` reads it */
  setLabelMap(picture: string, path: string, load?: () => Promise<Uint8Array>): void {
    this.drafts.get(picture)!.labelMap = { path, ...(load && { load }) };
  }

  /** Says where the bytes of a picture are that is no file of its own. */
  setStored(picture: string, stored: Stored): void {
    this.drafts.get(picture)!.stored = stored;
  }

  /** Says what else follows from what is said: whether it is labelled, and whether its objects are. */
  setLabelled(picture: string, labelled: boolean, boxed: boolean): void {
    const draft = this.drafts.get(picture)!;
    draft.isLabelled = labelled;
    draft.isBoxed = boxed;
  }

  /** How many points a class's objects have, where its skeleton is known. */
  pointsOf(className: string): number | undefined {
    return this.skeletons.get(className)?.names.length;
  }

  /** The key points of a class, where they are known. */
  skeletonOf(className: string): Skeleton | undefined {
    return this.skeletons.get(className);
  }

  /** Says the key points of a class; the first to say them counts. */
  setSkeleton(className: string, skeleton: Skeleton, place: Place): void {
    const before = this.skeletons.get(className);
    if (before === undefined) this.skeletons.set(className, skeleton);
    else if (JSON.stringify(before) !== JSON.stringify(skeleton)) {
      const reason = `The key points of ${className} were said otherwise before; those were kept.`;
      this.problem(place, 'skeleton_clash', reason);
    }
  }

  /** Brings the problems into the order of files, where they were found in another. */
  sortProblems(): void {
    this.problems.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : (a.line ?? 0) - (b.line ?? 0)));
  }

  /** The picture's name, or undefined with the problem reported. */
  resolve(reference: string, from: string, place: Place): string | undefined {
    const resolved = this.folder.resolve(reference, from);
    if ('name' in resolved) return resolved.name;
    this.problem(place, resolved.code, resolved.reason);
    return undefined;
  }

  /**
   * Adds an object unless the numbers of its box make no box or the same was said before. What is wrong with its shape
   * is left out of it and reported.
   */
  addBox(picture: string, said: BoxAnnotation, place: Place): void {
    const draft = this.drafts.get(picture)!;
    const [xmin, ymin, xmax, ymax] = said.box;
    if (
      !(Number.isFinite(xmin + ymin) && Number.isFinite(xmax + ymax) && Number.isFinite((xmax - xmin) * (ymax - ymin)))
    ) {
      this.skip(picture, place, 'bad_number', `The box ${corners(said)} has corners that are not numbers; skipped.`);
      return;
    }
    if (!(xmax > xmin && ymax > ymin)) {
      const why = xmax < xmin || ymax < ymin ? 'has its corners swapped' : 'has no area';
      const reason = `The box ${corners(said)} ${why} (want xmin < xmax, ymin < ymax); skipped.`;
      this.skip(picture, place, 'box_no_area', reason);
      return;
    }
    const annotation = this.checkShape(said, place);
    const key = keyOf(annotation);
    if (draft.seen.has(key)) {
      const what = `${annotation.className} ${corners(annotation)}`;
      this.problem(place, 'duplicate', `The same box, ${what}, was there before; skipped.`);
      return;
    }
    draft.seen.add(key);
    draft.annotations.push({ ...annotation, source: place });
    this.seenClasses.add(annotation.className);
  }

  /** The annotation with only what of its shape can be used. */
  private checkShape(said: BoxAnnotation, place: Place): BoxAnnotation {
    const { polygons, holes, mask, keypoints, rotatedBox, attributes } = said;
    if (!(polygons || holes || mask || keypoints || rotatedBox || attributes)) return said;
    const kept: Writable<BoxAnnotation> = { ...said };
    const tell = (code: string, reason: string) =>
      this.problem(place, code, `${reason}; left out of ${said.className} ${corners(said)}.`);
    for (const key of ['polygons', 'holes'] as const) {
      if (said[key] === undefined) continue;
      const good: (readonly number[])[] = [];
      for (const polygon of said[key]) {
        const checked = checkPolygon(polygon);
        if (typeof checked === 'string') tell('bad_polygon', `An outline ${checked}`);
        else good.push(checked);
      }
      if (good.length > 0) kept[key] = good;
      else delete kept[key];
    }
    if (kept.holes && !kept.polygons) delete kept.holes;
    if (mask) {
      const checked = checkMask(mask);
      if (typeof checked === 'string') tell('bad_mask', `The mask ${checked}`);
      if (typeof checked === 'string' || kept.polygons) delete kept.mask;
      else kept.mask = checked;
    }
    if (keypoints) {
      const checked = checkKeypoints(keypoints, this.pointsOf(said.className));
      if (typeof checked === 'string') tell('bad_keypoints', `The list of key points ${checked}`);
      if (typeof checked === 'string' || !checked.some((value) => value !== 0)) delete kept.keypoints;
      else kept.keypoints = checked;
    }
    if (rotatedBox) {
      const { center, width, height, angle } = rotatedBox;
      if (![...center, width, height, angle].every(Number.isFinite) || !(width > 0 && height > 0)) {
        tell('bad_rotation', 'The rotated box is none');
        delete kept.rotatedBox;
      }
    }
    if (attributes && isDeep(attributes)) {
      tell('bad_attributes', 'The attributes nest too deep');
      delete kept.attributes;
    }
    return kept;
  }

  /** @param classNames in order of class index; default: the seen ones by alphabet. */
  build(format: FormatName, classNames?: readonly string[], areLabelled = true): ParsedDataset {
    const pictures: LabelledPicture[] = [...this.drafts].map(([name, draft]) => {
      const { annotations, classNames: ofPicture, labelMap, stored } = draft;
      const says = annotations.length > 0 || ofPicture.size > 0 || labelMap !== undefined;
      return {
        path: stored?.path ?? join(this.folder.root, name),
        ...(stored && { load: stored.load }),
        name,
        ...draft.size,
        annotations,
        ...(ofPicture.size > 0 && { classNames: [...ofPicture].sort() }),
        ...(labelMap !== undefined && { labelMap }),
        ...(draft.split && { split: draft.split }),
        ...(draft.isBoxed !== undefined && { boxed: draft.isBoxed }),
        labelled: draft.isLabelled ?? (areLabelled && (says || !(draft.isUnknown || draft.skipped > 0))),
      };
    });
    return {
      format,
      classNames: [...(classNames ?? [...this.seenClasses].sort())],
      ...(this.skeletons.size > 0 && {
        skeletons: Object.assign(Object.create(null), Object.fromEntries(this.skeletons)),
      }),
      pictures,
      problems: this.problems,
    };
  }
}

type Writable<T> = { -readonly [key in keyof T]: T[key] };

function corners({ box }: BoxAnnotation): string {
  return `(${box.map((value) => Number(value.toFixed(2))).join(', ')})`;
}

/** What makes two annotations the same. The shape counts where there is one: two objects may fill the same box. */
function keyOf({
  className,
  box,
  isCrowd,
  trackId,
  polygons,
  holes,
  mask,
  keypoints,
  rotatedBox,
}: BoxAnnotation): string {
  const key = `${className}\n${box.join()}\n${isCrowd ? 1 : 0}${trackId ?? ''}`;
  const shape = polygons || mask || keypoints || rotatedBox;
  return shape ? `${key}\n${JSON.stringify([polygons, holes, mask, keypoints, rotatedBox])}` : key;
}

function splitOf(name: string): string | undefined {
  for (const part of name.toLowerCase().split('/').slice(0, -1)) if (SPLIT_FOLDERS[part]) return SPLIT_FOLDERS[part];
  return undefined;
}
