import type { Xyxy } from '@fovea/annotations';
import type { LabelledBox } from './augment/index.js';
import type { RawImage } from './decode.js';
import { letterboxFill, paste } from './letterbox.js';
import { resample } from './resample.js';

/** Ranges of the random changes; each is drawn anew for every picture. */
export interface AugmentOptions {
  /** Size relative to a fit, log-uniform. */
  readonly scale: readonly [number, number];
  /** Stretch of width against height, log-uniform around 1. */
  readonly stretch: number;
  /** Chance of a left-right flip. */
  readonly mirror: number;
  /** Largest change of brightness, contrast and saturation, as a part of 1. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
}

/** What suits photographs of things that may stand anywhere. */
export const defaultAugment: AugmentOptions = {
  scale: [0.65, 1.6],
  stretch: 1.15,
  mirror: 0.5,
  brightness: 0.2,
  contrast: 0.25,
  saturation: 0.35,
};

/** A box is dropped where less than this part of it stays in the picture. */
const leastVisible = 0.35;

/**
 * Places a picture on a canvas at a random size, stretch and position, perhaps mirrored, and moves its boxes along.
 *
 * @param canvas uint8 [height, width, 3], written in full.
 * @returns the boxes in canvas pixels, clipped; those mostly outside are dropped.
 */
export async function augment(
  image: RawImage,
  boxes: readonly LabelledBox[],
  canvas: Uint8Array,
  width: number,
  height: number,
  options: AugmentOptions,
  random: () => number,
): Promise<LabelledBox[]> {
  const logUniform = (low: number, high: number) => Math.exp(Math.log(low) + random() * Math.log(high / low));
  const scale = Math.min(width / image.width, height / image.height) * logUniform(...options.scale);
  const stretch = Math.sqrt(logUniform(1 / options.stretch, options.stretch));
  const mirror = random() < options.mirror;
  const horizontal = place(image.width, width, scale * stretch, random());
  const vertical = place(image.height, height, scale / stretch, random());
  const pixels = await resample(image, horizontal.length, vertical.length, {
    area: { left: horizontal.from, top: vertical.from, width: horizontal.taken, height: vertical.taken },
    mirror,
  });
  const left = mirror ? width - horizontal.at - horizontal.length : horizontal.at;
  canvas.fill(letterboxFill);
  paste(pixels, horizontal.length, vertical.length, canvas, width, left, vertical.at);

  const along = (axis: Placement, at: number) => axis.at + ((at - axis.from) * axis.length) / axis.taken;
  const kept: LabelledBox[] = [];
  for (const { classIndex, box } of boxes) {
    let x0 = along(horizontal, box[0]);
    let x1 = along(horizontal, box[2]);
    if (mirror) [x0, x1] = [width - x1, width - x0];
    const y0 = along(vertical, box[1]);
    const y1 = along(vertical, box[3]);
    const clipped: Xyxy = [Math.max(0, x0), Math.max(0, y0), Math.min(width, x1), Math.min(height, y1)];
    const sides = [clipped[2] - clipped[0], clipped[3] - clipped[1]] as const;
    if (sides[0] < 2 || sides[1] < 2) continue;
    if (sides[0] * sides[1] < leastVisible * (x1 - x0) * (y1 - y0)) continue;
    kept.push({ classIndex, box: clipped });
  }
  return kept;
}

/** Along one axis: `taken` source pixels from `from` become `length` canvas pixels from `at`. */
interface Placement {
  readonly from: number;
  readonly taken: number;
  readonly at: number;
  readonly length: number;
}

function place(source: number, canvas: number, scale: number, position: number): Placement {
  const size = source * scale;
  const offset = (canvas - size) * position;
  const from = Math.min(source - 1, Math.max(0, Math.floor(-offset / scale)));
  const to = Math.max(from + 1, Math.min(source, Math.ceil((canvas - offset) / scale)));
  const at = Math.min(canvas - 1, Math.max(0, Math.round(offset + from * scale)));
  const length = Math.max(1, Math.min(canvas - at, Math.round((to - from) * scale)));
  return { from, taken: to - from, at, length };
}
