import { countLabels, loadLabelMap } from '@fovea/formats';
import { classesWithoutExamples } from './check-data.js';
import type { PictureIndex } from './loading/picture-index.js';
import type { PictureSource } from './loading/picture-source.js';
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
  classNames: readonly string[],
  train: PictureIndex,
  source: PictureSource,
): Promise<void> {
  if (settings.task !== 'segmentation' || settings.allowEmptyClasses) return;
  const missing = new Set(classNames.keys());
  for (let at = 0; at < train.count && missing.size > 0; at += atOnce) {
    const numbers = Array.from({ length: Math.min(atOnce, train.count - at) }, (_, i) => at + i);
    const maps = await Promise.all(
      numbers.map(async (number) => loadLabelMap(await source.labelMapOf(await train.load(number)))),
    );
    for (const map of maps)
      for (const [index, pixels] of countLabels(map).entries()) if (pixels > 0) missing.delete(index);
  }
  if (missing.size > 0)
    throw classesWithoutExamples(
      [...missing].map((index) => classNames[index]!),
      train.count,
    );
}
