/** Side of the square grey picture the hash is taken from, and of the block of low frequencies it keeps. */
const [side, kept] = [32, 8];

/** cosines[k][x] of the DCT-II of `side` samples, for the frequencies that are kept. */
const cosines = Array.from({ length: kept }, (_, k) =>
  Float64Array.from({ length: side }, (_, x) => Math.cos((Math.PI * k * (2 * x + 1)) / (2 * side))),
);

/**
 * A perceptual hash of 64 bits (DCT hash; Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash
 * Functions", section 3.2.1): the picture as 32 x 32 grey means, its 8 x 8 lowest frequencies, one bit each for whether
 * it is above their median. Pictures that look alike differ in few bits, see {@link hashDistance}.
 *
 * @param luma [height, width], row by row
 * @returns 16 lower-case hexadecimal digits
 */
export function perceptualHash(luma: ArrayLike<number>, width: number, height: number): string {
  const small = areaMeans(luma, width, height);
  // Rows first, then columns of what is left of them.
  const rows = new Float64Array(kept * side);
  for (let k = 0; k < kept; k++) {
    for (let y = 0; y < side; y++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += small[y * side + x]! * cosines[k]![x]!;
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

/** Means over 32 x 32 equal cells; of a picture with fewer pixels a side, the nearest. */
function areaMeans(luma: ArrayLike<number>, width: number, height: number): Float64Array {
  const edges = (length: number) =>
    Array.from({ length: side }, (_, i) => {
      const from = Math.floor((i * length) / side);
      return [from, Math.max(from + 1, Math.floor(((i + 1) * length) / side))] as const;
    });
  const columns = edges(width);
  const out = new Float64Array(side * side);
  edges(height).forEach(([top, bottom], j) => {
    columns.forEach(([left, right], i) => {
      let sum = 0;
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += luma[y * width + x]!;
      out[j * side + i] = sum / ((bottom - top) * (right - left));
    });
  });
  return out;
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
