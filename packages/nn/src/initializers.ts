import type { Shape } from '@fovea/onnx';

/** Fills `out`, the elements of a tensor of `shape`; `random` gives numbers in [0, 1). */
export type Initializer = (out: Float32Array, shape: Shape, random: () => number) => void;

/** Every element `value`. */
export const constantInit =
  (value: number): Initializer =>
  (out) => {
    out.fill(value);
  };

/** A normal deviate by Box and Muller's transform (1958). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Normal with standard deviation `deviation`. */
export const normalInit =
  (deviation: number): Initializer =>
  (out, _shape, random) => {
    for (let i = 0; i < out.length; i++) out[i] = deviation * normal(random);
  };

/** He et al. 2015 (arXiv:1502.01852), fan-out: normal with variance 2 / (K kh kw), for Conv weights [K, C, kh, kw]. */
export const heInit: Initializer = (out, shape, random) => {
  const fanOut = shape[0]! * (shape[2] ?? 1) * (shape[3] ?? 1);
  normalInit(Math.sqrt(2 / fanOut))(out, shape, random);
};

/** A seeded generator of numbers in [0, 1): SplitMix32 (Steele, Lea & Flood 2014, reduced to 32 bits). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    z ^= z >>> 15;
    return (z >>> 0) / 4294967296;
  };
}
