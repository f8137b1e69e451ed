import { describe, expect, it } from 'vitest';
import { checkData, type TrainingData } from './check-data.js';
import type { PlannedPicture } from './plan.js';

function picture(n: number, split: PlannedPicture['split'], more: Partial<PlannedPicture> = {}): PlannedPicture {
  return { sha256: `${n}`, name: `${n}.jpg`, path: `${n}.jpg`, width: 10, height: 10, split, annotations: [], ...more };
}
const classified = (n: number, split: PlannedPicture['split'], index: number) =>
  picture(n, split, { classIndices: [index] });
const ants: TrainingData = {
  classNames: ['ant', 'bee'],
  pictures: [classified(0, 'train', 0), classified(1, 'train', 1), classified(2, 'val', 0)],
};

describe('checkData', () => {
  it('gives the pictures a task can learn from', () => {
    const data = { ...ants, pictures: [...ants.pictures, picture(3, 'train')] };
    expect(checkData({ task: 'classification' }, data)).toHaveLength(3);
    expect(checkData({ task: 'embedding' }, data)).toHaveLength(3);
  });

  it('keeps empty pictures for detection: they are background', () => {
    const boxed = picture(0, 'train', { annotations: [{ classIndex: 0, box: [0, 0, 5, 5] }] });
    const data = { classNames: ['car'], pictures: [boxed, picture(1, 'train'), picture(2, 'val')] };
    expect(checkData({ task: 'detection' }, data)).toHaveLength(3);
  });

  const wrong: [string, Parameters<typeof checkData>[0], TrainingData, string, RegExp][] = [
    ['no label maps', { task: 'segmentation' }, ants, 'nothing_to_train_on', /label map/],
    ['no boxes', { task: 'detection' }, ants, 'nothing_to_train_on', /boxes/],
    [
      'an empty split',
      { task: 'classification' },
      { ...ants, pictures: ants.pictures.filter(({ split }) => split === 'train') },
      'empty_split',
      /"val"/,
    ],
    [
      'one class',
      { task: 'classification' },
      { classNames: ['ant'], pictures: [classified(0, 'train', 0), classified(1, 'val', 0)] },
      'too_few_classes',
      /1 class;.*at least 2/,
    ],
    [
      'a class without examples',
      { task: 'classification' },
      { ...ants, classNames: ['ant', 'bee', 'wasp'] },
      'class_without_examples',
      /"wasp" has no example among the 2 training pictures/,
    ],
    ['a batch larger than the data', { task: 'classification', batchSize: 4 }, ants, 'batch_too_large', /at most 2/],
  ];
  it.each(wrong)('refuses %s', (_, settings, data, code, message) => {
    expect(() => checkData(settings, data)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('goes on without examples of a class where that is allowed', () => {
    const data = { ...ants, classNames: ['ant', 'bee', 'wasp'] };
    expect(checkData({ task: 'classification', allowEmptyClasses: true }, data)).toHaveLength(3);
  });
});
