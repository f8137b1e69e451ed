import type { MetricPoint } from '@fovea/api';
import { describe, expect, it } from 'vitest';
import { mainFigure, measuredFigures, tableFigures } from './task-figures.js';

const point = (name: string): MetricPoint => ({ name, step: 1, epoch: 1, value: 0.5, time: '' });

describe('the figures of a task', () => {
  it('are those that were measured, the one that matters first', () => {
    const points = ['loss', 'val/ECE', 'val/F1', 'val/accuracy'].map(point);
    expect(measuredFigures('classification', points)).toEqual(['accuracy', 'F1']);
    expect(measuredFigures('segmentation', [])).toEqual(['mIoU', 'pixelAccuracy', 'meanDice']);
    expect(measuredFigures('counting', ['val/error', 'loss'].map(point))).toEqual(['error']);
    expect(tableFigures('detection')).toEqual(['AP50', 'AP']);
  });

  it('give one that matters, from the metrics or from what the run last said', () => {
    const run = (task: string, metrics: Record<string, number | null>, name = 'mIoU') => ({
      task,
      metrics,
      progress: { phase: 'training', epoch: 1, epochs: 2, step: 1, steps: 2, metric: { name, value: 0.4 } } as const,
    });
    expect(mainFigure(run('segmentation', { 'val/mIoU': 0.6 }))).toEqual({ name: 'mIoU', value: 0.6 });
    expect(mainFigure(run('segmentation', {}))).toEqual({ name: 'mIoU', value: 0.4 });
    expect(mainFigure(run('detection', {}, 'AP'))).toEqual({ name: 'AP50', value: null });
    expect(mainFigure({ task: 'counting', metrics: { loss: 1, 'val/error': 3 }, progress: null })).toEqual({
      name: 'error',
      value: 3,
    });
  });
});
