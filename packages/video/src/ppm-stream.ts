import type { RawImage } from '@fovea/image';
import { DecodeFailure, MAX_FRAME_PIXELS } from './frame.js';

const LONGEST_HEADER = 64;

/**
 * Cuts a stream of binary PPM pictures (`P6 width height 255` and the pixels, one after another) into images. Chunks may
 * break anywhere; a picture that is cut off at the end is dropped.
 *
 * @throws DecodeFailure for anything else in the stream
 */
export async function* splitPpm(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RawImage> {
  let head: Uint8Array = new Uint8Array(0);
  let open: { image: RawImage; filled: number } | undefined;
  for await (let chunk of chunks) {
    while (chunk.length > 0) {
      if (!open) {
        head = concat(head, chunk);
        const header = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(
          Buffer.from(head.subarray(0, LONGEST_HEADER)).toString('latin1'),
        );
        if (!header) {
          if (head.length >= LONGEST_HEADER)
            throw new DecodeFailure('the decoder wrote something that is not a picture');
          break;
        }
        const [width, height] = [Number(header[1]), Number(header[2])];
        if (width * height > MAX_FRAME_PIXELS)
          throw new DecodeFailure(`its frames of ${width} x ${height} are too large`);
        open = { image: { data: new Uint8Array(width * height * 3), width, height }, filled: 0 };
        chunk = head.subarray(header[0].length);
        head = new Uint8Array(0);
      }
      const { data } = open.image;
      const part = chunk.subarray(0, data.length - open.filled);
      data.set(part, open.filled);
      open.filled += part.length;
      chunk = chunk.subarray(part.length);
      if (open.filled === data.length) {
        yield open.image;
        open = undefined;
      }
    }
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
