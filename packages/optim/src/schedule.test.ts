import { describe, expect, it } from 'vitest';
import { adamWHyper } from './adam-w.js';
import { averageDecay, cosineSchedule } from './schedule.js';

describe('cosineSchedule', () => {
  it('warms up in a line, falls along half a cosine, and ends at its floor', () => {
    const rate = cosineSchedule(1, 0.1, 0.02);
    expect(rate(0)).toBeCloseTo(0.01, 12);
    expect(rate(0.05)).toBeCloseTo(0.5, 12);
    expect(rate(0.1)).toBeCloseTo(1, 12);
    expect(rate(0.325)).toBeCloseTo(0.02 + 0.98 * 0.5 * (1 + Math.SQRT1_2), 12);
    expect(rate(0.55)).toBeCloseTo(0.51, 12);
    expect(rate(1)).toBeCloseTo(0.02, 12);
    expect(rate(1.2)).toBeCloseTo(0.02, 12);
  });

  it('is never 0, never above its peak, and in proportion to it', () => {
    const [one, small] = [cosineSchedule(1), cosineSchedule(2e-3)];
    for (let progress = 0; progress <= 1; progress += 1e-3) {
      expect(one(progress)).toBeGreaterThan(0);
      expect(one(progress)).toBeLessThanOrEqual(1);
      expect(small(progress)).toBeCloseTo(2e-3 * one(progress), 12);
      if (progress > 0.05) expect(one(progress + 1e-3)).toBeLessThanOrEqual(one(progress));
    }
  });

  it('does without a warm-up', () => {
    expect(cosineSchedule(1, 0)(0)).toBe(1);
  });
});

describe('averageDecay', () => {
  it('averages little at first and settles', () => {
    expect(averageDecay(0)).toBeCloseTo(0.1, 12);
    expect(averageDecay(8)).toBeCloseTo(0.5, 12);
    expect(averageDecay(1e6)).toBe(0.998);
    expect(averageDecay(1e6, 0.97)).toBe(0.97);
  });
});

describe('adamWHyper', () => {
  it('corrects for the zeros that the moments start from', () => {
    const [rate, correction1, correction2, average] = adamWHyper(1, 0.5, 0.25);
    expect([rate, average]).toEqual([0.5, 0.25]);
    expect(correction1).toBeCloseTo(10, 4);
    expect(correction2).toBeCloseTo(1000, 1);
    expect(adamWHyper(100_000, 1, 0)[1]).toBe(1);
    expect(adamWHyper(2, 1, 0, { beta1: 0.5 })[1]).toBeCloseTo(4 / 3, 6);
  });
});
