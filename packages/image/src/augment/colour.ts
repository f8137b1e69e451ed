import { around } from './geometry.js';
import type { AugmentPolicy } from './policy.js';

/** A colour change as rows of [R, G, B, offset]: out = M rgb + b, on 0-255; float32 [3, 4]. */
export type ColourMatrix = Float32Array;

/** Rec. 601: how bright red, green and blue look. */
const luma = [0.299, 0.587, 0.114] as const;

/** The change that changes nothing. */
export const sameColour = (): ColourMatrix => Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0);

/** First `inner`, then `outer`. */
export function composedColour(outer: ColourMatrix, inner: ColourMatrix): ColourMatrix {
  const matrix = new Float32Array(12);
  for (let row = 0; row < 3; row++)
    for (let column = 0; column < 4; column++) {
      let sum = column === 3 ? outer[row * 4 + 3]! : 0;
      for (let k = 0; k < 3; k++) sum += outer[row * 4 + k]! * inner[k * 4 + column]!;
      matrix[row * 4 + column] = sum;
    }
  return matrix;
}

/** Brightness as a factor, contrast as one about middle grey, saturation as one about the pixel's own grey. */
export function toneMatrix(brightness: number, contrast: number, saturation: number): ColourMatrix {
  const gain = brightness * contrast;
  const matrix = new Float32Array(12);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++)
      matrix[row * 4 + column] = gain * ((row === column ? saturation : 0) + (1 - saturation) * luma[column]!);
    matrix[row * 4 + 3] = 127.5 * brightness * (1 - contrast);
  }
  return matrix;
}

/** Colours turned about the grey axis by degrees (Rodrigues' formula about [1, 1, 1]); greys stay. */
export function hueMatrix(degrees: number): ColourMatrix {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [same, next, last] = [
    cos + (1 - cos) / 3,
    (1 - cos) / 3 - sin / Math.sqrt(3),
    (1 - cos) / 3 + sin / Math.sqrt(3),
  ];
  return Float32Array.of(same, next, last, 0, last, same, next, 0, next, last, same, 0);
}

/** The negative. */
export const invertMatrix = (): ColourMatrix => Float32Array.of(-1, 0, 0, 255, 0, -1, 0, 255, 0, 0, -1, 255);

/**
 * Draws the part of a policy's colour that is linear in RGB: brightness, contrast, saturation, hue, grayscale, invert. The
 * training graph applies it at no cost; {@link applyColour} does elsewhere. RandAugment's part is not in it.
 */
export function drawColour(policy: AugmentPolicy, random: () => number): ColourMatrix {
  const factor = (reach: number | undefined) => 1 + (reach ? around(reach, random) : 0);
  const brightness = factor(policy.brightness);
  const contrast = factor(policy.contrast);
  let matrix = toneMatrix(brightness, contrast, factor(policy.saturation));
  if (policy.hue) matrix = composedColour(hueMatrix(around(policy.hue, random)), matrix);
  if (policy.grayscale && random() < policy.grayscale) matrix = composedColour(toneMatrix(1, 1, 0), matrix);
  if (policy.invert && random() < policy.invert) matrix = composedColour(invertMatrix(), matrix);
  return matrix;
}

/**
 * Applies a colour change to uint8 RGB pixels in place, rounding and clipping to 0-255.
 *
 * Some 7 ns a pixel; libvips takes four times as much processor time for it.
 */
export function applyColour(pixels: Uint8Array, matrix: ColourMatrix): void {
  const [a, b, c, d, e, f, g, h, i, j, k, l] = matrix as unknown as [
    ...[number, number, number, number],
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  const rounding = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    const red = pixels[at]!;
    const green = pixels[at + 1]!;
    const blue = pixels[at + 2]!;
    rounding[at] = a * red + b * green + c * blue + d;
    rounding[at + 1] = e * red + f * green + g * blue + h;
    rounding[at + 2] = i * red + j * green + k * blue + l;
  }
}
