import type { Xyxy } from './box.js';
import { FoveaError } from './error.js';

/**
 * Which pixels of a picture belong to something, as lengths of runs (COCO's RLE): `counts` are alternately pixels
 * outside and inside, the first outside (it may be 0), going down the first column, then down the second, and so on.
 * They add up to width x height. Runs of length 0 are allowed anywhere and mean nothing.
 */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly counts: Uint32Array;
}

/** The most pixels a mask may be over. Only the runs take memory, so this is a limit of 32-bit arithmetic. */
export const MAX_MASK_PIXELS = 2 ** 31 - 1;

/** The most pixels that {@link decodeMask} lays out, one byte each. */
export const MAX_DECODED_PIXELS = 2 ** 28;

/** @throws FoveaError `bad_mask` unless both are whole, at least 0, and their product at most {@link MAX_MASK_PIXELS} */
export function checkMaskSize(width: number, height: number): void {
  const isSide = (side: number) => Number.isSafeInteger(side) && side >= 0;
  if (isSide(width) && isSide(height) && width * height <= MAX_MASK_PIXELS) return;
  throw new FoveaError(
    'bad_mask',
    `A mask of ${width} x ${height} pixels is not possible: both are whole numbers, and their product is at most ${MAX_MASK_PIXELS}.`,
    { width, height },
  );
}

/**
 * A mask of given runs.
 *
 * @param counts whole numbers of at least 0 that add up to width x height; copied
 * @throws FoveaError `bad_mask` saying which count is none, or what they add up to
 */
export function createMask(width: number, height: number, counts: ArrayLike<number>): Mask {
  checkMaskSize(width, height);
  let sum = 0;
  for (let at = 0; at < counts.length; at++) {
    const count = counts[at]!;
    if (!Number.isInteger(count) || count < 0) {
      throw new FoveaError('bad_mask', `Run ${at} of a mask is ${count}: it must be a whole number of at least 0.`, {
        at,
        count,
      });
    }
    sum += count;
  }
  if (sum !== width * height) {
    throw new FoveaError(
      'bad_mask',
      `The runs of a mask of ${width} x ${height} pixels add up to ${sum}, not to ${width * height}.`,
      { width, height, sum },
    );
  }
  return { width, height, counts: Uint32Array.from(counts) };
}

/**
 * The mask of a bitmap.
 *
 * @param pixels [height, width], row by row; what is not 0 is inside
 * @throws FoveaError `bad_mask` when there are not width x height pixels
 */
export function encodeMask(pixels: ArrayLike<number>, width: number, height: number): Mask {
  checkMaskSize(width, height);
  if (pixels.length !== width * height) {
    throw new FoveaError('bad_mask', `A bitmap of ${width} x ${height} has ${pixels.length} pixels.`, {
      width,
      height,
      pixels: pixels.length,
    });
  }
  const runs: number[] = [];
  let isInside = false;
  let run = 0;
  for (let x = 0; x < width; x++) {
    for (let at = x; at < pixels.length; at += width) {
      if ((pixels[at] !== 0) !== isInside) {
        runs.push(run);
        run = 0;
        isInside = !isInside;
      }
      run++;
    }
  }
  runs.push(run);
  return { width, height, counts: Uint32Array.from(runs) };
}

/**
 * The bitmap of a mask: [height, width], row by row, 1 inside and 0 outside.
 *
 * @throws FoveaError `mask_too_large` past {@link MAX_DECODED_PIXELS}
 */
export function decodeMask({ width, height, counts }: Mask): Uint8Array {
  if (width * height > MAX_DECODED_PIXELS) {
    throw new FoveaError(
      'mask_too_large',
      `A mask of ${width} x ${height} pixels is not laid out as a bitmap: at most ${MAX_DECODED_PIXELS} pixels are.`,
      { width, height },
    );
  }
  const pixels = new Uint8Array(width * height);
  let x = 0;
  let y = 0;
  for (let at = 0; at < counts.length; at++) {
    if (at % 2 === 1) {
      for (let left = counts[at]!; left > 0; left--) {
        pixels[y * width + x] = 1;
        if (++y === height) {
          y = 0;
          x++;
        }
      }
    } else if (height > 0) {
      y += counts[at]!;
      x += Math.floor(y / height);
      y %= height;
    }
  }
  return pixels;
}

/** Pixels inside. */
export function maskArea({ counts }: Mask): number {
  let sum = 0;
  for (let at = 1; at < counts.length; at += 2) sum += counts[at]!;
  return sum;
}

