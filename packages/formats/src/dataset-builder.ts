import { join } from 'node:path';
import type { BoxAnnotation } from '@fovea/annotations';
import type { FormatName, LabelledPicture, ParsedDataset, Place, Problem, SourcedAnnotation } from './dataset.js';
import type { DatasetFolder } from './folder.js';

interface Draft {
  readonly annotations: SourcedAnnotation[];
  readonly seen: Set<string>;
  skipped: number;
  isUnknown: boolean;
  split?: string;
  size?: { readonly width: number; readonly height: number };
  readonly classNames: Set<string>;
  labelMap?: string;
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

  /** @param path absolute, of a PNG that was read and has the picture's size */
  setLabelMap(picture: string, path: string): void {
    this.drafts.get(picture)!.labelMap = path;
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

  /** Adds a box unless its numbers make no box or the same was said before. */
  addBox(picture: string, annotation: BoxAnnotation, place: Place): void {
    const draft = this.drafts.get(picture)!;
    const [xmin, ymin, xmax, ymax] = annotation.box;
    const corners = `(${annotation.box.map((value) => Number(value.toFixed(2))).join(', ')})`;
    if (!annotation.box.every(Number.isFinite)) {
      this.skip(picture, place, 'bad_number', `The box ${corners} has corners that are not numbers; skipped.`);
    } else if (!(xmax > xmin && ymax > ymin)) {
      const why = xmax < xmin || ymax < ymin ? 'has its corners swapped' : 'has no area';
      this.skip(picture, place, 'box_no_area', `The box ${corners} ${why} (want xmin < xmax, ymin < ymax); skipped.`);
    } else {
      const key = JSON.stringify([annotation.className, annotation.box, annotation.isCrowd ?? false]);
      if (draft.seen.has(key)) {
        const what = `${annotation.className} ${corners}`;
        this.problem(place, 'duplicate', `The same box, ${what}, was there before; skipped.`);
        return;
      }
      draft.seen.add(key);
      draft.annotations.push({ ...annotation, source: place });
      this.seenClasses.add(annotation.className);
    }
  }

  /** @param classNames in order of class index; default: the seen ones by alphabet. */
  build(format: FormatName, classNames?: readonly string[], areLabelled = true): ParsedDataset {
    const pictures: LabelledPicture[] = [...this.drafts].map(([name, draft]) => {
      const { annotations, classNames: ofPicture, labelMap } = draft;
      const says = annotations.length > 0 || ofPicture.size > 0 || labelMap !== undefined;
      return {
        path: join(this.folder.root, name),
        name,
        ...draft.size,
        annotations,
        ...(ofPicture.size > 0 && { classNames: [...ofPicture].sort() }),
        ...(labelMap !== undefined && { labelMap: { path: labelMap } }),
        ...(draft.split && { split: draft.split }),
        labelled: areLabelled && (says || !(draft.isUnknown || draft.skipped > 0)),
      };
    });
    return { format, classNames: [...(classNames ?? [...this.seenClasses].sort())], pictures, problems: this.problems };
  }
}

function splitOf(name: string): string | undefined {
  for (const part of name.toLowerCase().split('/').slice(0, -1)) if (SPLIT_FOLDERS[part]) return SPLIT_FOLDERS[part];
  return undefined;
}
