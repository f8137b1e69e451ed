import { createHash } from 'node:crypto';
import { groupBy } from '@fovea/annotations';

/** What a picture of a snapshot is for. `test` only where its dataset said so. */
export type Split = 'train' | 'val' | 'test';

/** What {@link assignSplits} looks at. */
export interface SplitCandidate {
  readonly sha256: string;
  /** Class of each annotation. */
  readonly classIndices: readonly number[];
  /** The split its dataset came with. */
  readonly split: string | null;
}

/**
 * Decides which pictures train and which validate: by their content alone, so that the same pictures are split alike on
 * every machine, and a picture that is added moves few others.
 *
 * Splits that came with the dataset are kept. The rest is stratified: pictures are grouped by the rarest of their
 * classes (or by having none), and of each group those with the smallest SHA-256 of `seed:sha256` validate, as many as
 * bring the sum over groups closest to `valFraction`, but never a whole group. Of two or more pictures at least one
 * trains and at least one validates.
 *
 * @param valFraction - in (0, 1)
 * @returns the split of each candidate, in order
 */
export function assignSplits(candidates: readonly SplitCandidate[], valFraction: number, seed: number): Split[] {
  const picturesOf = new Map<number, number>();
  for (const { classIndices } of candidates) {
    for (const index of new Set(classIndices)) picturesOf.set(index, (picturesOf.get(index) ?? 0) + 1);
  }
  const rarest = ({ classIndices }: SplitCandidate): number =>
    [...new Set(classIndices)].sort((a, b) => picturesOf.get(a)! - picturesOf.get(b)! || a - b)[0] ?? -1;
  const order = (sha256: string) => createHash('sha256').update(`${seed}:${sha256}`).digest('hex');

  const splits: (Split | undefined)[] = candidates.map(({ split }) => (isSplit(split) ? split : undefined));
  const free = candidates
    .map((candidate, index) => ({ index, group: rarest(candidate), key: order(candidate.sha256) }))
    .filter(({ index }) => splits[index] === undefined)
    .sort((a, b) => a.group - b.group || (a.key < b.key ? -1 : 1));
  const groups = groupBy(free, ({ group }) => group);

  // A dataset that brings its own val needs no more of it.
  const fraction = splits.includes('val') ? 0 : valFraction;
  let wanted = 0;
  let taken = 0;
  for (const group of groups.values()) {
    wanted += group.length * fraction;
    const take = Math.max(0, Math.min(Math.round(wanted) - taken, group.length - 1));
    taken += take;
    group.forEach(({ index }, rank) => {
      splits[index] = rank < take ? 'val' : 'train';
    });
  }
  const complete = splits as Split[];
  lendOne(complete, free, 'val', 'train');
  lendOne(complete, free, 'train', 'val');
  return complete;
}

/** Where nothing has the split `to`, the first that may moves there, if another stays. */
function lendOne(splits: Split[], free: readonly { index: number; key: string }[], to: Split, from: Split): void {
  if (splits.includes(to) || splits.filter((split) => split === from).length < 2) return;
  const byKey = [...free].sort((a, b) => (a.key < b.key ? -1 : 1));
  const index = byKey.find((each) => splits[each.index] === from)?.index ?? splits.lastIndexOf(from);
  splits[index] = to;
}

function isSplit(split: string | null): split is Split {
  return split === 'train' || split === 'val' || split === 'test';
}
