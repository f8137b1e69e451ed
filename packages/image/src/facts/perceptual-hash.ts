import { CELLS as side } from './kernel/pixel-kernel.js';

/** Side of the block of low frequencies that is kept. */
const kept = 8;

/** cosines[k][x] of the DCT-II of `side` samples, for the frequencies that are kept. */
const cosines = Array.from({ length: kept }, (_, k) =>
  Float64Array.from({ length: side }, (_, x) => Math.cos((Math.PI * k * (2 * x + 1)) / (2 * side))),
);

/**
 * A perceptual hash of 64 bits (DCT hash; Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash
 * Functions", section 3.2.1): the picture as 32 x 32 grey means, its 8 x 8 lowest frequencies, one bit each for whether
 * it is above their median. Pictures that look alike differ in few bits, see {@link hashDistance}.
 *
 * @param means [32, 32] of luma over equal cells of the picture, row by row
 * @returns 16 lower-case hexadecimal digits
 */
export function perceptualHash(means: ArrayLike<number>): string {
  // Rows first, then columns of what is left of them.
  const rows = new Float64Array(kept * side);
  for (let k = 0; k < kept; k++) {
    for (let y = 0; y < side; y++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += means[y * side + x]! * cosines[k]![x]!;
      rows[k * side + y] = sum;
    }
  }
  const frequencies = new Float64Array(kept * kept);
  for (let j = 0; j < kept; j++) {
    for (let k = 0; k < kept; k++) {
      let sum = 0;
      for (let y = 0; y < side; y++) sum += rows[k * side + y]! * cosines[j]![y]!;
      // Differences of what is the same number but for rounding are no picture.
      frequencies[j * kept + k] = Math.abs(sum) < 1e-6 ? 0 : sum;
    }
  }
  const sorted = Float64Array.from(frequencies).sort();
  const median = (sorted[31]! + sorted[32]!) / 2;
  let hash = '';
  for (let at = 0; at < 64; at += 4) {
    let digit = 0;
    for (let bit = 0; bit < 4; bit++) digit = digit * 2 + (frequencies[at + bit]! > median ? 1 : 0);
    hash += digit.toString(16);
  }
  return hash;
}

/** Bits in which two perceptual hashes (16 hexadecimal digits each) differ: 0 to 64. */
export function hashDistance(a: string, b: string): number {
  let bits = 0;
  for (const at of [0, 8]) {
    let left = (Number.parseInt(a.slice(at, at + 8), 16) ^ Number.parseInt(b.slice(at, at + 8), 16)) >>> 0;
    for (; left !== 0; left &= left - 1) bits++;
  }
  return bits;
}
