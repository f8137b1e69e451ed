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

/** Every element 0. */
export const zerosInit: Initializer = constantInit(0);

/** Normal with standard deviation `deviation` before the cut, drawn again where it lies beyond two of them. */
export const truncatedNormalInit =
  (deviation: number): Initializer =>
  (out, _shape, random) => {
    for (let i = 0; i < out.length; i++) {
      let value = normal(random);
      while (Math.abs(value) > 2) value = normal(random);
      out[i] = deviation * value;
    }
  };

/** Uniform in [-`bound`, `bound`). */
export const uniformInit =
  (bound: number): Initializer =>
  (out, _shape, random) => {
    for (let i = 0; i < out.length; i++) out[i] = bound * (2 * random() - 1);
  };

/** How many numbers go into and come out of one element of weights [K, C, ...], [K, C] being those of a linear layer. */
function fansOf([outputs, inputs = 1, ...window]: Shape): { fanIn: number; fanOut: number } {
  const places = window.reduce((product, length) => product * length, 1);
  return { fanIn: inputs * places, fanOut: outputs! * places };
}

/** He et al. 2015 (arXiv:1502.01852), fan-out: normal with variance 2 / (K kh kw), for Conv weights [K, C, kh, kw]. */
export const heInit: Initializer = (out, shape, random) => {
  normalInit(Math.sqrt(2 / fansOf(shape).fanOut))(out, shape, random);
};

/** He's with the fan-out of one group, 2 groups / (K kh kw), for the weights [K, C / groups, kh, kw] of a grouped Conv. */
export const heGroupedInit =
  (groups: number): Initializer =>
  (out, shape, random) => {
    normalInit(Math.sqrt((2 * groups) / fansOf(shape).fanOut))(out, shape, random);
  };

/** Glorot & Bengio 2010, equation 16 ("Xavier"): uniform within sqrt(6 / (fan-in + fan-out)), so of variance 2 / their sum. */
export const xavierInit: Initializer = (out, shape, random) => {
  const { fanIn, fanOut } = fansOf(shape);
  uniformInit(Math.sqrt(6 / (fanIn + fanOut)))(out, shape, random);
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
