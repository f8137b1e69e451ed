import type { Task } from '@fovea/models';
import { TrainError } from './error.js';
import type { PlannedPicture } from './plan.js';
import type { TrainSettings } from './request.js';

/** Pictures with what is on them, and the classes that indices point to. */
export interface TrainingData {
  readonly classNames: readonly string[];
  readonly pictures: readonly PlannedPicture[];
}

/** What each task learns from, in words. */
const lessons: Readonly<Record<Task, string>> = {
  detection: 'boxes',
  classification: 'a class of the whole picture',
  segmentation: 'a label map',
  embedding: 'a class of the whole picture',
};

/** Whether a picture says something a task learns from. For detection one without boxes does too: background. */
function teaches(task: Task, { classIndices, labelMapPath, boxed }: PlannedPicture): boolean {
  if (task === 'segmentation') return labelMapPath !== undefined;
  return task === 'detection' ? boxed !== false : (classIndices?.length ?? 0) > 0;
}

/** Says which classes none of the training pictures shows. */
export function classesWithoutExamples(classes: readonly string[], trained: number): TrainError {
  return new TrainError(
    'class_without_examples',
    `${classes.map((name) => `"${name}"`).join(', ')} ${classes.length === 1 ? 'has' : 'have'} no example among the ${trained} training pictures; ` +
      'label some, remove the class, or allow classes without examples.',
    { classes },
  );
}

/**
 * The pictures a task can learn from, once it is certain that training can begin.
 *
 * Which classes label maps show is not known here, see `checkLabelMaps`.
 *
 * @throws TrainError `nothing_to_train_on`, `empty_split`, `class_without_examples`, `too_few_classes`,
 *   `batch_too_large`, each saying what would be right.
 */
export function checkData(settings: TrainSettings, data: TrainingData): readonly PlannedPicture[] {
  const { task, batchSize } = settings;
  const pictures = data.pictures.filter((picture) => teaches(task, picture));
  const of = (split: string) => pictures.filter((picture) => picture.split === split);
  const train = of('train');
  const boxes = train.reduce((sum, { annotations }) => sum + annotations.length, 0);
  if (pictures.length === 0 || (task === 'detection' && boxes === 0 && train.length > 0))
    throw new TrainError(
      'nothing_to_train_on',
      `Of ${data.pictures.length} pictures none that is to be trained on has ${lessons[task]}, which ${task} learns from; import or draw some first.`,
      { task },
    );
  for (const split of ['train', 'val'] as const)
    if (of(split).length === 0)
      throw new TrainError(
        'empty_split',
        `Of ${pictures.length} pictures none is in the split "${split}"; ` +
          (split === 'val'
            ? 'put some aside, so that it can be said which weights are the best.'
            : 'move some there from the others.'),
        { split, train: train.length, val: of('val').length, test: of('test').length },
      );
  const needed = task === 'classification' || task === 'embedding' || task === 'segmentation' ? 2 : 1;
  if (data.classNames.length < needed)
    throw new TrainError(
      'too_few_classes',
      `There is nothing to tell apart with ${data.classNames.length} class${data.classNames.length === 1 ? '' : 'es'}; ${task} needs at least ${needed}.`,
    );
  if (task !== 'segmentation' && !settings.allowEmptyClasses) {
    const seen = new Set(
      train.flatMap(({ annotations, classIndices }) =>
        task === 'detection' ? annotations.map(({ classIndex }) => classIndex) : (classIndices ?? []),
      ),
    );
    const empty = data.classNames.filter((_, index) => !seen.has(index));
    if (empty.length > 0) throw classesWithoutExamples(empty, train.length);
  }
  if (batchSize !== undefined && batchSize > train.length)
    throw new TrainError(
      'batch_too_large',
      `A batch of ${batchSize} is more than the ${train.length} training pictures; take at most ${train.length - (train.length % 2)}.`,
      { batchSize, train: train.length },
    );
  return pictures;
}
