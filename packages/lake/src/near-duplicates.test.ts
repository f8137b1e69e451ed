import { hashDistance } from '@fovea/image';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupNearDuplicates } from './near-duplicates.js';

/** Hashes near some of a few others, so that groups there are. */
const hashes = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.array(fc.integer({ min: 0, max: 63 }), { maxLength: 9 })), {
    maxLength: 60,
  })
  .map((drawn) =>
    drawn.map(([base, flips]) => {
      let bits = BigInt(base) * 0x123456789abcdefn;
      for (const flip of flips) bits ^= 1n << BigInt(flip);
      return BigInt.asUintN(64, bits).toString(16).padStart(16, '0');
    }),
  );

/** Groups by comparing all pairs, chains and all. */
function allPairs(list: readonly string[], distance: number): number[][] {
  const labels = list.map((_, at) => at);
  list.forEach((a, i) => {
    list.forEach((b, j) => {
      if (hashDistance(a, b) > distance || labels[i] === labels[j]) return;
      const [from, to] = [labels[j], labels[i]!];
      labels.forEach((label, at) => {
        if (label === from) labels[at] = to;
      });
    });
  });
  const groups = new Map<number, number[]>();
  labels.forEach((label, at) => {
    groups.set(label, [...(groups.get(label) ?? []), at]);
  });
  return [...groups.values()].filter((group) => group.length > 1).sort((a, b) => a[0]! - b[0]!);
}

describe('groupNearDuplicates', () => {
  it('finds what comparing all pairs finds', () =>
    fc.assert(
      fc.asyncProperty(hashes, fc.integer({ min: 0, max: 10 }), async (list, distance) => {
        const spread = Number.POSITIVE_INFINITY;
        expect(await groupNearDuplicates(list, { distance, spread })).toEqual(allPairs(list, distance));
      }),
    ));

  it('keeps groups within their spread, and does not depend on order', () =>
    fc.assert(
      fc.asyncProperty(hashes, fc.integer({ min: 1, max: 6 }), async (list, distance) => {
        const groups = await groupNearDuplicates(list, { distance });
        for (const group of groups) {
          const middles = group.filter((m) => group.every((at) => hashDistance(list[m]!, list[at]!) <= 2 * distance));
          expect(middles.length).toBeGreaterThan(0);
        }
        const turned = await groupNearDuplicates(list.toReversed(), { distance });
        const asHashes = (found: number[][], from: readonly string[]) =>
          found
            .map((group) =>
              group
                .map((at) => from[at]!)
                .sort()
                .join(),
            )
            .sort();
        expect(asHashes(turned, list.toReversed())).toEqual(asHashes(groups, list));
      }),
    ));

  it('ends a chain that leads away', async () => {
    // Each three bits from the one before, the last 36 from the first.
    const chain = Array.from({ length: 13 }, (_, i) => ((1n << BigInt(3 * i)) - 1n).toString(16).padStart(16, '0'));
    expect(await groupNearDuplicates(chain, { distance: 3, spread: Number.POSITIVE_INFINITY })).toHaveLength(1);
    const bounded = await groupNearDuplicates(chain, { distance: 3 });
    expect(bounded.length).toBeGreaterThan(1);
    for (const group of bounded) expect(hashDistance(chain[group[0]!]!, chain[group.at(-1)!]!)).toBeLessThanOrEqual(12);
  });

  it('passes over pictures without a hash, and refuses what is none', async () => {
    const same = 'ff00ff00ff00ff00';
    expect(await groupNearDuplicates([null, same, null, same])).toEqual([[1, 3]]);
    expect(await groupNearDuplicates([])).toEqual([]);
    await expect(groupNearDuplicates(['FF'])).rejects.toMatchObject({ code: 'bad_hash' });
    await expect(groupNearDuplicates([], { distance: 16 })).rejects.toMatchObject({ code: 'bad_distance' });
  });

  it('finds the planted pairs among many, lets others have their turn, and can be stopped', async () => {
    let state = 7;
    const word = () => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
      return ((state ^ (state >>> 13)) >>> 0).toString(16).padStart(8, '0');
    };
    const list = Array.from({ length: 100_000 }, () => word() + word());
    const planted = Array.from({ length: 50 }, (_, i) => [i * 1000, i * 1000 + 500] as const);
    for (const [a, b] of planted)
      list[b] = (BigInt(`0x${list[a]}`) ^ 0x8000_0400_0020_0001n ^ (1n << BigInt(a % 60)))
        .toString(16)
        .padStart(16, '0');
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const groups = await groupNearDuplicates(list);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    for (const [a, b] of planted) expect(groups.some((group) => group.includes(a) && group.includes(b))).toBe(true);
    for (const [a, b] of groups) expect(hashDistance(list[a!]!, list[b!]!)).toBeLessThanOrEqual(6);
    const controller = new AbortController();
    const stopped = groupNearDuplicates(list, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  });
});
