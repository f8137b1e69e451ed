import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodeImage, probeImage } from './decode.js';

const hostile = join(
  process.env.FOVEA_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '../../../../shared'),
  'data/hostile/pillow',
);

/** A BMP with a header of 40 bytes; `extra` are masks or palette. */
function bmp(
  width: number,
  height: number,
  bits: number,
  compression: number,
  extra: number[],
  pixels: number[],
): Uint8Array {
  const file = Buffer.alloc(54 + extra.length + pixels.length);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54 + extra.length, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  file.writeUInt32LE(compression, 30);
  file.set([...extra, ...pixels], 54);
  return file;
}

const pixelsOf = async (file: Uint8Array) => [...(await decodeImage(file)).data];
const words = (...values: number[]) => [...new Uint8Array(Uint32Array.from(values).buffer)];
/** Blue, green, red, nothing: black, red, green, blue, and black to 16 entries. */
const palette = [0, 0, 0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, ...new Array<number>(48).fill(0)];
const [black, red, green, blue] = [
  [0, 0, 0],
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
] as const;

describe('BMP', () => {
  test('24 bits: rows from below, filled up to four bytes, or from above', async () => {
    const rows = [0, 0, 255, 0, 0, 255, 0, 0];
    const below = bmp(2, 2, 24, 0, [], [0, 0, 255, 0, 255, 0, 0, 0, 255, 0, 0, 0, 0, 0]);
    expect(await pixelsOf(below)).toEqual([...blue, ...black, ...red, ...green]);
    expect(await pixelsOf(bmp(1, -2, 24, 0, [], rows))).toEqual([...red, ...green]);
    expect(await probeImage(below)).toMatchObject({ format: 'bmp', width: 2, height: 2 });
  });

  test('16 bits, of five each and by masks', async () => {
    expect(await pixelsOf(bmp(2, 1, 16, 0, [], [0x00, 0x7c, 0x1f, 0]))).toEqual([...red, ...blue]);
    const masks = words(0xf800, 0x7e0, 0x1f);
    expect(await pixelsOf(bmp(2, 1, 16, 3, masks, [0x00, 0xf8, 0xe0, 0x07]))).toEqual([...red, ...green]);
  });

  test('four bits a pixel, plain and as runs with literals, moves and an early end', async () => {
    expect(await pixelsOf(bmp(3, 1, 4, 0, palette, [0x12, 0x30, 0, 0]))).toEqual([...red, ...green, ...blue]);
    // Row 0: 1 2 1 and a literal 3; row 1: moved one to the right, then two of 2; the rest is not said.
    const runs = [3, 0x12, 0, 3, 0x31, 0x20, 0, 0, 0, 2, 1, 0, 2, 0x22, 0, 1];
    expect(await pixelsOf(bmp(4, 2, 4, 2, palette, runs))).toEqual([
      ...[...black, ...green, ...green, ...black],
      ...[...red, ...green, ...red, ...blue],
    ]);
  });

  test('one that is cut off, or claims what cannot be, is refused with the reason', async () => {
    const refused = (file: Uint8Array, reason: RegExp) => expect(decodeImage(file)).rejects.toThrow(reason);
    await refused(bmp(4, 4, 24, 0, [], [1, 2, 3]), /cut off: 57 of 102 bytes/);
    await refused(bmp(4, 4, 8, 1, new Array(1024).fill(0), [4, 1]), /cut off in row 0 of 4/);
    await refused(bmp(60_000, 60_000, 1, 0, [], []), /more than the limit/);
    await refused(bmp(4, 4, 7, 0, [], []), /7 bits a pixel/);
    await refused(bmp(4, 4, 24, 1, [], []), /compression 1 is not one of 24 bits/);
    await refused(bmp(-4, 4, 24, 0, [], []), /-4 x 4 pixels/);
    await refused(Buffer.from('BM begins many a text that is no picture'), /not a JPEG, PNG, WebP/);
  });

  test('a HEIC picture is told by its name', async () => {
    const box = (brands: string) => Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from(`ftyp${brands}`)]);
    await expect(decodeImage(box('heic\0\0\0\0mif1heic'))).rejects.toThrow(/HEIC picture.*save it as JPEG/);
    await expect(decodeImage(box('mif1\0\0\0\0mif1heic'))).rejects.toThrow(/HEIC picture/);
  });

  // SHA-256 of Image.open(file).convert('RGB').tobytes() in Pillow 13.
  test.skipIf(!existsSync(hostile)).each([
    ['hopper.bmp', '87ce2dc3eea0549d83beb8013872498a3ce5267acaa22fbd26335ccb680700d5'],
    ['hopper_rle8.bmp', 'e68561e4428b083c0ae2362f687fc3ea96c47e7439a056e7dd21cd9228140f1e'],
    ['hopper_rle8_row_overflow.bmp', 'e68561e4428b083c0ae2362f687fc3ea96c47e7439a056e7dd21cd9228140f1e'],
    ['pal8badindex.bmp', '620d02e76541692c51094e955dd50047ace5911533bfb2beb145fcbec7b3ff9a'],
    ['baddens1.bmp', 'f558035805c0fbc5e35a0d82aa24847a91fea6303b50f664eb3cefa403f822be'],
  ])('%s as Pillow reads it', async (name, sha256) => {
    const { data } = await decodeImage(join(hostile, name));
    expect(createHash('sha256').update(data).digest('hex')).toBe(sha256);
  });
});
