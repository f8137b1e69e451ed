import sharp from 'sharp';
import type { OpenedImage } from '../input.js';
import { MAX_STEP, type PixelSums, sumPixels } from './kernel/pixel-kernel.js';

/** Longer sides: below the first nothing is reduced; what is of no whole step gets the second. */
const [WHOLE_SIDE, STEP_SIDE, RESIZED_SIDE] = [512, 256, 320];

/** A picture at a thumbnail's size, 8-bit sRGB, upright. */
export interface SmallPicture {
  readonly sums: PixelSums;
  /** [height, width, channels] */
  readonly pixels: Uint8Array;
  readonly channels: 3 | 4;
}

/**
 * Up to five times the thumbnail's side all pixels are decoded and joined by whole steps, which is faster than to let
 * libvips resize them; above, libvips resizes while it decodes (a JPEG at a half, a quarter or an eighth), in little
 * memory.
 */
export async function decodeSmall({ width, height, header, pipeline }: OpenedImage): Promise<SmallPicture> {
  const side = Math.max(width, height);
  const step = side < WHOLE_SIDE ? 1 : Math.floor(side / STEP_SIDE);
  // Colours under transparency must not run into their neighbours: libvips sees to that.
  const isJoined = step === 1 || (step <= MAX_STEP && Math.min(width, height) >= step && !header.hasAlpha);
  const decoded = isJoined ? pipeline() : pipeline().resize(RESIZED_SIDE, RESIZED_SIDE, { fit: 'inside' });
  const { data, info } = await decoded
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  // In sRGB grey has three channels too; a fourth is alpha.
  const channels = info.channels as 3 | 4;
  const opaque = channels === 4 ? layOnWhite(data) : data;
  const sums = sumPixels(opaque, info.width, info.height, isJoined ? step : 1);
  return { sums, pixels: channels === 4 ? data : sums.pixels, channels };
}

/** A small picture as JPEG, or as WebP where it has transparency. */
export function encodeThumbnail({ pixels, channels, sums: { width, height } }: SmallPicture): Promise<Uint8Array> {
  const encoder = sharp(pixels, { raw: { width, height, channels } });
  return channels === 4
    ? encoder.webp({ quality: 80, effort: 0 }).toBuffer()
    : encoder.jpeg({ quality: 80, optimiseCoding: false }).toBuffer();
}

/** RGB of RGBA. */
function layOnWhite(data: Uint8Array): Uint8Array {
  const out = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    const alpha = data[from + 3]! / 255;
    for (let channel = 0; channel < 3; channel++) {
      out[to++] = Math.round(255 + (data[from + channel]! - 255) * alpha);
    }
  }
  return out;
}
