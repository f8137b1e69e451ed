import type { RawImage } from '@fovea/image';

/** Width and height of the pictures that scenes are told apart by, whatever the video's shape. */
export const SMALL_WIDTH = 64;
export const SMALL_HEIGHT = 36;

/** The default of {@link SceneDetector}'s threshold: by what a cut differs, of 0 to 1. */
export const SCENE_THRESHOLD = 0.15;

/** A transition goes on while frames change by this part of the threshold. */
const SLOW_PART = 0.1;
/** The least time between two beginnings. */
const SHORTEST_SCENE_MICROS = 500_000;

/** What became of a frame: a scene begins with it, may begin with it (the next frame tells), or does not. */
export type SceneVerdict = 'scene' | 'perhaps' | 'same';

/**
 * Tells where scenes begin by twin comparison (H. Zhang, A. Kankanhalli, S. Smoliar: Automatic partitioning of full-motion
 * video, Multimedia Systems 1, 1993), on the luma of small pictures: the difference of two is the mean absolute difference
 * of their pixels, 0 to 1, after their means are made alike by half, so that a lamp that is switched on counts less
 * than other things in view.
 *
 * A frame that differs from the one before by the threshold is a cut, if the next frame still differs from the one before
 * it, else a flash. Where frames change by a tenth of the threshold or more one after another, each is compared with the
 * one that the change began from; once they differ by the threshold, a scene begins (fades, dissolves, pans). After a
 * beginning, changes must first have died down before there is another, and half a second gone by.
 */
export class SceneDetector {
  private before: Float32Array | undefined;
  private candidate: { readonly before: Float32Array } | undefined;
  private anchor: Float32Array | undefined;
  private isArmed = true;
  private beganMicros = Number.NEGATIVE_INFINITY;

  constructor(private readonly threshold: number) {}

  /**
   * Takes the next frame. `confirms` is about the frame before, where that was a `perhaps`.
   *
   * @param small - luma, `SMALL_WIDTH * SMALL_HEIGHT` values from 0 to 255
   */
  push(small: Float32Array, micros: number): { readonly confirms: boolean; readonly verdict: SceneVerdict } {
    const { before, candidate, threshold } = this;
    this.before = small;
    if (before === undefined) {
      this.begin(micros);
      return { confirms: false, verdict: 'scene' };
    }
    this.candidate = undefined;
    const change = difference(before, small);
    if (candidate !== undefined) {
      if (difference(candidate.before, small) >= threshold) {
        this.begin(micros);
        return { confirms: true, verdict: 'same' };
      }
      // A flash: what is seen now is what was seen before it.
      return { confirms: false, verdict: 'same' };
    }
    if (!this.isArmed) {
      this.isArmed = change < threshold / 2 && micros - this.beganMicros >= SHORTEST_SCENE_MICROS;
      if (!this.isArmed) return { confirms: false, verdict: 'same' };
    }
    if (change >= threshold) {
      this.candidate = { before };
      return { confirms: false, verdict: 'perhaps' };
    }
    if (change < threshold * SLOW_PART) {
      this.anchor = undefined;
      return { confirms: false, verdict: 'same' };
    }
    this.anchor ??= before;
    if (difference(this.anchor, small) < threshold) return { confirms: false, verdict: 'same' };
    this.begin(micros);
    return { confirms: false, verdict: 'scene' };
  }

  /** Whether a `perhaps` that no frame comes after is a scene: nothing speaks against it. */
  end(): boolean {
    return this.candidate !== undefined;
  }

  private begin(micros: number): void {
    this.beganMicros = micros;
    this.isArmed = false;
    this.anchor = undefined;
  }
}

/** Mean absolute difference, 0 to 1, with half of what their means differ taken away. */
function difference(a: Float32Array, b: Float32Array): number {
  let shift = 0;
  for (let i = 0; i < a.length; i++) shift += b[i]! - a[i]!;
  shift /= 2 * a.length;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(b[i]! - a[i]! - shift);
  return sum / a.length / 255;
}

/** Luma of a small RGB picture (ITU-R BT.601). */
export function smallLuma(rgb: Uint8Array): Float32Array {
  const luma = new Float32Array(SMALL_WIDTH * SMALL_HEIGHT);
  for (let i = 0, at = 0; i < luma.length; i++, at += 3) {
    luma[i] = 0.299 * rgb[at]! + 0.587 * rgb[at + 1]! + 0.114 * rgb[at + 2]!;
  }
  return luma;
}

/** The small luma picture of a whole one, each pixel the mean of those it stands for. */
export function shrinkToLuma({ data, width, height }: RawImage): Float32Array {
  const luma = new Float32Array(SMALL_WIDTH * SMALL_HEIGHT);
  for (let y = 0; y < SMALL_HEIGHT; y++) {
    const [top, bottom] = span(y, SMALL_HEIGHT, height);
    for (let x = 0; x < SMALL_WIDTH; x++) {
      const [left, right] = span(x, SMALL_WIDTH, width);
      let sum = 0;
      for (let row = top; row < bottom; row++) {
        for (let at = (row * width + left) * 3; at < (row * width + right) * 3; at += 3) {
          sum += 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
        }
      }
      luma[y * SMALL_WIDTH + x] = sum / ((bottom - top) * (right - left));
    }
  }
  return luma;
}

function span(index: number, count: number, size: number): [from: number, to: number] {
  const from = Math.floor((index * size) / count);
  return [from, Math.max(from + 1, Math.floor(((index + 1) * size) / count))];
}
