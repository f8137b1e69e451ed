import { join } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import { readImageSize } from '@fovea/image';
import type { DatasetBuilder } from './dataset-builder.js';
import type { DatasetFolder } from './folder.js';
import { countLabels, type LabelMap, loadLabelMap, UNLABELLED } from './label-map.js';

/**
 * Adds the label map in a file of the folder to a picture, unless it cannot be read, has another size or says nothing,
 * which is reported.
 *
 * @returns how many pixels have each value, of a map that was added
 */
export async function addLabelMap(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  picture: string,
  label: string,
): Promise<Uint32Array | undefined> {
  const path = join(folder.root, label);
  let map: LabelMap;
  try {
    map = await loadLabelMap(path);
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    const reason = `${error.message.slice(0, -1)}; the picture stays unlabelled.`;
    builder.skip(picture, { file: label }, error.code, reason);
    return undefined;
  }
  let size: { width: number; height: number };
  try {
    size = await readImageSize(join(folder.root, picture));
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    builder.markUnknown(picture); // Reported when the picture itself is read.
    return undefined;
  }
  builder.setSize(picture, size);
  const counts = countLabels(map);
  if (map.width !== size.width || map.height !== size.height) {
    const sizes = `${map.width} x ${map.height} pixels, its picture ${size.width} x ${size.height}`;
    builder.skip(picture, { file: label }, 'label_map_size', `It has ${sizes}; the picture stays unlabelled.`);
    return undefined;
  }
  if (counts[UNLABELLED] === map.data.length) {
    const reason = 'Every pixel is unlabelled (255); the picture stays unlabelled.';
    builder.skip(picture, { file: label }, 'label_map_empty', reason);
    return undefined;
  }
  builder.setLabelMap(picture, path);
  return counts;
}
