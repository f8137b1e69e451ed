import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupNearDuplicates } from './near-duplicates.js';

const distance = (a: string, b: string): number =>
  [...(BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2)].filter((bit) => bit === '1').length;

/** Every pair looked at, until nothing is joined any more. */
function groupSlowly(hashes: readonly string[], most: number): number[] {
  const groups = hashes.map((_, at) => at);
  for (let changed = true; changed; ) {
    changed = false;
    for (let a = 0; a < hashes.length; a++) {
      for (let b = 0; b < a; b++) {
        if (hashes[a] === '' || hashes[b] === '' || distance(hashes[a]!, hashes[b]!) > most) continue;
        const first = Math.min(groups[a]!, groups[b]!);
        changed ||= groups[a] !== first || groups[b] !== first;
        groups[a] = first;
        groups[b] = first;
      }
    }
  }
  return groups;
}

const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
/** Few centres with bits flipped, so that there are pairs at every distance. */
const hashes = fc
  .tuple(
    fc.array(hash, { minLength: 1, maxLength: 4 }),
    fc.array(fc.tuple(fc.nat(), fc.array(fc.nat(63), { maxLength: 8 }), fc.boolean()), { maxLength: 40 }),
  )
  .map(([centres, members]) =>
    members.map(([centre, flips, isKnown]) =>
      isKnown || centre % 7
        ? flips
            .reduce((bits, bit) => bits ^ (1n << BigInt(bit)), centres[centre % centres.length]!)
            .toString(16)
            .padStart(16, '0')
        : '',
    ),
  );

describe('groupNearDuplicates', () => {
  it('finds what looking at every pair finds', () => {
    fc.assert(
      fc.property(hashes, fc.nat(7), (of, most) => {
        expect([...groupNearDuplicates(of, most)]).toEqual(groupSlowly(of, most));
      }),
    );
  });

  it('is of nothing nothing, and refuses a distance it cannot keep to', () => {
    expect([...groupNearDuplicates([], 6)]).toEqual([]);
    expect([...groupNearDuplicates(['', ''], 6)]).toEqual([0, 1]);
    expect(() => groupNearDuplicates([], 8)).toThrow(/up to a distance of 7/);
  });
});
