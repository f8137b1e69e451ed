import { createDisjointSets } from './disjoint-sets.js';

/** The hash in as many parts of 16 bits: of two hashes that differ in at most 7 bits, one part differs in at most 1. */
const PARTS = 4;
const PART_BITS = 16;

/**
 * Groups of pictures that look alike: two whose hashes differ in at most `maxDistance` bits are in one group, and so is
 * who is in a group with either.
 *
 * Each hash is looked up by its four parts of 16 bits and by all that differ from them in one bit, which finds every pair
 * up to a distance of 7 (the pigeonhole principle; Norouzi et al. 2012, "Fast Search in Hamming Space with Multi-Index
 * Hashing", arXiv:1307.2982).
 *
 * @param hashes - 16 hexadecimal digits each, as `perceptualHash` of image gives them; of an empty text nothing is known
 * @param maxDistance - 0 to 7
 * @returns for each hash the number of the first of its group
 */
export function groupNearDuplicates(hashes: readonly string[], maxDistance: number): Int32Array {
  if (!Number.isInteger(maxDistance) || maxDistance < 0 || maxDistance > 7) {
    throw new Error(`internal: near duplicates are looked for up to a distance of 7, not ${maxDistance}`);
  }
  const sets = createDisjointSets(hashes.length);
  const { words, owners } = distinctWords(hashes, sets.join);
  const count = owners.length;
  const part = (at: number, index: number): number =>
    (words[2 * at + (index >> 1)]! >>> (index % 2 === 0 ? PART_BITS : 0)) & 0xffff;
  const radius = Math.floor(maxDistance / PARTS);
  for (let index = 0; index < PARTS; index++) {
    const starts = new Int32Array((1 << PART_BITS) + 1);
    for (let at = 0; at < count; at++) starts[part(at, index) + 1]!++;
    for (let value = 0; value < 1 << PART_BITS; value++) starts[value + 1]! += starts[value]!;
    const places = starts.slice(0, -1);
    const members = new Int32Array(count);
    for (let at = 0; at < count; at++) members[places[part(at, index)]!++] = at;
    const join = (from: number, to: number, ofSame: boolean): void => {
      for (let a = starts[from]!; a < starts[from + 1]!; a++) {
        const at = members[a]!;
        const [high, low] = [words[2 * at]!, words[2 * at + 1]!];
        for (let b = ofSame ? a + 1 : starts[to]!; b < starts[to + 1]!; b++) {
          const other = members[b]!;
          const distance = ones(high ^ words[2 * other]!) + ones(low ^ words[2 * other + 1]!);
          if (distance <= maxDistance) sets.join(owners[at]!, owners[other]!);
        }
      }
    };
    for (let value = 0; value < 1 << PART_BITS; value++) {
      if (starts[value] === starts[value + 1]) continue;
      join(value, value, true);
      for (let bit = 0; radius > 0 && bit < PART_BITS; bit++) {
        const near = value ^ (1 << bit);
        if (near > value) join(value, near, false);
      }
    }
  }
  return Int32Array.from(hashes, (_, at) => sets.find(at));
}

/** Each hash once, as two 32-bit words, and whose it is; the same hash again joins the first. */
function distinctWords(hashes: readonly string[], join: (a: number, b: number) => void) {
  const firsts = new Map<string, number>();
  const words = new Int32Array(2 * hashes.length);
  const owners: number[] = [];
  hashes.forEach((hash, at) => {
    if (hash === '') return;
    const first = firsts.get(hash);
    if (first !== undefined) join(first, at);
    if (first !== undefined) return;
    firsts.set(hash, at);
    words[2 * owners.length] = Number.parseInt(hash.slice(0, 8), 16) | 0;
    words[2 * owners.length + 1] = Number.parseInt(hash.slice(8), 16) | 0;
    owners.push(at);
  });
  return { words, owners };
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
