import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { justify, neighbour } from './justify.js';

const aspects = fc.array(fc.double({ min: 0.2, max: 5, noNaN: true }), { maxLength: 200 });
const gap = 4;

describe('justify', () => {
  it('shows every picture once, in order, in rows that fill the width and never exceed it', () => {
    fc.assert(
      fc.property(
        aspects,
        fc.integer({ min: 300, max: 2000 }),
        fc.integer({ min: 60, max: 420 }),
        (list, width, target) => {
          const rows = justify(list, width, target, gap);
          let next = 0;
          rows.forEach((row, index) => {
            expect(row.start).toBe(next);
            next += row.widths.length;
            const full = row.widths.reduce((sum, one) => sum + one, gap * (row.widths.length - 1));
            expect(full).toBeLessThanOrEqual(width + 0.01);
            if (index < rows.length - 1) expect(full).toBeCloseTo(width, 3);
          });
          expect(next).toBe(list.length);
        },
      ),
    );
  });

  it('never stretches the last row', () => {
    expect(justify([1.5], 1200, 168, gap)).toEqual([{ start: 0, height: 168, widths: [252] }]);
  });

  it('gives no rows for no pictures or no width', () => {
    expect(justify([], 1000, 168, gap)).toEqual([]);
    expect(justify([1, 1], 0, 168, gap)).toEqual([]);
  });
});

describe('neighbour', () => {
  it('finds the picture above or below, and stays at the edges', () => {
    const rows = justify(Array(12).fill(1), 404, 100, 0);
    expect(neighbour(rows, 1, 1, 0)).toBe(5);
    expect(neighbour(rows, 5, -1, 0)).toBe(1);
    expect(neighbour(rows, 1, -1, 0)).toBe(1);
    expect(neighbour(rows, 11, 1, 0)).toBe(11);
  });
});
