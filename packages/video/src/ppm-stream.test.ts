import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeFailure } from './frame.js';
import { splitPpm } from './ppm-stream.js';

async function* chunked(bytes: Uint8Array, sizes: readonly number[]) {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const ppm = (width: number, height: number, seed: number) => {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * seed) % 256);
  return { image: { data, width, height }, bytes: Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), data]) };
};

test('pictures come out whole, however the stream is cut into chunks', async () => {
  const side = fc.integer({ min: 1, max: 9 });
  const pictures = fc.array(fc.tuple(side, side, fc.integer({ min: 1, max: 255 })), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(pictures, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), async (list, sizes) => {
      const written = list.map((args) => ppm(...args));
      const read = [];
      for await (const image of splitPpm(chunked(Buffer.concat(written.map(({ bytes }) => bytes)), sizes)))
        read.push(image);
      expect(read).toEqual(written.map(({ image }) => image));
    }),
  );
});

test('something else is refused, and a picture cut off at the end is dropped', async () => {
  const drain = async (bytes: Uint8Array) => {
    const read = [];
    for await (const image of splitPpm(chunked(bytes, [7]))) read.push(image);
    return read.length;
  };
  await expect(drain(Buffer.from('x'.repeat(100)))).rejects.toBeInstanceOf(DecodeFailure);
  await expect(drain(Buffer.from(`P6\n99999 99999\n255\n${'x'.repeat(100)}`))).rejects.toBeInstanceOf(DecodeFailure);
  const whole = ppm(3, 3, 7).bytes;
  expect(await drain(Buffer.concat([whole, whole.subarray(0, 20)]))).toBe(1);
});
