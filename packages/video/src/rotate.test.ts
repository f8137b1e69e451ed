import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quarterTurns, turnImage } from './rotate.js';

/** Display matrix of a clockwise turn, as FFmpeg writes it. */
function matrixOf(degrees: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(36));
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  [cos, sin, 0, -sin, cos, 0, 0, 0, 16384].forEach((value, at) => {
    bytes.setInt32(at * 4, Math.round(value * 65536), true);
  });
  return new Uint8Array(bytes.buffer);
}

test('a display matrix tells the quarter turns', () => {
  expect([0, 90, 180, 270, 360].map((degrees) => quarterTurns(matrixOf(degrees)))).toEqual([0, 1, 2, 3, 0]);
  expect(quarterTurns(null)).toBe(0);
});

test('a quarter turn takes the top left to the top right; four bring everything back', () => {
  const [red, green, blue] = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ] as const;
  const image = { data: Uint8Array.from([...red, ...green, ...blue]), width: 3, height: 1 };
  expect(turnImage(image, 1)).toEqual({ data: Uint8Array.from([...red, ...green, ...blue]), width: 1, height: 3 });
  expect(turnImage(image, 2).data).toEqual(Uint8Array.from([...blue, ...green, ...red]));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.nat(3), (width, height, turns) => {
      const any = { data: Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 31) % 251), width, height };
      expect(turnImage(turnImage(any, turns), (4 - turns) % 4)).toEqual(any);
    }),
  );
});
