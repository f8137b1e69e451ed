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
 * Statistics of an 8-bit sRGB picture, and its luma (ITU-R BT.601). Transparent pixels are laid on white.
 *
 * @param data [height, width, channels], row by row; 3 channels, or 4 with alpha
 */
export function computePixelStatistics(
  data: Uint8Array,
  width: number,
  height: number,
  channels: 3 | 4,
): { statistics: PixelStatistics; luma: Uint8Array } {
  const count = width * height;
  const luma = new Uint8Array(count);
  const histograms = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(256)] as const;
  const [reds, greens, blues] = histograms;
  for (let at = 0, from = 0; at < count; at++, from += channels) {
    let [red, green, blue] = [data[from]!, data[from + 1]!, data[from + 2]!];
    if (channels === 4 && data[from + 3]! < 255) {
      const alpha = data[from + 3]! / 255;
      red = Math.round(255 + (red - 255) * alpha);
      green = Math.round(255 + (green - 255) * alpha);
      blue = Math.round(255 + (blue - 255) * alpha);
    }
    reds[red]!++;
    greens[green]!++;
    blues[blue]!++;
    // 0.299 R + 0.587 G + 0.114 B in 16 bits of fraction, rounded.
    luma[at] = (19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >>> 16;
  }
  const grey = new Uint32Array(256);
  for (let at = 0; at < count; at++) grey[luma[at]!]!++;
  const { mean, std } = channelOf(grey, count);
  return {
    statistics: {
      channels: [channelOf(reds, count), channelOf(greens, count), channelOf(blues, count)],
      brightness: mean / 255,
      contrast: std / 255,
      sharpness: laplacianVariance(luma, width, height),
      entropy: entropyOf(grey, count),
    },
    luma,
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

function laplacianVariance(luma: Uint8Array, width: number, height: number): number {
  if (width < 3 || height < 3) return 0;
  let [sum, squares] = [0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * width + 1, end = at + width - 2; at < end; at++) {
      const value = luma[at - width]! + luma[at + width]! + luma[at - 1]! + luma[at + 1]! - 4 * luma[at]!;
      sum += value;
      squares += value * value;
    }
  }
  const count = (width - 2) * (height - 2);
  return squares / count - (sum / count) ** 2;
}
