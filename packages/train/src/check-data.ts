import type { Task } from '@fovea/models';
import { TrainError } from './error.js';
import type { PlannedPicture } from './plan.js';
import type { TrainSettings } from './request.js';

/** Pictures with what is on them, and the classes that indices point to. */
export interface TrainingData {
  readonly classNames: readonly string[];
  readonly pictures: readonly PlannedPicture[];
}

/** The same, of any length: pictures come one after another. */
export interface PictureStream {
  readonly classNames: readonly string[];
  readonly pictures: Iterable<PlannedPicture> | AsyncIterable<PlannedPicture>;
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

/** Looks at pictures one after another; nothing of them is held. */
export interface DataCheck {
  /** @returns whether the task learns from the picture. */
  add(picture: PlannedPicture): boolean;
  /** Throws what {@link checkData} throws, once all pictures have been looked at. */
  finish(): void;
}

/** Begins the look through a data set that {@link checkData} is. */
export function createDataCheck(settings: TrainSettings, classNames: readonly string[]): DataCheck {
  const { task, batchSize, allowEmptyClasses } = settings;
  const counts = { train: 0, val: 0, test: 0 };
  const seen = new Set<number>();
  let [looked, boxes] = [0, 0];

  function add(picture: PlannedPicture): boolean {
    looked++;
    if (!teaches(task, picture)) return false;
    counts[picture.split]++;
    if (picture.split !== 'train') return true;
    boxes += picture.annotations.length;
    if (task === 'detection') for (const { classIndex } of picture.annotations) seen.add(classIndex);
    else for (const classIndex of picture.classIndices ?? []) seen.add(classIndex);
    return true;
  }

  function finish(): void {
    const { train, val, test } = counts;
    const pictures = train + val + test;
    if (pictures === 0 || (task === 'detection' && boxes === 0 && train > 0))
      throw new TrainError(
        'nothing_to_train_on',
        `Of ${looked} pictures none that is to be trained on has ${lessons[task]}, which ${task} learns from; import or draw some first.`,
        { task },
      );
    for (const split of ['train', 'val'] as const)
      if (counts[split] === 0)
        throw new TrainError(
          'empty_split',
          `Of ${pictures} pictures none is in the split "${split}"; ` +
            (split === 'val'
              ? 'put some aside, so that it can be said which weights are the best.'
              : 'move some there from the others.'),
          { split, ...counts },
        );
    const needed = task === 'classification' || task === 'embedding' || task === 'segmentation' ? 2 : 1;
    if (classNames.length < needed)
      throw new TrainError(
        'too_few_classes',
        `There is nothing to tell apart with ${classNames.length} class${classNames.length === 1 ? '' : 'es'}; ${task} needs at least ${needed}.`,
      );
    const empty = classNames.filter((_, index) => !seen.has(index));
    if (task !== 'segmentation' && !allowEmptyClasses && empty.length > 0) throw classesWithoutExamples(empty, train);
    if (batchSize !== undefined && batchSize > train)
      throw new TrainError(
        'batch_too_large',
        `A batch of ${batchSize} is more than the ${train} training pictures; take at most ${train - (train % 2)}.`,
        { batchSize, train },
      );
  }
  return { add, finish };
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
  const check = createDataCheck(settings, data.classNames);
  const pictures = data.pictures.filter(check.add);
  check.finish();
  return pictures;
}

/** As {@link checkData}, over pictures that come one after another: those a task learns from pass through. */
export async function* checkPictures(
  settings: TrainSettings,
  { classNames, pictures }: PictureStream,
): AsyncGenerator<PlannedPicture> {
  const check = createDataCheck(settings, classNames);
  for await (const picture of pictures) if (check.add(picture)) yield picture;
  check.finish();
}
