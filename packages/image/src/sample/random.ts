/** A stream of numbers that one seed determines, on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
  /** Uniform among from, from + 1, … to. */
  integer(from: number, to: number): number;
  pick<T>(list: readonly T[]): T;
}

/** Mulberry32 (Ettinger 2017, public domain): 32 bits of state, good enough for pictures, not for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  // Neighbouring seeds start alike; a few steps part them.
  for (let i = 0; i < 8; i++) next();
  const between = (from: number, to: number) => from + (to - from) * next();
  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return { next, between, integer, pick: (list) => list[integer(0, list.length - 1)]! };
}
