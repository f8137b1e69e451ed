import { describe, expect, test } from 'vitest';
import { sumPixels } from './kernel/pixel-kernel.js';
import { hashDistance, perceptualHash } from './perceptual-hash.js';

describe('perceptual hash', () => {
  const wave = (width: number, height: number, shift = 0) =>
    Uint8Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / height];
      return 110 + 55 * Math.sin(7 * x + 3 * y * y + shift) + 40 * Math.cos(5 * y - 2 * x * y);
    });
  const hashOf = (grey: Uint8Array, width: number, height: number) => {
    const rgb = Uint8Array.from({ length: grey.length * 3 }, (_, i) => grey[Math.floor(i / 3)]!);
    return perceptualHash(sumPixels(rgb, width, height, 1).cells);
  };

  test('is the same picture at another size, lighter, or with a little noise, and not another picture', () => {
    const hash = hashOf(wave(320, 200), 320, 200);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(hashDistance(hash, hashOf(wave(150, 90), 150, 90))).toBeLessThanOrEqual(4);
    const lighter = wave(320, 200).map((value, i) => value * 1.1 + 12 + ((i * 7919) % 5));
    expect(hashDistance(hash, hashOf(lighter, 320, 200))).toBeLessThanOrEqual(4);
    expect(hashDistance(hash, hashOf(wave(320, 200, 2.5), 320, 200))).toBeGreaterThan(12);
  });

  test('takes pictures of a pixel and of one colour', () => {
    expect(hashOf(Uint8Array.of(7), 1, 1)).toBe(hashOf(new Uint8Array(1000).fill(7), 100, 10));
  });

  test('the distance counts bits of all 64', () => {
    expect(hashDistance('0000000000000000', 'ffffffffffffffff')).toBe(64);
    expect(hashDistance('8000000000000001', '0000000000000000')).toBe(2);
    expect(hashDistance('8000000080000000', '8000000080000000')).toBe(0);
  });
});
