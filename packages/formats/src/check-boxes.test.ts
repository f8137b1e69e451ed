import { type BoxAnnotation, maskToCoco, polygonArea, polygonBox, polygonsToMask, type Xyxy } from '@fovea/annotations';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkBoxes } from './check-boxes.js';
import { clipPolygon } from './clip-shape.js';

const [WIDTH, HEIGHT] = [100, 50];
const check = (annotation: BoxAnnotation) => checkBoxes([annotation], WIDTH, HEIGHT);
const codes = (annotation: BoxAnnotation) => check(annotation).problems.map(({ code }) => code);
const nut = (box: Xyxy, rest: Partial<BoxAnnotation> = {}): BoxAnnotation => ({ className: 'nut', box, ...rest });

describe('shapes are held against the picture as their boxes are', () => {
  test('outlines are cut with their box, which is told once', () => {
    const annotation = nut([-10, 10, 20, 30], {
      polygons: [[-10, 10, 20, 10, 20, 30, -10, 30]],
      holes: [[-5, 15, 5, 15, 5, 20, -5, 20]],
    });
    const { kept } = check(annotation);
    expect(codes(annotation)).toEqual(['box_clipped']);
    expect(kept[0]!.box).toEqual([0, 10, 20, 30]);
    expect(polygonBox(...kept[0]!.polygons!)).toEqual([0, 10, 20, 30]);
    expect(polygonBox(...kept[0]!.holes!)).toEqual([0, 15, 5, 20]);
  });

  test('outlines that reach out of a box inside are told for themselves, and those outside left out', () => {
    expect(codes(nut([10, 10, 20, 30], { polygons: [[10, 10, 20, 10, 20, 60]] }))).toEqual(['shape_clipped']);
    const outside = nut([10, 10, 20, 30], { polygons: [[110, 10, 120, 10, 120, 60]] });
    expect(codes(outside)).toEqual(['shape_outside']);
    expect(check(outside).kept).toEqual([nut([10, 10, 20, 30])]);
    expect(codes(nut([10, 10, 20, 30], { polygons: [[10, 10, 100.4, 10, 20, 30]] }))).toEqual([]);
  });

  test('masks of another size and key points outside are left out', () => {
    const fits = maskToCoco(polygonsToMask([[1, 1, 9, 1, 9, 9]], WIDTH, HEIGHT));
    const other = maskToCoco(polygonsToMask([[1, 1, 9, 1, 9, 9]], HEIGHT, WIDTH));
    expect(check(nut([1, 1, 9, 9], { mask: fits })).kept[0]!.mask).toEqual(fits);
    expect(codes(nut([1, 1, 9, 9], { mask: other }))).toEqual(['mask_size']);
    const points = nut([1, 1, 9, 9], { keypoints: [5, 5, 2, 150, 5, 2, 100.3, 5, 1] });
    expect(codes(points)).toEqual(['keypoints_outside']);
    expect(check(points).kept[0]!.keypoints).toEqual([5, 5, 2, 0, 0, 0, 100, 5, 1]);
    expect(check(nut([1, 1, 9, 9], { keypoints: [150, 5, 2] })).kept).toEqual([nut([1, 1, 9, 9])]);
  });

  test('a rotated box stays, and a box outside goes with all its shape', () => {
    const rotatedBox = { center: [5, 5], width: 20, height: 10, angle: 0.3 } as const;
    expect(check(nut([-6, -3, 16, 13], { rotatedBox })).kept).toEqual([nut([0, 0, 16, 13], { rotatedBox })]);
    const gone = nut([200, 10, 220, 30], { polygons: [[200, 10, 220, 10, 220, 30]] });
    expect([check(gone).kept, codes(gone)]).toEqual([[], ['box_outside']]);
  });

  test('a cut outline covers the very pixels of the picture that the whole one covers', () => {
    const corner = fc.tuple(fc.integer({ min: -60, max: 160 }), fc.integer({ min: -40, max: 90 }));
    fc.assert(
      fc.property(fc.array(corner, { minLength: 3, maxLength: 3 }), (corners) => {
        const polygon = corners.flat();
        const cut = clipPolygon(polygon, WIDTH, HEIGHT);
        for (let at = 0; at < cut.length; at += 2) {
          expect(cut[at]! >= 0 && cut[at]! <= WIDTH && cut[at + 1]! >= 0 && cut[at + 1]! <= HEIGHT).toBe(true);
        }
        const all = polygonArea(clipPolygon(polygon, 1e6, 1e6));
        expect(polygonArea(cut)).toBeLessThanOrEqual(all + 1e-6);
        // Counted at the middles of pixels: an outside oracle for the area.
        const inside = (x: number, y: number) => {
          const sides = [0, 1, 2].map((at) => {
            const [[ax, ay], [bx, by]] = [corners[at]!, corners[(at + 1) % 3]!];
            return (bx - ax) * (y - ay) - (by - ay) * (x - ax);
          });
          return sides.every((side) => side >= 0) || sides.every((side) => side <= 0);
        };
        let pixels = 0;
        for (let y = 0; y < HEIGHT; y++) for (let x = 0; x < WIDTH; x++) if (inside(x + 0.5, y + 0.5)) pixels++;
        if (polygonArea(polygon) > 0) expect(Math.abs(polygonArea(cut) - pixels)).toBeLessThan(180);
      }),
      { numRuns: 100 },
    );
  });
});
