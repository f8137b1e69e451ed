import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  averageDecay,
  constantSchedule,
  cosineSchedule,
  oneCycleSchedule,
  type ScheduleSettings,
  scheduleNames,
  scheduleOf,
  stepSchedule,
} from './schedule.js';

describe.each(scheduleNames)('%s', (name) => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  // Below the first milestone of `step`.
  const part = fc.double({ min: 0, max: 0.55, noNaN: true });

  it('never exceeds its peak, never goes below 0, and is in proportion to the peak', () => {
    fc.assert(
      fc.property(unit, part, fc.double({ min: 1e-6, max: 10, noNaN: true }), (progress, warmUp, peak) => {
        const rate = scheduleOf({ name, peak, warmUp })(progress);
        expect(rate).toBeGreaterThan(0);
        expect(rate).toBeLessThanOrEqual(peak * (1 + 1e-12));
        expect(rate / peak).toBeCloseTo(scheduleOf({ name, peak: 1, warmUp })(progress), 12);
      }),
    );
  });

  it('rises while it warms up, and reaches its peak there; then never rises again', () => {
    fc.assert(
      fc.property(unit, unit, part, (a, b, warmUp) => {
        const rate = scheduleOf({ name, peak: 1, warmUp });
        const [early, late] = a < b ? [a, b] : [b, a];
        expect(rate(warmUp)).toBeCloseTo(1, 9);
        expect(rate(warmUp * early)).toBeLessThanOrEqual(rate(warmUp * late) + 1e-12);
        const after = (phase: number) => warmUp + (1 - warmUp) * phase;
        expect(rate(after(early))).toBeGreaterThanOrEqual(rate(after(late)) - 1e-12);
      }),
    );
  });

  it('stays at its ends beyond them', () => {
    const rate = scheduleOf({ name, peak: 3 });
    expect(rate(-1)).toBe(rate(0));
    expect(rate(1.2)).toBe(rate(1));
  });

  it('refuses settings without sense', () => {
    const bad: object[] = [{ peak: -1 }, { peak: NaN }, { warmUp: 1 }, { warmUp: -0.1 }];
    for (const options of bad)
      expect(() => scheduleOf({ name, peak: 1, ...options } as ScheduleSettings)).toThrow(
        expect.objectContaining({ code: 'invalid_option' }),
      );
  });
});

describe('scheduleOf', () => {
  it('lists what it knows', () => {
    expect(() => scheduleOf({ name: 'linear', peak: 1 } as never)).toThrow(
      /no schedule "linear"; there are cosine, one-cycle, step, constant/,
    );
  });
});

describe('cosineSchedule', () => {
  it('warms up in a line, falls along half a cosine, and ends at its floor', () => {
    const rate = cosineSchedule(1, { warmUp: 0.1, floor: 0.02 });
    expect(rate(0)).toBeCloseTo(0.01, 12);
    expect(rate(0.05)).toBeCloseTo(0.5, 12);
    expect(rate(0.1)).toBeCloseTo(1, 12);
    expect(rate(0.325)).toBeCloseTo(0.02 + 0.98 * 0.5 * (1 + Math.SQRT1_2), 12);
    expect(rate(0.55)).toBeCloseTo(0.51, 12);
    expect(rate(1)).toBeCloseTo(0.02, 12);
  });

  it('does without a warm-up', () => {
    expect(cosineSchedule(1, { warmUp: 0 })(0)).toBe(1);
  });
});

describe('oneCycleSchedule', () => {
  it("has the corners and the middles of PyTorch's", () => {
    const rate = oneCycleSchedule(0.1);
    expect(rate(0)).toBeCloseTo(0.1 / 25, 12);
    expect(rate(0.15)).toBeCloseTo((0.1 + 0.1 / 25) / 2, 12);
    expect(rate(0.3)).toBeCloseTo(0.1, 12);
    expect(rate(0.65)).toBeCloseTo((0.1 + 0.1 / 25e4) / 2, 12);
    expect(rate(1)).toBeCloseTo(0.1 / 25e4, 12);
  });

  it('refuses ends above the peak', () => {
    expect(() => oneCycleSchedule(1, { initial: 2 })).toThrow(/initial is 2/);
    expect(() => oneCycleSchedule(1, { final: -1 })).toThrow(/final is -1/);
  });
});

describe('stepSchedule', () => {
  it('falls at its milestones and nowhere else', () => {
    const rate = stepSchedule(2, { milestones: [0.25, 0.5], factor: 0.5 });
    expect([0, 0.24, 0.25, 0.49, 0.5, 0.9, 1].map(rate)).toEqual([2, 2, 1, 1, 0.5, 0.5, 0.5]);
  });

  it('refuses milestones out of order or out of the run', () => {
    for (const milestones of [[0.5, 0.25], [0], [1]])
      expect(() => stepSchedule(1, { milestones })).toThrow(/milestones/);
    expect(() => stepSchedule(1, { factor: 1.5 })).toThrow(/factor/);
  });
});

describe('constantSchedule', () => {
  it('is constant after its warm-up', () => {
    expect([0, 0.3, 1].map(constantSchedule(3))).toEqual([3, 3, 3]);
    expect([0.25, 0.5, 1].map(constantSchedule(4, { warmUp: 0.5 }))).toEqual([2, 4, 4]);
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
