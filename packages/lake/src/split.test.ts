import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSplits, type SplitCandidate, splitCollector } from './split.js';

const candidate = (seed: number, classIndices: number[], split: string | null = null): SplitCandidate => ({
  sha256: createHash('sha256').update(String(seed)).digest('hex'),
  classIndices,
  split,
});

const candidates = fc
  .array(fc.array(fc.nat(4), { maxLength: 5 }), { maxLength: 60 })
  .map((lists) => lists.map((classIndices, seed) => candidate(seed, classIndices)));
const fraction = fc.double({ min: 0.01, max: 0.99, noNaN: true });

const count = (splits: readonly string[], split: string) => splits.filter((each) => each === split).length;

describe('assignSplits', () => {
  it('gives every picture to train or val, and of two or more at least one to each', () => {
    fc.assert(
      fc.property(candidates, fraction, fc.integer(), (pictures, valFraction, seed) => {
        const splits = assignSplits(pictures, valFraction, seed);
        expect(splits).toHaveLength(pictures.length);
        expect(count(splits, 'train') + count(splits, 'val')).toBe(pictures.length);
        if (pictures.length >= 2) {
          expect(count(splits, 'train')).toBeGreaterThan(0);
          expect(count(splits, 'val')).toBeGreaterThan(0);
        }
        if (pictures.length === 1) expect(splits).toEqual(['train']);
      }),
    );
  });

  it('depends on the content alone, not on the order', () => {
    fc.assert(
      fc.property(candidates, fraction, fc.integer(), (pictures, valFraction, seed) => {
        const splits = assignSplits(pictures, valFraction, seed);
        const reversed = assignSplits([...pictures].reverse(), valFraction, seed);
        expect(reversed.reverse()).toEqual(splits);
      }),
    );
  });

  it('keeps to the fraction, in all and in each class', () => {
    const pictures = Array.from({ length: 1000 }, (_, i) => candidate(i, i % 10 === 0 ? [1, 0] : [0]));
    const splits = assignSplits(pictures, 0.15, 7);
    expect(count(splits, 'val')).toBe(150);
    const rare = splits.filter((_, i) => i % 10 === 0);
    expect(count(rare, 'val')).toBe(15);
  });

  it('splits otherwise with another seed, and moves few when pictures are added', () => {
    const pictures = Array.from({ length: 400 }, (_, i) => candidate(i, [0]));
    const before = assignSplits(pictures, 0.2, 0);
    expect(assignSplits(pictures, 0.2, 1)).not.toEqual(before);
    const more = Array.from({ length: 40 }, (_, i) => candidate(1000 + i, [0]));
    const after = assignSplits([...pictures, ...more], 0.2, 0);
    expect(before.filter((split, i) => after[i] !== split).length).toBeLessThan(20);
  });

  it('keeps the splits a dataset came with', () => {
    const given = ['train', 'val', 'test', null, null, null].map((split, i) => candidate(i, [0], split));
    expect(assignSplits(given, 0.5, 0)).toEqual(['train', 'val', 'test', 'train', 'train', 'train']);
    const onlyTrain = Array.from({ length: 4 }, (_, i) => candidate(i, [0], 'train'));
    expect(count(assignSplits(onlyTrain, 0.25, 0), 'val')).toBe(1);
  });
});

/** How it was before there were groups, as plainly as it can be said. */
function splitOneByOne(candidates: readonly SplitCandidate[], valFraction: number, seed: number): string[] {
  const counts = new Map<number, number>();
  for (const { classIndices } of candidates)
    for (const index of new Set(classIndices)) counts.set(index, (counts.get(index) ?? 0) + 1);
  const strata = new Map<number, { at: number; key: string }[]>();
  candidates.forEach(({ sha256, classIndices, split }, at) => {
    if (split !== null) return;
    const rarest = [...new Set(classIndices)].sort((a, b) => counts.get(a)! - counts.get(b)! || a - b)[0] ?? -1;
    const key = createHash('sha256').update(`${seed}:${sha256}`).digest('hex');
    strata.set(rarest, [...(strata.get(rarest) ?? []), { at, key }]);
  });
  const splits = candidates.map(({ split }) => split ?? 'train');
  let [wanted, taken] = [0, 0];
  for (const [, stratum] of [...strata].sort(([a], [b]) => a - b)) {
    wanted +=
      stratum.length * (splits.includes('val') && candidates.some(({ split }) => split === 'val') ? 0 : valFraction);
    stratum.sort((a, b) => (a.key < b.key ? -1 : 1));
    const take = Math.max(0, Math.min(Math.round(wanted) - taken, stratum.length - 1));
    taken += take;
    for (const { at } of stratum.slice(0, take)) splits[at] = 'val';
  }
  return splits;
}

/** A picture with a hash that few others resemble, or one of its near duplicates. */
const hashOf = (seed: number, flipped: readonly number[] = []): string => {
  let bits = BigInt(`0x${createHash('sha256').update(`hash ${seed}`).digest('hex').slice(0, 16)}`);
  for (const bit of flipped) bits ^= 1n << BigInt(bit);
  return bits.toString(16).padStart(16, '0');
};

