import { countLabels, loadLabelMap } from '@fovea/formats';
import { classesWithoutExamples, type TrainingData } from './check-data.js';
import type { PlannedPicture } from './plan.js';
import type { TrainSettings } from './request.js';

/** Label maps read at once. */
const atOnce = 4;

/**
 * Looks through the label maps to be trained on until a pixel of every class has been met: a few in most projects, all
 * of them only where a class is rare or missing.
 *
 * @throws TrainError `class_without_examples`; FoveaError `bad_label_map`.
 */
export async function checkLabelMaps(
  settings: TrainSettings,
  { classNames }: Pick<TrainingData, 'classNames'>,
  pictures: readonly PlannedPicture[],
): Promise<void> {
  if (settings.task !== 'segmentation' || settings.allowEmptyClasses) return;
  const train = pictures.filter(({ split }) => split === 'train');
  const missing = new Set(classNames.keys());
  for (let at = 0; at < train.length && missing.size > 0; at += atOnce) {
    const maps = await Promise.all(train.slice(at, at + atOnce).map(({ labelMapPath }) => loadLabelMap(labelMapPath!)));
    for (const map of maps)
      for (const [index, pixels] of countLabels(map).entries()) if (pixels > 0) missing.delete(index);
  }
  if (missing.size > 0)
    throw classesWithoutExamples(
      [...missing].map((index) => classNames[index]!),
      train.length,
    );
}
