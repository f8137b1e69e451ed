import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScaledScroll } from './scaled-scroll.js';

const totals = fc.integer({ min: 1000, max: 400_000_000 });
const view = 800;

describe('a scroll that stands for more than a browser can scroll', () => {
  it('stays below what browsers can, and reaches both ends by leaps', () => {
    fc.assert(
      fc.property(totals, (total) => {
        const scroll = createScaledScroll(total, view);
        expect(scroll.height).toBeLessThanOrEqual(15_000_000);
        expect(scroll.scrolled(scroll.height - view)).toBeCloseTo(total - view, 4);
        expect(scroll.scrolled(0)).toBeCloseTo(0, 4);
      }),
    );
  });

  it('goes pixel by pixel by small steps, wherever it is', () => {
    fc.assert(
      fc.property(
        totals,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: -900, max: 900 }),
        (total, share, step) => {
          const scroll = createScaledScroll(total, view);
          const start = (total - view) * share;
          const position = scroll.moveTo(start);
          const at = scroll.scrolled(position + step);
          expect(at).toBeCloseTo(Math.min(total - view, Math.max(0, start + step)), 3);
        },
      ),
    );
  });

  it('comes back to a place it was moved to, and a leap to where it settles leads to the same place', () => {
    fc.assert(
      fc.property(totals, fc.double({ min: 0, max: 1, noNaN: true }), (total, share) => {
        const place = (total - view) * share;
        const scroll = createScaledScroll(total, view);
        const position = scroll.moveTo(place);
        expect(scroll.offset + position).toBeCloseTo(place, 3);
        const other = createScaledScroll(total, view, share < 0.5 ? total : 0);
        expect(Math.abs(other.scrolled(position) - place)).toBeLessThan(view * 1.5 + 0.001);
      }),
    );
  });

  it('settles where steps have taken it: the scroll bar says how far down it is', () => {
    const total = 60_000_000;
    const scroll = createScaledScroll(total, view);
    let position = scroll.moveTo(30_000_000);
    for (let step = 0; step < 200; step++) {
      position += 100;
      scroll.scrolled(position);
    }
    const settled = scroll.settle()!;
    expect(settled).toBeLessThan(position);
    expect(scroll.offset + settled).toBeCloseTo(30_020_000, 3);
    expect(scroll.settle()).toBeUndefined();
  });
});
