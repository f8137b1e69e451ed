import { FoveaError } from '@fovea/annotations';

/** How {@link groupNearDuplicates} groups. */
export interface NearDuplicateOptions {
  /** Bits in which the hashes of near duplicates differ at the most, 0 to 15; default 6. */
  readonly distance?: number;
  /**
   * Every picture of a group differs from one and the same of them in at most so many bits, by default twice `distance`:
   * otherwise a chain of ever so slightly different pictures, as a slow pan gives, would be one group though its ends
   * have nothing in common. `Infinity` lets chains grow: then no two near duplicates are ever in different groups, which
   * is what a split into training and validation wants.
   */
  readonly spread?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const [CHUNKS, CHUNK_BITS] = [4, 16];
const CHUNK_VALUES = 1 << CHUNK_BITS;
/** Comparisons between two breaths of the event loop. */
const BREATH = 2_000_000;

/**
 * Groups pictures whose perceptual hashes are near each other. Neither the order of the pictures nor how often a hash
 * occurs changes the groups.
 *
 * Near pairs are found by multi-index hashing (Norouzi, Punjani and Fleet 2012, "Fast search in Hamming space with
 * multi-index hashing"): of the four 16-bit parts of two hashes that differ in d bits, one differs in d/4 bits at the
 * most, so only hashes with such a part in common are compared.
 *
 * @param hashes 16 hexadecimal digits each; null for a picture without one, which is in no group
 * @returns groups of two or more, as ascending positions in `hashes`, in the order of their first
 * @throws FoveaError `bad_hash`, `bad_distance`; the signal's reason
 */
export async function groupNearDuplicates(
  hashes: readonly (string | null)[],
  options: NearDuplicateOptions = {},
): Promise<number[][]> {
  const { signal, onProgress } = options;
  const steps = groupInSteps(hashes, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    onProgress?.(...step.value);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
}

/** {@link groupNearDuplicates} without a breath in between: a million hashes take seconds. */
export function computeNearDuplicates(
  hashes: readonly (string | null)[],
  options: Pick<NearDuplicateOptions, 'distance' | 'spread'> = {},
): number[][] {
  const steps = groupInSteps(hashes, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Yields how far it is whenever it has worked for a while. */
function* groupInSteps(
  hashes: readonly (string | null)[],
  { distance = 6, spread = 2 * distance }: NearDuplicateOptions,
): Generator<[done: number, total: number], number[][]> {
  if (!Number.isInteger(distance) || distance < 0 || distance > 15)
    throw new FoveaError('bad_distance', `Near duplicates differ in 0 to 15 bits, not in ${distance}.`, { distance });
  const places = placesOf(hashes);
  // Sorted, so that groups under a spread do not depend on the order of the pictures.
  const distinct = [...places.keys()].sort();
  const high = Uint32Array.from(distinct, (hash) => Number.parseInt(hash.slice(0, 8), 16));
  const low = Uint32Array.from(distinct, (hash) => Number.parseInt(hash.slice(8), 16));
  const between = (a: number, b: number) => ones(high[a]! ^ high[b]!) + ones(low[a]! ^ low[b]!);
  const union = createUnion(distinct.length, between, spread);

  const partOf = [
    (at: number) => high[at]! >>> 16,
    (at: number) => high[at]! & 0xffff,
    (at: number) => low[at]! >>> 16,
    (at: number) => low[at]! & 0xffff,
  ];
  const masks = masksWithin(Math.floor(distance / CHUNKS));
  let sinceBreath = 0;
  for (const [chunk, part] of partOf.entries()) {
    const { starts, order } = bucketsOf(distinct.length, part);
    // In the buckets' order, so that what is compared lies side by side in memory.
    const [highs, lows] = [order.map((at) => high[at]!), order.map((at) => low[at]!)];
    for (let own = 0; own < CHUNK_VALUES; own++) {
      const [start, end] = [starts[own]!, starts[own + 1]!];
      if (start === end) continue;
      for (const mask of masks) {
        const other = own ^ mask;
        // The other half of the pairs is met from the other side.
        if (other < own) continue;
        const [from, to] = [starts[other]!, starts[other + 1]!];
        sinceBreath += (end - start) * (to - from) + 1;
        for (let a = start; a < end; a++) {
          const [h, l] = [highs[a]!, lows[a]!];
          for (let b = mask === 0 ? a + 1 : from; b < to; b++)
            if (ones(h ^ highs[b]!) + ones(l ^ lows[b]!) <= distance) union.join(order[a]!, order[b]!);
        }
      }
      if (sinceBreath < BREATH) continue;
      sinceBreath = 0;
      yield [chunk * distinct.length + start, CHUNKS * distinct.length];
    }
  }
  const groups = new Map<number, number[]>();
  distinct.forEach((hash, at) => {
    const root = union.rootOf(at);
    const group = groups.get(root);
    if (group) group.push(...places.get(hash)!);
    else groups.set(root, [...places.get(hash)!]);
  });
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => group.sort((a, b) => a - b))
    .sort((a, b) => a[0]! - b[0]!);
}

function placesOf(hashes: readonly (string | null)[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  hashes.forEach((hash, at) => {
    if (hash === null) return;
    if (!/^[0-9a-f]{16}$/.test(hash))
      throw new FoveaError(
        'bad_hash',
        `"${hash}" is no perceptual hash: 16 lower-case hexadecimal digits are expected.`,
      );
    const known = places.get(hash);
    if (known) known.push(at);
    else places.set(hash, [at]);
  });
  return places;
}

/** Set bits of 32. */
function ones(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** All 16-bit numbers of at most `radius` set bits. */
function masksWithin(radius: number): number[] {
  return Array.from({ length: CHUNK_VALUES }, (_, mask) => mask).filter((mask) => ones(mask) <= radius);
}

/** Positions sorted by their part (counting sort): those of part p are order[starts[p]] to order[starts[p + 1] - 1]. */
function bucketsOf(count: number, part: (at: number) => number): { starts: Uint32Array; order: Uint32Array } {
  const starts = new Uint32Array(CHUNK_VALUES + 1);
  for (let at = 0; at < count; at++) starts[part(at) + 1]!++;
  for (let p = 0; p < CHUNK_VALUES; p++) starts[p + 1]! += starts[p]!;
  const next = starts.slice();
  const order = new Uint32Array(count);
  for (let at = 0; at < count; at++) order[next[part(at)]!++] = at;
  return { starts, order };
}

/**
 * Disjoint sets with a bound on how far apart their members are: each set has a middle, a member from which none is
 * further than the set's radius, by the triangle inequality; two sets are joined only where the radius stays within
 * `spread`. The middle of the larger set stays.
 *
 * @param between distance of two members
 */
export function createUnion(count: number, between: (a: number, b: number) => number, spread: number) {
  const parents = Uint32Array.from({ length: count }, (_, at) => at);
  const sizes = new Uint32Array(count).fill(1);
  const radii = new Float64Array(count);
  const rootOf = (at: number): number => {
    let root = at;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root]!]!;
      root = parents[root]!;
    }
    return root;
  };
  return {
    /** The set's middle, which names it. */
    rootOf,
    /** Joins the sets of two members, where the spread allows it. */
    join(a: number, b: number): boolean {
      const [x, y] = [rootOf(a), rootOf(b)];
      if (x === y) return true;
      const [middle, other] = sizes[x]! >= sizes[y]! ? [x, y] : [y, x];
      const radius =
        spread === Number.POSITIVE_INFINITY ? 0 : Math.max(radii[middle]!, between(middle, other) + radii[other]!);
      if (radius > spread) return false;
      parents[other] = middle;
      sizes[middle]! += sizes[other]!;
      radii[middle] = radius;
      return true;
    },
  };
}
