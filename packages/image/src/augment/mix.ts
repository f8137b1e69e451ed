/** A number from Beta(alpha, alpha). */
export function drawBeta(alpha: number, random: () => number): number {
  const [one, other] = [drawLogGamma(alpha, random), drawLogGamma(alpha, random)];
  // In logarithms, since for small alpha both may be too small for a number.
  return 1 / (1 + Math.exp(other - one));
}

/** The logarithm of a number from Gamma(shape, 1) (Marsaglia and Tsang 2000, with their step for shapes below 1). */
function drawLogGamma(shape: number, random: () => number): number {
  if (shape < 1) return drawLogGamma(shape + 1, random) + Math.log(1 - random()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}

/** pixels = weight * pixels + (1 - weight) * others, in place, weights in 256ths, four bytes at a time. */
export function blend(pixels: Uint8Array, others: Uint8Array, weight: number): void {
  const one = Math.round(weight * 256);
  const other = 256 - one;
  const aligned = pixels.byteOffset % 4 === 0 && others.byteOffset % 4 === 0;
  const words = aligned ? pixels.length >> 2 : 0;
  const a = new Uint32Array(pixels.buffer, aligned ? pixels.byteOffset : 0, words);
  const b = new Uint32Array(others.buffer, aligned ? others.byteOffset : 0, words);
  const even = 0x00ff00ff;
  const half = 0x00800080;
  for (let i = 0; i < words; i++) {
    const [p, q] = [a[i]!, b[i]!];
    const low = Math.imul(p & even, one) + Math.imul(q & even, other) + half;
    const high = Math.imul((p >>> 8) & even, one) + Math.imul((q >>> 8) & even, other) + half;
    a[i] = ((low >>> 8) & even) | (high & ~even);
  }
  for (let i = words * 4; i < pixels.length; i++) pixels[i] = (pixels[i]! * one + others[i]! * other + 128) >> 8;
}
