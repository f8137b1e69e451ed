const word = new Uint32Array(1);
const real = new Float32Array(word.buffer);

/** The number that the bits of an IEEE 754 half hold. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of the IEEE 754 half nearest to `value`, ties to even; beyond its range an infinity. */
export function numberToHalf(value: number): number {
  // Through a float32 whose rounding is made sticky, so that nothing is rounded twice.
  real[0] = value;
  if (real[0] !== value && !Number.isNaN(value)) {
    const away = Math.abs(real[0]!) > Math.abs(value);
    if (away) word[0]! -= 1;
    word[0]! |= 1;
  }
  const bits = word[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  // Below the least normal half, halves are multiples of 2^-24.
  if (magnitude < 0x38800000) return sign | roundToEven(Math.abs(real[0]!) * 2 ** 24);
  const rebased = magnitude - 0x38000000;
  const rest = rebased & 0x1fff;
  const kept = rebased >>> 13;
  return sign | (kept + (rest > 0x1000 || (rest === 0x1000 && (kept & 1) === 1) ? 1 : 0));
}

/** The whole number nearest to `value`, ties to even. */
export function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
