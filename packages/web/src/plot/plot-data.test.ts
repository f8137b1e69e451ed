import { describe, expect, it } from 'vitest';
import { curvePoints, curvesToCsv, smooth } from './plot-data.js';

const time = '2026-11-23T12:00:00Z';
const point = (name: string, step: number, value: number | null, epoch: number | null = null) => ({
  name,
  step,
  epoch,
  value,
  time,
});

describe('curvePoints', () => {
  it('takes one metric, by step or epoch, ascending, the last value of each', () => {
    const points = [point('loss', 2, 0.5), point('val/AP50', 30, 0.4, 2), point('loss', 1, 0.7), point('loss', 2, 0.4)];
    expect(curvePoints(points, 'loss', 'step')).toEqual([
      [1, 0.7],
      [2, 0.4],
    ]);
    expect(curvePoints(points, 'val/AP50', 'epoch')).toEqual([[2, 0.4]]);
  });
});

describe('smooth', () => {
  it('keeps a straight line, its ends and its gaps', () => {
    const line = Array.from({ length: 30 }, (_, x): [number, number | null] => [x, x === 12 ? null : 7]);
    expect(smooth(line)).toEqual(line);
    expect(smooth([])).toEqual([]);
  });
});

describe('curvesToCsv', () => {
  it('writes one row an x, with what a curve lacks left empty', () => {
    const curves = [
      {
        name: 'a',
        color: '--plot-1',
        points: [
          [1, 0.5],
          [2, null],
        ] as const,
      },
      { name: 'b, c', color: '--plot-2', points: [[2, 3]] as const },
    ];
    expect(curvesToCsv('step', curves)).toBe('step,a,"b, c"\n1,0.5,\n2,,3\n');
  });
});