const grouped = fc
  .array(
    fc.record({
      size: fc.integer({ min: 1, max: 4 }),
      classIndices: fc.array(fc.nat(3), { maxLength: 3 }),
      video: fc.boolean(),
      flips: fc.array(fc.nat(63), { maxLength: 3 }),
    }),
    { minLength: 2, maxLength: 60 },
  )
  .map((groups) =>
    groups.flatMap(({ size, classIndices, video, flips }, group) =>
      Array.from({ length: size }, (_, member): SplitCandidate & { group: number } => ({
        ...candidate(1000 * group + member, classIndices),
        ...(video ? { video: group } : { perceptualHash: hashOf(group, member === 0 ? [] : flips) }),
        group,
      })),
    ),
  );

describe('groups', () => {
  it('change nothing where there are none', () => {
    fc.assert(
      fc.property(
        candidates,
        fraction,
        fc.integer(),
        fc.array(fc.constantFrom('train', 'test', 'val', null)),
        (of, share, seed, given) => {
          const pictures = of.map((each, at) => ({ ...each, split: given[at] ?? null }));
          const expected = splitOneByOne(pictures, share, seed);
          // What is lent where a side would be empty is told by the tests above.
          fc.pre(expected.includes('val') && expected.includes('train'));
          expect(assignSplits(pictures, share, seed)).toEqual(expected);
          const unlike = pictures.map((each, at) => ({ ...each, perceptualHash: hashOf(at) }));
          expect(assignSplits(unlike, share, seed)).toEqual(expected);
        },
      ),
    );
  });

  it('are never torn while there are two', () => {
    fc.assert(
      fc.property(grouped, fraction, fc.integer(), (pictures, share, seed) => {
        const collector = splitCollector(seed);
        for (const picture of pictures) collector.add(picture);
        const { splits, torn } = collector.finish({ valFraction: share / 2, testFraction: share / 2.1 });
        expect(torn).toBe(false);
        const sides = new Map<number, string>();
        pictures.forEach(({ group }, at) => {
          expect(splits[at]).toBe(sides.get(group) ?? splits[at]);
          sides.set(group, splits[at]!);
        });
        expect(splits).toContain('train');
        expect(splits).toContain('val');
      }),
    );
  });

  it('keep to the fractions, within half a group for each', () => {
    fc.assert(
      fc.property(grouped, fc.integer(), (pictures, seed) => {
        fc.pre(pictures.length >= 40);
        const alike = pictures.map((each) => ({ ...each, classIndices: [0] }));
        const splits = assignSplits(alike, 0.2, seed, 0.2);
        for (const side of ['val', 'test']) {
          expect(Math.abs(count(splits, side) - 0.2 * pictures.length)).toBeLessThanOrEqual(2.5);
        }
      }),
    );
  });

  it('move few others when pictures are added, and none when near duplicates of what is there are', () => {
    const pictures = Array.from({ length: 600 }, (_, at) => ({
      ...candidate(at, [at % 3]),
      perceptualHash: hashOf(at),
    }));
    const before = assignSplits(pictures, 0.2, 0);
    const more = Array.from({ length: 60 }, (_, at) => ({
      ...candidate(5000 + at, [at % 3]),
      perceptualHash: hashOf(at, [1, 2, 3]),
    }));
    const after = assignSplits([...pictures, ...more], 0.2, 0);
    expect(before.filter((side, at) => after[at] !== side).length).toBeLessThan(60);
    more.forEach((_, at) => void expect(after[600 + at]).toBe(after[at]));
  });

  it('follow the pictures whose split is given, and the test set is taken from the other end than val', () => {
    const near = (at: number, split: string | null) => ({
      ...candidate(at, [0], split),
      perceptualHash: hashOf(at >> 1, at % 2 ? [4, 9] : []),
    });
    const pictures = Array.from({ length: 40 }, (_, at) => near(at, at === 0 ? 'val' : at === 2 ? 'test' : null));
    const splits = assignSplits(pictures, 0.3, 0);
    expect(splits.slice(0, 4)).toEqual(['val', 'val', 'test', 'test']);
    expect(count(splits, 'train')).toBe(36);
    const free = Array.from({ length: 100 }, (_, at) => candidate(at, [0]));
    const [without, withTest] = [assignSplits(free, 0.2, 0), assignSplits(free, 0.2, 0, 0.1)];
    expect(count(withTest, 'test')).toBe(10);
    expect(withTest.map((side) => (side === 'test' ? 'train' : side))).toEqual(without);
  });

  it('of one video alone is parted, and says so', () => {
    const collector = splitCollector(0);
    for (let at = 0; at < 100; at++) collector.add({ ...candidate(at, [0]), video: 'a' });
    const { splits, torn, groups } = collector.finish({ valFraction: 0.2 });
    expect({ torn, groups, val: count(splits, 'val') }).toEqual({ torn: true, groups: 1, val: 20 });
  });
});