/** The smallest box around all pixels inside; (0, 0, 0, 0) where there is none. */
export function maskBox({ width, height, counts }: Mask): Xyxy {
  let [xmin, ymin, xmax, ymax] = [width, height, 0, 0];
  let start = 0;
  for (let at = 0; at < counts.length; at++) {
    const count = counts[at]!;
    if (at % 2 === 1 && count > 0) {
      const last = start + count - 1;
      const [firstX, lastX] = [Math.floor(start / height), Math.floor(last / height)];
      xmin = Math.min(xmin, firstX);
      xmax = Math.max(xmax, lastX + 1);
      // A run that goes on into another column touches the lower and the upper edge.
      ymin = Math.min(ymin, firstX === lastX ? start % height : 0);
      ymax = Math.max(ymax, firstX === lastX ? (last % height) + 1 : height);
    }
    start += count;
  }
  return xmax === 0 ? [0, 0, 0, 0] : [xmin, ymin, xmax, ymax];
}

/** Pixels inside both. @throws FoveaError `mask_sizes_differ` */
export function intersectionArea(a: Mask, b: Mask): number {
  requireSameSize(a, b);
  const [left, right] = [a.counts, b.counts];
  let i = 0;
  let j = 0;
  let position = 0;
  let common = 0;
  let leftEnd = left[0] ?? 0;
  let rightEnd = right[0] ?? 0;
  while (i < left.length && j < right.length) {
    const end = Math.min(leftEnd, rightEnd);
    if (i & j & 1) common += end - position;
    position = end;
    if (leftEnd === end) leftEnd += left[++i] ?? 0;
    if (rightEnd === end) rightEnd += right[++j] ?? 0;
  }
  return common;
}

/**
 * Intersection over union of two masks, in [0, 1]; 0 when they do not meet.
 *
 * @param isCrowd `b` is a region of many objects: the share of `a` that lies in it is told instead (COCO's rule)
 * @throws FoveaError `mask_sizes_differ`
 */
export function maskIou(a: Mask, b: Mask, isCrowd = false): number {
  const common = intersectionArea(a, b);
  if (common === 0) return 0;
  return common / (isCrowd ? maskArea(a) : maskArea(a) + maskArea(b) - common);
}

/**
 * The pixels inside any (`union`) or all (`intersection`) of the masks, without runs of length 0 past the first.
 *
 * @throws FoveaError `mask_sizes_differ`, and `bad_mask` for no masks at all, since nothing says how large it would be
 */
export function mergeMasks(masks: readonly Mask[], how: 'union' | 'intersection' = 'union'): Mask {
  if (masks.length === 0) {
    throw new FoveaError('bad_mask', 'There are no masks to merge: at least one is needed.');
  }
  // In pairs, pairs of pairs and so on: thousands of parts do not each run over all that came before.
  let merged = masks;
  while (merged.length > 1) {
    const left = merged;
    merged = Array.from({ length: Math.ceil(left.length / 2) }, (_, pair) => {
      const second = left[pair * 2 + 1];
      return second ? mergePair(left[pair * 2]!, second, how) : left[pair * 2]!;
    });
  }
  return merged[0]!;
}

function mergePair(a: Mask, b: Mask, how: 'union' | 'intersection'): Mask {
  requireSameSize(a, b);
  const [left, right] = [a.counts, b.counts];
  const runs: number[] = [];
  let [i, j, position, start, isInside] = [0, 0, 0, 0, 0];
  let [leftEnd, rightEnd] = [left[0] ?? 0, right[0] ?? 0];
  while (i < left.length && j < right.length) {
    const end = Math.min(leftEnd, rightEnd);
    const isNow = how === 'union' ? (i | j) & 1 : i & j & 1;
    if (end > position && isNow !== isInside) {
      runs.push(position - start);
      start = position;
      isInside = isNow;
    }
    position = end;
    if (leftEnd === end) leftEnd += left[++i] ?? 0;
    if (rightEnd === end) rightEnd += right[++j] ?? 0;
  }
  runs.push(a.width * a.height - start);
  return { width: a.width, height: a.height, counts: Uint32Array.from(runs) };
}

function requireSameSize(a: Mask, b: Mask): void {
  if (a.width === b.width && a.height === b.height) return;
  throw new FoveaError(
    'mask_sizes_differ',
    `Masks of ${a.width} x ${a.height} and of ${b.width} x ${b.height} pixels cannot be laid over each other.`,
    { sizes: [a.width, a.height, b.width, b.height] },
  );
}
