import type { PixelSums } from './kernel/pixel-kernel.js';

/** What the values of one channel are like, 0 to 255. */
export interface ChannelStatistics {
  readonly mean: number;
  /** Of all pixels (the population's). */
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** Pixels of each value; 256 numbers. */
  readonly histogram: readonly number[];
}

/** What the pixels of a picture are like, as numbers that can be compared across pictures. */
export interface PixelStatistics {
  /** Red, green, blue. */
  readonly channels: readonly [ChannelStatistics, ChannelStatistics, ChannelStatistics];
  /** Mean luma, in [0, 1]. */
  readonly brightness: number;
  /** Standard deviation of luma (RMS contrast; Peli 1990), in [0, 0.5]. */
  readonly contrast: number;
  /**
   * Variance of the Laplacian of luma (Pech-Pacheco et al. 2000), luma from 0 to 255: low where nothing is in focus.
   * Depends on the size it is taken at; 0 below 3 x 3 pixels.
   */
  readonly sharpness: number;
  /** Shannon entropy of the luma histogram in bits, in [0, 8]. */
  readonly entropy: number;
}

/**
 * Statistics from what one pass over the pixels of an 8-bit sRGB picture gave. Its transparent pixels were laid on white
 * before.
 */
export function computePixelStatistics({
  width,
  height,
  histograms,
  laplacianSum,
  laplacianSquares,
}: Omit<PixelSums, 'pixels' | 'cells'>): PixelStatistics {
  const count = width * height;
  const [red, green, blue, luma] = histograms;
  const { mean, std } = channelOf(luma, count);
  const inner = Math.max(0, width - 2) * Math.max(0, height - 2);
  return {
    channels: [channelOf(red, count), channelOf(green, count), channelOf(blue, count)],
    brightness: mean / 255,
    contrast: std / 255,
    sharpness: inner === 0 ? 0 : laplacianSquares / inner - (laplacianSum / inner) ** 2,
    entropy: entropyOf(luma, count),
  };
}

/** From a histogram: exact, and 256 steps instead of one a pixel. */
function channelOf(histogram: Uint32Array, count: number): ChannelStatistics {
  let [sum, squares, min, max] = [0, 0, 255, 0];
  for (let value = 0; value < 256; value++) {
    const pixels = histogram[value]!;
    if (pixels === 0) continue;
    sum += pixels * value;
    squares += pixels * value * value;
    min = Math.min(min, value);
    max = value;
  }
  const mean = sum / count;
  return { mean, std: Math.sqrt(Math.max(0, squares / count - mean * mean)), min, max, histogram: [...histogram] };
}

function entropyOf(histogram: Uint32Array, count: number): number {
  let bits = 0;
  for (const pixels of histogram) if (pixels > 0) bits -= (pixels / count) * Math.log2(pixels / count);
  return bits;
}
