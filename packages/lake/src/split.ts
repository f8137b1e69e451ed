import { createHash } from 'node:crypto';
import { createDisjointSets } from './disjoint-sets.js';
import { computeNearDuplicates } from './near-duplicates.js';

/** What a picture of a snapshot is for. `test` only where its dataset said so, or where it was asked for. */
export type Split = 'train' | 'val' | 'test';

/** What {@link assignSplits} looks at. */
export interface SplitCandidate {
  readonly sha256: string;
  /** Class of each annotation. */
  readonly classIndices: readonly number[];
  /** The split its dataset came with. */
  readonly split: string | null;
  /** 16 hexadecimal digits; pictures whose hashes differ in few bits stay together. */
  readonly perceptualHash?: string | null;
  /** Frames of the same video stay together. */
  readonly video?: string | number | null;
}

/** How many of all are to be put aside, and by which order. */
export interface SplitShares {
  /** In (0, 1). */
  readonly valFraction: number;
  /** Default 0; with `valFraction` below 1. */
  readonly testFraction?: number;
  /** An integer; another one splits differently. */
  readonly seed: number;
}

/** What a {@link SplitCollector} comes to. */
export interface SplitResult {
  /** Of each candidate, in order. */
  readonly splits: Split[];
  /** Groups of two or more pictures that stay together. */
  readonly groups: number;
  /**
   * Whether pictures that belong together were parted all the same, since otherwise there would be nothing to train on or
   * nothing to validate on: all of them are near duplicates, or frames of one video.
   */
  readonly torn: boolean;
}

/** Hashes of near duplicates differ in so many of 64 bits at the most. */
export const NEAR_DUPLICATE_BITS = 6;

const NAMES: readonly Split[] = ['train', 'val', 'test'];
const [TRAIN, VAL, TEST, NONE] = [0, 1, 2, 255];
const KEY_BYTES = 32;

/**
 * Decides which pictures train and which validate: by their content alone, so that the same pictures are split alike on
 * every machine, and a picture that is added moves few others.
 *
 * Near duplicates (perceptual hashes that differ in at most {@link NEAR_DUPLICATE_BITS} bits) and frames of one video are
 * one group, and a group is on one side. Splits that came with the dataset are kept, and the rest of such a group follows
 * the most of them. What is left is stratified: groups are sorted by the rarest of their classes (or by having none), and
 * of each such stratum those with the smallest SHA-256 of `seed:sha256` validate, those with the largest test, as many
 * pictures as bring the sum over strata closest to the fractions, but never a whole stratum. Of two or more pictures at
 * least one trains and at least one validates.
 *
 * @param valFraction - in (0, 1)
 * @returns the split of each candidate, in order
 */
export function assignSplits(
  candidates: readonly SplitCandidate[],
  valFraction: number,
  seed: number,
  testFraction = 0,
): Split[] {
  const collector = splitCollector(seed);
  for (const candidate of candidates) collector.add(candidate);
  return collector.finish({ valFraction, testFraction }).splits;
}

/** Takes candidates one by one, keeping some 150 bytes of each, and splits them when all are there. */
export interface SplitCollector {
  add(candidate: SplitCandidate): void;
  finish(shares: Omit<SplitShares, 'seed'>): SplitResult;
}

/** The inside of {@link assignSplits}, for more pictures than one would hold in memory. */
export function splitCollector(seed: number): SplitCollector {
  const keys = byteList();
  const hashes: (string | null)[] = [];
  const given: number[] = [];
  const ends: number[] = [];
  const values: number[] = [];
  const videos = new Map<string | number, number>();
  const ofVideos: number[] = [];

  return {
    add: ({ sha256, classIndices, split, perceptualHash, video }) => {
      const at = given.length;
      keys.push(createHash('sha256').update(`${seed}:${sha256}`).digest());
      const side = NAMES.indexOf(split as Split);
      given.push(side < 0 ? NONE : side);
      for (const index of new Set(classIndices)) values.push(index);
      ends.push(values.length);
      // Frames of a video are together as it is.
      hashes.push(video == null ? (perceptualHash ?? null) : null);
      if (video == null) return;
      const first = videos.get(video);
      if (first === undefined) videos.set(video, at);
      else ofVideos.push(first, at);
    },
    finish: (shares) => {
      const sets = createDisjointSets(given.length);
      for (let at = 0; at < ofVideos.length; at += 2) sets.join(ofVideos[at]!, ofVideos[at + 1]!);
      if (hashes.some((hash) => hash !== null)) {
        // Chains too: of two that are near each other, neither may be on another side.
        const options = { distance: NEAR_DUPLICATE_BITS, spread: Number.POSITIVE_INFINITY };
        for (const [first, ...others] of computeNearDuplicates(hashes, options)) {
          for (const other of others) sets.join(first!, other);
        }
      }
      const groupOf = Int32Array.from(given, (_, at) => sets.find(at));
      return splitColumns(
        { given: Uint8Array.from(given), groupOf, ...rarestOf(ends, values) },
        keyOrder(keys.join()),
        shares,
      );
    },
  };
}

