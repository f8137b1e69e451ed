import { describe, expect, it } from 'vitest';
import { matchBoxes } from './match-boxes.js';

const car = (x: number, confidence = 1) => ({
  className: 'car',
  box: [x, 0, x + 10, 10] as [number, number, number, number],
  confidence,
});

describe('matchBoxes', () => {
  it('gives each true box to one prediction, the surest first', () => {
    expect(matchBoxes([car(0)], [car(1, 0.9), car(0, 0.8)], 0.5)).toEqual({ matched: 1, extra: 1 });
  });

  it('passes over predictions below the confidence', () => {
    expect(matchBoxes([car(0), car(50)], [car(0, 0.9), car(50, 0.2)], 0.5)).toEqual({ matched: 1, extra: 0 });
  });

  it('does not match another class, or a box that overlaps too little', () => {
    expect(matchBoxes([car(0)], [{ ...car(0, 0.9), className: 'bus' }, car(6, 0.8)], 0.5)).toEqual({
      matched: 0,
      extra: 2,
    });
  });

  it('finds nothing in nothing', () => {
    expect(matchBoxes([], [], 0.5)).toEqual({ matched: 0, extra: 0 });
  });
});
