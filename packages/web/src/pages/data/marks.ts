import type { MediaItem } from '@fovea/api';

/** Which pictures something will be done to: those named, or all of the filter. */
export type Marks = { readonly all: true } | { readonly all: false; readonly shas: ReadonlySet<string> };

export const noMarks: Marks = { all: false, shas: new Set() };

/** How many are marked, of a listing of `total`. */
export function countMarks(marks: Marks, total: number): number {
  return marks.all ? total : marks.shas.size;
}

export function isMarked(marks: Marks, sha256: string): boolean {
  return marks.all || marks.shas.has(sha256);
}

/** The marks with some pictures more. */
export function addMarks(marks: Marks, items: readonly Pick<MediaItem, 'sha256'>[]): Marks {
  if (marks.all) return marks;
  return { all: false, shas: new Set([...marks.shas, ...items.map(({ sha256 }) => sha256)]) };
}

/** The marks with one picture more, or less where it was among them. */
export function toggleMark(marks: Marks, sha256: string): Marks {
  if (marks.all) return marks;
  const shas = new Set(marks.shas);
  if (!shas.delete(sha256)) shas.add(sha256);
  return { all: false, shas };
}
