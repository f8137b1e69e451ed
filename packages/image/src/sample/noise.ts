/** Value noise over the plane, in [0, 1], smooth, without period below 2^31; one `salt`, one plane. */
export function noise(x: number, y: number, salt: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const u = fade(x - x0);
  const v = fade(y - y0);
  const top = lattice(x0, y0, salt) * (1 - u) + lattice(x0 + 1, y0, salt) * u;
  const bottom = lattice(x0, y0 + 1, salt) * (1 - u) + lattice(x0 + 1, y0 + 1, salt) * u;
  return top * (1 - v) + bottom * v;
}

/** Octaves of {@link noise}, each twice as fine and half as strong; in [0, 1], mean one half. */
export function layeredNoise(x: number, y: number, salt: number, octaves: number): number {
  let sum = 0;
  let weight = 0.5;
  let total = 0;
  let frequency = 1;
  for (let i = 0; i < octaves; i++) {
    sum += weight * noise(x * frequency, y * frequency, salt + i * 101);
    total += weight;
    weight /= 2;
    frequency *= 2;
  }
  return sum / total;
}

/** Hermite step from 0 at `from` to 1 at `to`; `from` may be the greater. */
export function smoothstep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

function fade(t: number): number {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

function lattice(x: number, y: number, salt: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(salt, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}
