import { describe, expect, it } from 'vitest';
import { possibleTasks } from './possible-tasks.js';

const project = (annotations: number, classified: number, labelMaps: number, pictures: number[] = []) => ({
  counts: { media: 9, annotations, classified, labelMaps, classes: pictures.length, runs: 0, models: 0 },
  classes: pictures.map((of, index) => ({
    index,
    name: `${index}`,
    color: '#000000',
    count: 0,
    pictures: of,
    labelMaps: 0,
  })),
});

describe('the tasks a project can teach', () => {
  it('are those it has labels for, most labels first', () => {
    expect(possibleTasks(project(0, 0, 0))).toEqual([]);
    expect(possibleTasks(project(4, 0, 0))).toEqual(['detection']);
    expect(possibleTasks(project(0, 5, 0, [3, 2]))).toEqual(['classification', 'embedding']);
    expect(possibleTasks(project(2, 5, 9, [3, 2]))).toEqual([
      'segmentation',
      'classification',
      'embedding',
      'detection',
    ]);
  });

  it('tell no classes apart where all pictures are of one', () => {
    expect(possibleTasks(project(0, 5, 0, [5, 0]))).toEqual([]);
  });
});
