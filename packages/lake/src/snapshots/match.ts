import { iou } from '@fovea/annotations';
import type { ManifestAnnotation, ManifestPicture } from './picture.js';

/** What became of an object, or of a class of the whole picture. */
export interface LabelChange {
  /**
   * `added`, `removed`; `moved`: the same class elsewhere or of another shape; `reclassed`: about the same box of another
   * class; `class_added`, `class_removed`: a class of the picture as a whole; `boxed`: whether boxes were looked for.
   */
  readonly kind: 'added' | 'removed' | 'moved' | 'reclassed' | 'class_added' | 'class_removed' | 'boxed';
  /** The class it has, or, where it was removed, had. */
  readonly class: string;
  /** The class it had, where it has another. */
  readonly was: string | null;
  readonly n: number;
}

/** Boxes that overlap at least so much are taken for the same object. */
const SAME_OBJECT_IOU = 0.5;

/**
 * What became of a picture's labels. What is the same on both sides is put aside; of the rest, boxes of one class with the
 * highest overlap are taken for the same object, moved, then those of different classes, reclassed, each from an overlap
 * of 0.5; what is left was added or removed.
 *
 * @returns undefined where they are the same
 */
export function compareLabels(
  was: ManifestPicture,
  is: ManifestPicture,
  classesBefore: readonly string[],
  classesAfter: readonly string[],
): LabelChange[] | undefined {
  const named = (annotation: ManifestAnnotation, names: readonly string[]) => {
    const { classIndex, ...rest } = annotation;
    return { name: names[classIndex] ?? `class ${classIndex}`, rest, key: JSON.stringify([names[classIndex], rest]) };
  };
  const before = was.annotations.map((each) => named(each, classesBefore));
  const after = is.annotations.map((each) => named(each, classesAfter));
  const left = new Map<string, number>();
  for (const { key } of after) left.set(key, (left.get(key) ?? 0) + 1);
  const gone = before.filter(({ key }) => !take(left, key));
  const kept = new Map<string, number>();
  for (const { key } of before) kept.set(key, (kept.get(key) ?? 0) + 1);
  const come = after.filter(({ key }) => !take(kept, key));

  const pairs = gone
    .flatMap((a) => come.map((b) => ({ a, b, sameClass: a.name === b.name, overlap: iou(a.rest.box, b.rest.box) })))
    .filter(({ overlap }) => overlap >= SAME_OBJECT_IOU)
    .sort((x, y) => Number(y.sameClass) - Number(x.sameClass) || y.overlap - x.overlap);
  const matched = new Set<object>();
  const changes: LabelChange[] = [];
  for (const { a, b, sameClass } of pairs) {
    if (matched.has(a) || matched.has(b)) continue;
    matched.add(a).add(b);
    changes.push({ kind: sameClass ? 'moved' : 'reclassed', class: b.name, was: sameClass ? null : a.name, n: 1 });
  }
  for (const b of come) if (!matched.has(b)) changes.push({ kind: 'added', class: b.name, was: null, n: 1 });
  for (const a of gone) if (!matched.has(a)) changes.push({ kind: 'removed', class: a.name, was: null, n: 1 });

  const wholeBefore = new Set((was.classIndices ?? []).map((index) => classesBefore[index] ?? `class ${index}`));
  const wholeAfter = new Set((is.classIndices ?? []).map((index) => classesAfter[index] ?? `class ${index}`));
  for (const name of wholeAfter)
    if (!wholeBefore.has(name)) changes.push({ kind: 'class_added', class: name, was: null, n: 1 });
  for (const name of wholeBefore)
    if (!wholeAfter.has(name)) changes.push({ kind: 'class_removed', class: name, was: null, n: 1 });
  if (was.boxed !== is.boxed) changes.push({ kind: 'boxed', class: '', was: null, n: 1 });
  return changes.length === 0 ? undefined : changes;
}

function take(counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key) ?? 0;
  if (count > 0) counts.set(key, count - 1);
  return count > 0;
}
