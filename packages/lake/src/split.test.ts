import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSplits, type SplitCandidate } from './split.js';

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