/** Pictures in columns. */
interface Columns {
  /** 0, 1, 2 as {@link NAMES}; 255: free. */
  readonly given: Uint8Array;
  /** The first picture of the group each is in, which stands for the group. */
  readonly groupOf: Int32Array;
  /** The rarest class of each, and how many pictures have it. */
  readonly rarest: Int32Array;
  readonly rarity: Float64Array;
}

/** Groups, each under the number of the picture that stands for it. */
interface Groups {
  /** Their numbers. */
  readonly all: Int32Array;
  readonly size: Int32Array;
  /** The member with the smallest key. */
  readonly first: Int32Array;
  readonly stratum: Int32Array;
  /** The split that the most of its members came with; 255: none did. */
  readonly given: Uint8Array;
}

type Compare = (a: number, b: number) => number;

function splitColumns(columns: Columns, byKey: Compare, shares: Omit<SplitShares, 'seed'>): SplitResult {
  const { given } = columns;
  let groups = groupsOf(columns, byKey);
  const together = groups.all.reduce((sum, group) => sum + (groups.size[group]! > 1 ? 1 : 0), 0);
  let torn = groups.all.length === 1 && given.length > 1 && groups.given[groups.all[0]!] === NONE;
  const groupOf = torn ? Int32Array.from(given.keys()) : columns.groupOf;
  if (torn) groups = groupsOf({ ...columns, groupOf }, byKey);

  const { size, first, stratum } = groups;
  const sides = Uint8Array.from(groups.given);
  const free = groups.all
    .filter((group) => sides[group] === NONE)
    .sort((a, b) => stratum[a]! - stratum[b]! || byKey(first[a]!, first[b]!));
  // A dataset that brings its own val needs no more of it.
  const val = createShare(given.includes(VAL) ? 0 : shares.valFraction, size);
  const test = createShare(given.includes(TEST) ? 0 : (shares.testFraction ?? 0), size);
  for (let from = 0, to = 0; from < free.length; from = to) {
    while (to < free.length && stratum[free[to]!] === stratum[free[from]!]) to++;
    const ofStratum = free.subarray(from, to);
    const pictures = ofStratum.reduce((sum, group) => sum + size[group]!, 0);
    for (const group of ofStratum) sides[group] = TRAIN;
    const validate = val.take(ofStratum, pictures, ofStratum.length - 1);
    for (const group of validate) sides[group] = VAL;
    const rest = ofStratum.filter((group) => sides[group] === TRAIN).reverse();
    for (const group of test.take(rest, pictures, rest.length - 1)) sides[group] = TEST;
  }

  const splits = given.map((side, at) => (side === NONE ? sides[groupOf[at]!]! : side));
  for (const [to, from] of [
    [VAL, TRAIN],
    [TRAIN, VAL],
  ] as const) {
    const lent = lend(splits, to, from, groupOf, groups, byKey, free);
    torn ||= lent.torn;
    for (const at of lent.pictures) splits[at] = to;
  }
  return { splits: Array.from(splits, (side) => NAMES[side]!), groups: together, torn };
}

/** Counts how many pictures a side should have by now, and how many it has. */
function createShare(fraction: number, size: Int32Array) {
  let wanted = 0;
  let taken = 0;
  return {
    /** Takes groups in order while that brings the count closer to what is wanted, at most so many of them. */
    take(groups: Int32Array, pictures: number, most: number): number[] {
      wanted += pictures * fraction;
      const chosen: number[] = [];
      for (const group of groups) {
        const missing = Math.round(wanted) - taken;
        if (missing <= 0 || chosen.length === most) break;
        if (size[group]! / 2 > missing) continue;
        chosen.push(group);
        taken += size[group]!;
      }
      return chosen;
    },
  };
}

