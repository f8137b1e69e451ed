import { type ImageInput, openImage, type ReadOptions } from './input.js';

/**
 * A small WebP of the picture, upright, its longer side at most `maxSide` pixels; never enlarged. Transparency stays.
 *
 * @throws FoveaError `unreadable_image`
 */
export async function makeThumbnail(input: ImageInput, maxSide: number, options?: ReadOptions): Promise<Uint8Array> {
  const opened = await openImage(input, options);
  try {
    return await opened
      .pipeline()
      .resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .webp({ quality: 80, effort: 2 })
      .toBuffer();
  } catch (cause) {
    throw opened.broken(cause);
  }
}
