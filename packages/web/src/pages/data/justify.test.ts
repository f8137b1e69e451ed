import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heightOf, justify, neighbour, placeRow, rowAt, rowOf, touchedBy } from './justify.js';

const aspects = fc.array(fc.double({ min: 0.2, max: 5, noNaN: true }), { maxLength: 200 });
const sizes = [fc.integer({ min: 300, max: 2000 }), fc.integer({ min: 60, max: 420 })] as const;
const gap = 4;

describe('justify', () => {
  it('shows every picture once, in order, in rows that fill the width and never exceed it', () => {
    fc.assert(
      fc.property(aspects, ...sizes, (list, width, target) => {
        const layout = justify(list, width, target, gap);
        const seen: number[] = [];
        for (let row = 0; row < layout.rows; row++) {
          const places = placeRow(layout, list, row);
          seen.push(...places.map(({ index }) => index));
          const last = places.at(-1)!;
          const full = last.left + last.width;
          expect(full).toBeLessThanOrEqual(width + 0.01);
          if (row < layout.rows - 1) expect(full).toBeCloseTo(width, 3);
        }
        expect(seen).toEqual(list.map((_, index) => index));
      }),
    );
  });

  it('never stretches the last row', () => {
    const layout = justify([1.5], 1200, 168, gap);
    expect(layout.rows).toBe(1);
    expect(heightOf(layout, 0)).toBe(168);
    expect(placeRow(layout, [1.5], 0)).toEqual([{ index: 0, left: 0, width: 252 }]);
  });

  it('gives no rows for no pictures or no width', () => {
    expect(justify([], 1000, 168, gap).rows).toBe(0);
    expect(justify([1, 1], 0, 168, gap).rows).toBe(0);
  });

  it('lays out a million pictures in some megabytes', () => {
    const layout = justify(new Float32Array(1_000_000).fill(1.5), 1200, 168, gap);
    expect(layout.starts[layout.rows]).toBe(1_000_000);
    expect(layout.starts.byteLength + layout.tops.byteLength).toBeLessThan(4e6);
  });
});

describe('a place in the wall', () => {
  it('is found by picture and by height, and by a rectangle that touches it alone', () => {
    fc.assert(
      fc.property(aspects, ...sizes, fc.nat(), (list, width, target, any) => {
        fc.pre(list.length > 0);
        const layout = justify(list, width, target, gap);
        const index = any % list.length;
        const row = rowOf(layout, index);
        const place = placeRow(layout, list, row).find((one) => one.index === index)!;
        const [x, y] = [place.left + place.width / 2, layout.tops[row]! + heightOf(layout, row) / 2];
        expect(rowAt(layout, y)).toBe(row);
        expect(touchedBy(layout, list, { left: x, right: x, top: y, bottom: y })).toEqual([index]);
        const all = { left: 0, right: width, top: 0, bottom: layout.tops[layout.rows]! };
        expect(touchedBy(layout, list, all)).toHaveLength(list.length);
      }),
    );
  });
});

describe('neighbour', () => {
  it('finds the picture above or below, and stays at the edges', () => {
    const list = Array(12).fill(1);
    const layout = justify(list, 404, 100, 0);
    expect(neighbour(layout, list, 1, 1)).toBe(5);
    expect(neighbour(layout, list, 5, -1)).toBe(1);
    expect(neighbour(layout, list, 1, -1)).toBe(1);
    expect(neighbour(layout, list, 11, 1)).toBe(11);
  });
});
