import { decodeSmall, encodeThumbnail } from './facts/small-picture.js';
import { type ImageInput, openImage, type ReadOptions } from './input.js';

/**
 * The thumbnail that `readFacts` makes, alone: upright, JPEG, and WebP where there is transparency, which stays. A
 * picture of up to 511 pixels a side keeps its size, a larger one gets a longer side of 256 to 511.
 *
 * @throws FoveaError `unreadable_image`
 */
export async function makeThumbnail(input: ImageInput, options?: ReadOptions): Promise<Uint8Array> {
  const opened = await openImage(input, options);
  try {
    return await encodeThumbnail(await decodeSmall(opened));
  } catch (cause) {
    throw opened.broken(cause);
  }
}
