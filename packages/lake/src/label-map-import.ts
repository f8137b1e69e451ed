import { FoveaError } from '@fovea/annotations';
import {
  countLabels,
  decodeLabelMap,
  encodeLabelMap,
  type LabelMap,
  MAX_LABEL_CLASSES,
  mapLabels,
  UNLABELLED,
} from '@fovea/formats';
import type { Home } from '@fovea/store';
import type { PreparedLabelMap } from './picture-labels.js';

/** A label map on its way in. */
export interface IncomingLabelMap {
  /** Its file's bytes, when its turn comes. */
  load(): Promise<Uint8Array>;
  /** The class of each value. */
  readonly classNames: readonly string[];
  /** Whether values beyond `classNames` are a problem to report, or were reported before. */
  readonly tellsBeyond: boolean;
}

interface Trouble {
  readonly code: string;
  readonly reason: string;
}

/**
 * Turns a label map into the project's class indices and stores it as an 8-bit grey PNG. One that cannot be used, or
 * says nothing, gives no map, and why as problems.
 *
 * @param classIndices the project's, holding every class of the map
 * @param picture its size in pixels, as shown
 */
export async function prepareLabelMap(
  home: Home,
  classIndices: ReadonlyMap<string, number>,
  incoming: IncomingLabelMap,
  picture: { readonly width: number; readonly height: number },
): Promise<{ labelMap?: PreparedLabelMap; problems: Trouble[] }> {
  const { classNames } = incoming;
  let map: LabelMap;
  try {
    map = await decodeLabelMap(await incoming.load());
  } catch (error) {
    if (!(error instanceof FoveaError && error.code === 'bad_label_map')) throw error;
    return { problems: [{ code: error.code, reason: error.message }] };
  }
  if (map.width !== picture.width || map.height !== picture.height) {
    const sizes = `${map.width} x ${map.height} pixels, its picture ${picture.width} x ${picture.height}`;
    return { problems: [{ code: 'label_map_size', reason: `The label map has ${sizes}; it was not used.` }] };
  }
  const problems: Trouble[] = [];
  const indices = classNames.map((name) => classIndices.get(name) ?? UNLABELLED);
  countLabels(map).forEach((count, value) => {
    if (count === 0 || value === UNLABELLED) return;
    if (value >= classNames.length && incoming.tellsBeyond) {
      const beyond = `beyond the ${classNames.length} classes (0 to ${classNames.length - 1})`;
      const reason = `The label map's value ${value} is ${beyond}: ${count} pixels count as unlabelled.`;
      problems.push({ code: 'unknown_class', reason });
    } else if (value < classNames.length && indices[value]! >= MAX_LABEL_CLASSES) {
      const reason =
        `A label map tells ${MAX_LABEL_CLASSES} classes of a project apart, and "${classNames[value]}" is its ` +
        `${indices[value]! + 1}th: ${count} pixels count as unlabelled. Import it into a project of its own.`;
      problems.push({ code: 'too_many_classes', reason });
    }
  });
  const normalized = mapLabels(map, indices);
  const pixels = new Map<number, number>();
  countLabels(normalized).forEach((count, index) => {
    if (count > 0 && index !== UNLABELLED) pixels.set(index, count);
  });
  if (pixels.size === 0) {
    problems.push({ code: 'label_map_empty', reason: 'Every pixel of the label map is unlabelled; it was not used.' });
    return { problems };
  }
  const { sha256 } = await home.blobs.put(await encodeLabelMap(normalized));
  return { labelMap: { sha256, pixels }, problems };
}