function groupsOf({ given, groupOf, rarest, rarity }: Columns, byKey: Compare): Groups {
  const count = given.length;
  const size = new Int32Array(count);
  const first = Int32Array.from(groupOf.keys());
  const stratum = Int32Array.from(rarest);
  const least = Float64Array.from(rarity);
  const came = new Int32Array(3 * count);
  groupOf.forEach((group, at) => {
    size[group]!++;
    if (given[at] !== NONE) came[3 * group + given[at]!]!++;
    if (size[group] === 1) return;
    if (byKey(at, first[group]!) < 0) first[group] = at;
    if (rarity[at]! > least[group]! || (rarity[at] === least[group] && rarest[at]! > stratum[group]!)) return;
    least[group] = rarity[at]!;
    stratum[group] = rarest[at]!;
  });
  const side = (group: number): number => {
    const counts = came.subarray(3 * group, 3 * group + 3);
    const most = Math.max(...counts);
    return most === 0 ? NONE : counts.indexOf(most);
  };
  const all = Int32Array.from(groupOf.keys()).filter((at) => groupOf[at] === at);
  const givenOf = new Uint8Array(count).fill(NONE);
  for (const group of all) givenOf[group] = side(group);
  return { all, size, first, stratum, given: givenOf };
}

/** Of each picture the class that the fewest pictures have, of equal ones the first; -1 where it has none. */
function rarestOf(ends: readonly number[], values: readonly number[]): Pick<Columns, 'rarest' | 'rarity'> {
  const picturesOf = new Map<number, number>();
  for (const index of values) picturesOf.set(index, (picturesOf.get(index) ?? 0) + 1);
  const rarest = new Int32Array(ends.length).fill(-1);
  const rarity = new Float64Array(ends.length).fill(Number.POSITIVE_INFINITY);
  ends.forEach((end, at) => {
    for (let place = at === 0 ? 0 : ends[at - 1]!; place < end; place++) {
      const index = values[place]!;
      const count = picturesOf.get(index)!;
      if (count > rarity[at]! || (count === rarity[at]! && index > rarest[at]!)) continue;
      rarest[at] = index;
      rarity[at] = count;
    }
  });
  return { rarest, rarity };
}

/**
 * Where nothing has the split `to`, what is to move there, if anything stays: of the groups that may move the smallest,
 * of equal ones the first; else the last picture that came with a split, with its group, or where nothing is beside that
 * group, alone.
 */
function lend(
  splits: Uint8Array,
  to: number,
  from: number,
  groupOf: Int32Array,
  { size, first }: Groups,
  byKey: Compare,
  free: Int32Array,
): { pictures: readonly number[]; torn: boolean } {
  const staying = splits.reduce((sum, side) => sum + (side === from ? 1 : 0), 0);
  if (splits.includes(to) || staying < 2) return { pictures: [], torn: false };
  const membersOf = (group: number) =>
    Array.from(groupOf.keys()).filter((at) => groupOf[at] === group && splits[at] === from);
  let best = -1;
  for (const group of free) {
    if (splits[group] !== from || size[group]! >= staying) continue;
    if (best >= 0 && (size[group]! - size[best]! || byKey(first[group]!, first[best]!)) > 0) continue;
    best = group;
  }
  if (best >= 0) return { pictures: membersOf(best), torn: false };
  const last = splits.lastIndexOf(from);
  const group = membersOf(groupOf[last]!);
  return group.length < staying ? { pictures: group, torn: false } : { pictures: [last], torn: true };
}

/** Compares two pictures by their keys: by the first 48 bits as a number, and where those are the same by all. */
function keyOrder(keys: Buffer): Compare {
  const heads = new Float64Array(keys.length / KEY_BYTES);
  for (let at = 0; at < heads.length; at++) heads[at] = keys.readUIntBE(at * KEY_BYTES, 6);
  const whole = (at: number) => keys.subarray(at * KEY_BYTES, (at + 1) * KEY_BYTES);
  return (a, b) => heads[a]! - heads[b]! || (a === b ? 0 : Buffer.compare(whole(a), whole(b)));
}

/** Bytes that grow. */
function byteList() {
  const whole: Buffer[] = [];
  let last: Buffer[] = [];
  return {
    push(bytes: Buffer): void {
      last.push(bytes);
      if (last.length < 4096) return;
      whole.push(Buffer.concat(last));
      last = [];
    },
    join: (): Buffer => Buffer.concat([...whole, ...last]),
  };
}
