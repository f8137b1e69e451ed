import sharp from 'sharp';
import type { RawImage } from './decode.js';

/**
 * A picture as a JPEG with full colour resolution (4:4:4); the same pixels give the same bytes.
 *
 * @param quality - 1 to 100
 */
export async function encodeJpeg({ data, width, height }: RawImage, quality: number): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: '4:4:4' })
    .toBuffer();
}
