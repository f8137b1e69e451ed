import sharp from 'sharp';
import { around, logUniform } from './geometry.js';
import type { AugmentPolicy, Range } from './policy.js';
import { applyTones, type Tone } from './tone.js';

/** What is done to the pixels of a finished canvas, in this order. */
export interface Texture {
  /** 1 leaves as is, 0 smooths, 2 doubles what smoothing takes away. */
  readonly sharpness: number;
  /** In pixels; 0 none. */
  readonly blurSigma: number;
  readonly tones: readonly Tone[];
  /** In grey levels; 0 none. */
  readonly noiseSigma: number;
  readonly noiseSeed: number;
  /** 1 to 100; undefined for no JPEG. */
  readonly jpegQuality: number | undefined;
}

const uniform = ([least, most]: Range, random: () => number) => least + random() * (most - least);

/** Draws what a policy wants done to the pixels, beside what RandAugment has drawn. */
export function drawTexture(
  policy: AugmentPolicy,
  drawn: { readonly tones: readonly Tone[]; readonly sharpness: number },
  random: () => number,
): Texture {
  const happens = (probability: number | undefined) => probability !== undefined && random() < probability;
  const tones: Tone[] = [];
  if (policy.gamma) tones.push({ kind: 'gamma', exponent: logUniform([1 / policy.gamma, policy.gamma], random) });
  if (happens(policy.posterize?.probability))
    tones.push({ kind: 'posterize', bits: Math.round(uniform(policy.posterize!.bits, random)) });
  if (happens(policy.solarize?.probability))
    tones.push({ kind: 'solarize', threshold: uniform(policy.solarize!.threshold, random) });
  if (happens(policy.equalize)) tones.push({ kind: 'equalize' });
  if (happens(policy.autocontrast)) tones.push({ kind: 'autocontrast' });
  return {
    sharpness: 1 + (policy.sharpness ? around(policy.sharpness, random) : 0) + drawn.sharpness,
    blurSigma: happens(policy.blur?.probability) ? uniform(policy.blur!.sigma, random) : 0,
    tones: [...tones, ...drawn.tones],
    noiseSigma: happens(policy.noise?.probability) ? uniform(policy.noise!.sigma, random) : 0,
    noiseSeed: policy.noise ? Math.floor(random() * 2 ** 31) : 0,
    jpegQuality: happens(policy.jpeg?.probability) ? Math.round(uniform(policy.jpeg!.quality, random)) : undefined,
  };
}

/** Applies a texture to uint8 RGB [height, width, 3], in place. */
export async function applyTexture(pixels: Uint8Array, width: number, height: number, texture: Texture): Promise<void> {
  const raw = () => sharp(pixels, { raw: { width, height, channels: 3 } });
  const { sharpness, blurSigma, jpegQuality } = texture;
  // libvips has no 3 x 3 kernel for less than 3 pixels a side.
  const sharpens = sharpness !== 1 && width >= 3 && height >= 3;
  if (sharpens) pixels.set(await raw().convolve(sharpnessKernel(sharpness)).raw().toBuffer());
  if (blurSigma > 0) pixels.set(await raw().blur({ sigma: blurSigma, minAmplitude: 0.02 }).raw().toBuffer());
  applyTones(pixels, texture.tones);
  if (texture.noiseSigma > 0) addNoise(pixels, width, texture.noiseSigma, texture.noiseSeed);
  if (jpegQuality !== undefined) {
    const file = await raw().jpeg({ quality: jpegQuality }).toBuffer();
    pixels.set(await sharp(file).toColourspace('srgb').raw().toBuffer());
  }
}

/** Between the picture (factor 1) and PIL's smoothing [1 1 1; 1 5 1; 1 1 1] / 13 (0), and as far beyond the picture. */
function sharpnessKernel(factor: number) {
  const side = 1 - factor;
  const middle = 13 * factor + 5 * side;
  return { width: 3, height: 3, kernel: [side, side, side, side, middle, side, side, side, side], scale: 13 };
}

const noiseSize = 1 << 16;
let standardNoise: Float32Array | undefined;

/** Standard normal numbers, drawn once per process from a fixed seed; rows begin anywhere in them. */
function loadNoise(): Float32Array {
  if (standardNoise) return standardNoise;
  const random = generator(1);
  standardNoise = new Float32Array(noiseSize);
  // Box and Muller 1958.
  for (let i = 0; i < noiseSize; i++)
    standardNoise[i] = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return standardNoise;
}

function addNoise(pixels: Uint8Array, width: number, sigma: number, seed: number): void {
  const noise = loadNoise();
  const random = generator(seed);
  const rounding = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  for (let at = 0; at < pixels.length; at += width * 3) {
    const from = Math.floor(random() * noiseSize);
    const end = at + width * 3;
    for (let i = at; i < end; i++) rounding[i] = pixels[i]! + sigma * noise[(from + i - at) & (noiseSize - 1)]!;
  }
}

/** Numbers in [0, 1) by mulberry32. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
