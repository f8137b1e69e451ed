import { decodeMask, encodeMask, polygonsToMask } from '@fovea/annotations';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinParts, outlineMask } from './outline.js';

test('the outlines of any mask, filled and their holes cut out, are the mask', () => {
  const side = fc.integer({ min: 1, max: 12 });
  const bitmap = fc
    .tuple(side, side)
    .chain(([width, height]) =>
      fc.tuple(
        fc.constant(width),
        fc.constant(height),
        fc.uint8Array({ minLength: width * height, maxLength: width * height, max: 1 }),
      ),
    );
  fc.assert(
    fc.property(bitmap, ([width, height, pixels]) => {
      const { polygons, holes } = outlineMask(encodeMask(pixels, width, height));
      const filled =
        polygons.length > 0 ? decodeMask(polygonsToMask(polygons, width, height)) : new Uint8Array(pixels.length);
      const cut = holes.length > 0 ? decodeMask(polygonsToMask(holes, width, height)) : new Uint8Array(pixels.length);
      // A part may lie in the hole of another: counted by parity, not by cutting all holes out of all parts.
      const parity = [...polygons, ...holes]
        .map((ring) => decodeMask(polygonsToMask([ring], width, height)))
        .reduce((sum, ring) => sum.map((value, at) => value ^ ring[at]!), new Uint8Array(pixels.length));
      expect([...parity]).toEqual([...pixels]);
      pixels.forEach((value, at) => {
        if (value === 1) expect(filled[at]).toBe(1);
        if (value === 0 && filled[at] === 1) expect(cut[at]).toBe(1);
      });
    }),
  );
});

test('joined parts cover the pixels of all parts', () => {
  const parts = [
    [1, 1, 5, 1, 5, 5, 1, 5],
    [10, 10, 18, 10, 14, 19],
    [0, 15, 3, 15, 3, 20],
  ];
  const joined = joinParts(parts);
  expect(decodeMask(polygonsToMask([joined], 24, 24))).toEqual(decodeMask(polygonsToMask(parts, 24, 24)));
  expect(joinParts(parts.slice(0, 1))).toEqual(parts[0]);
});
