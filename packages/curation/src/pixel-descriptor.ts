import { decodeImage, type EncodedImage, type RawImage, resample } from '@fovea/image';

/** Numbers of {@link computePixelDescriptor}: 4 x 4 cells of 8 directions, 3 x 3 cells of 3 colours, 64 colours. */
export const PIXEL_DIMENSIONS = 4 * 4 * 8 + 3 * 3 * 3 + 64;

const SIDE = 64;
const [GRADIENT_CELLS, DIRECTIONS, COLOUR_CELLS] = [4, 8, 3];
/** What each part counts for in the cosine of two pictures. */
const [GRADIENT_SHARE, LAYOUT_SHARE, COLOUR_SHARE] = [0.4, 0.3, 0.3];

/**
 * What a picture looks like, by hand and without any model: shapes as a histogram of gradient directions in each of 4 x 4
 * cells (Dalal and Triggs 2005), the lie of its colours as the mean of each of 3 x 3 cells, and its colours as a
 * histogram of 4 x 4 x 4. The square root is taken of the histograms, so that their inner product is Bhattacharyya's
 * coefficient. All from the picture brought to 64 x 64. It tells scenes apart by what they look like, not by what is in
 * them.
 *
 * @returns of length 1
 */
export async function computePixelDescriptor(input: RawImage | EncodedImage | Uint8Array): Promise<Float32Array> {
  const image = input instanceof Uint8Array ? await decodeImage(input) : input;
  const pixels = await resample(image, SIDE, SIDE);
  const luma = Float32Array.from(
    { length: SIDE * SIDE },
    (_, at) => 0.299 * pixels[3 * at]! + 0.587 * pixels[3 * at + 1]! + 0.114 * pixels[3 * at + 2]!,
  );
  const parts = [
    { part: gradients(luma), share: GRADIENT_SHARE },
    { part: layout(pixels), share: LAYOUT_SHARE },
    { part: colours(pixels), share: COLOUR_SHARE },
  ];
  const joined = parts.flatMap(({ part, share }) => Array.from(unit(part), (value) => Math.sqrt(share) * value));
  return unit(Float32Array.from(joined));
}

function gradients(luma: Float32Array): Float32Array {
  const histogram = new Float32Array(GRADIENT_CELLS * GRADIENT_CELLS * DIRECTIONS);
  const cell = SIDE / GRADIENT_CELLS;
  for (let y = 1; y < SIDE - 1; y++) {
    for (let x = 1; x < SIDE - 1; x++) {
      const dx = luma[y * SIDE + x + 1]! - luma[y * SIDE + x - 1]!;
      const dy = luma[(y + 1) * SIDE + x]! - luma[(y - 1) * SIDE + x]!;
      // Directions without a sign: an edge from dark to bright is one from bright to dark.
      const turn = (Math.atan2(dy, dx) / Math.PI + 2) % 1;
      const bin = Math.min(DIRECTIONS - 1, Math.floor(turn * DIRECTIONS));
      const at = Math.floor(y / cell) * GRADIENT_CELLS + Math.floor(x / cell);
      histogram[at * DIRECTIONS + bin]! += Math.hypot(dx, dy);
    }
  }
  return histogram.map(Math.sqrt);
}

function layout(pixels: Uint8Array): Float32Array {
  const sums = new Float32Array(COLOUR_CELLS * COLOUR_CELLS * 3);
  const counts = new Float32Array(COLOUR_CELLS * COLOUR_CELLS);
  const cellOf = (at: number) => Math.floor((at * COLOUR_CELLS) / SIDE);
  for (let y = 0, at = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const cell = cellOf(y) * COLOUR_CELLS + cellOf(x);
      counts[cell]!++;
      for (let c = 0; c < 3; c++) sums[cell * 3 + c]! += pixels[at++]!;
    }
  }
  // About the middle grey, so that two pictures are not alike for being both neither black nor white.
  return sums.map((sum, i) => sum / counts[Math.floor(i / 3)]! - 127.5);
}

function colours(pixels: Uint8Array): Float32Array {
  const histogram = new Float32Array(64);
  for (let at = 0; at < pixels.length; at += 3)
    histogram[((pixels[at]! >> 6) << 4) | ((pixels[at + 1]! >> 6) << 2) | (pixels[at + 2]! >> 6)]!++;
  return histogram.map(Math.sqrt);
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
