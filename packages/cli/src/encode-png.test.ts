import { decodeImage } from '@fovea/image';
import { expect, test } from 'vitest';
import { encodePng } from './encode-png.js';

test('a PNG decodes to the pixels it was made of', async () => {
  const data = Uint8Array.from({ length: 7 * 5 * 3 }, (_, index) => (index * 37) % 256);
  expect(await decodeImage(encodePng({ data, width: 7, height: 5 }))).toEqual({
    data: Buffer.from(data),
    width: 7,
    height: 5,
  });
});
