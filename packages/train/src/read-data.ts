import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  checkBoxes,
  decodeLabelMap,
  type FormatName,
  loadLabelMapFile,
  type Problem,
  parseDataset,
} from '@fovea/formats';
import { readImageSize } from '@fovea/image';
import { assignSplits } from '@fovea/lake';
import type { TrainingData } from './check-data.js';
import type { PlannedPicture } from './plan.js';

/** Options of {@link readData}. */
export interface ReadDataOptions {
  /** How the folder is labelled; detected where left out. */
  readonly format?: FormatName;
  /** Names by class index, for labels that say classes by number. */
  readonly classNames?: readonly string[];
  /** Share of the pictures to validate on where the folder does not say; 0.15 by default. */
  readonly valFraction?: number;
  /** Another one splits differently; 0 by default. */
  readonly seed?: number;
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Pictures opened at once. */
const atOnce = 8;

/**
 * Reads a labelled folder for training, in any of the formats the lake imports, without importing it. Splits are the
 * folder's own, or by content, stratified by class.
 *
 * @returns the data, and what of the folder could not be used.
 * @throws FoveaError where the folder is not there or its format not clear.
 */
export async function readData(
  folder: string,
  options: ReadDataOptions = {},
): Promise<TrainingData & { readonly problems: readonly Problem[] }> {
  const { classNames: given, valFraction = 0.15, seed = 0 } = options;
  const parsed = await parseDataset(folder, options.format, given ? { classNames: given } : {});
  const problems: Problem[] = [...parsed.problems];
  const classNames = [...parsed.classNames];
  const indexOf = new Map(classNames.map((name, index) => [name, index]));
  const labelled = parsed.pictures.filter((picture) => picture.labelled);
  const found: (PlannedPicture & { own: string | null })[] = [];

  async function read(picture: (typeof labelled)[number]): Promise<void> {
    try {
      if (picture.load) {
        const reason = 'It lies in an archive: import the data set first, or unpack it; skipped.';
        problems.push({ file: picture.name, code: 'in_archive', reason });
        return;
      }
      const bytes = await readFile(picture.path);
      const { width, height } = await readImageSize(bytes);
      const { kept, problems: clipped } = checkBoxes(picture.annotations, width, height, picture.name);
      problems.push(...clipped);
      const labelMap = picture.labelMap && (await loadLabelMapFile(picture.labelMap.path));
      if (labelMap) {
        const map = await decodeLabelMap(labelMap);
        if (map.width !== width || map.height !== height) {
          const reason = `The label map is ${map.width} x ${map.height} and the picture ${width} x ${height}: left out.`;
          problems.push({ file: picture.name, code: 'bad_label_map', reason });
          return;
        }
      }
      found.push({
        sha256: hashOf(bytes),
        name: picture.name,
        path: picture.path,
        width,
        height,
        split: 'train',
        own: picture.split ?? null,
        annotations: kept.map(({ className, box, isCrowd }) => ({
          classIndex: indexOf.get(className)!,
          box,
          ...(isCrowd ? { isCrowd } : {}),
        })),
        ...(kept.length === 0 && (picture.classNames || picture.labelMap) ? { boxed: false as const } : {}),
        ...(picture.classNames ? { classIndices: picture.classNames.map((name) => indexOf.get(name)!) } : {}),
        ...(labelMap ? { labelMapPath: picture.labelMap!.path, labelMapSha256: hashOf(labelMap) } : {}),
      });
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code !== 'unreadable_image' && code !== 'bad_label_map') throw error;
      problems.push({ file: picture.name, code, reason: (error as Error).message });
    }
  }
  const queue = [...labelled];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await read(next);
    }),
  );

  found.sort((a, b) => (a.name < b.name ? -1 : 1));
  const splits = assignSplits(
    found.map(({ sha256, annotations, classIndices, own }) => ({
      sha256,
      classIndices: [...annotations.map(({ classIndex }) => classIndex), ...(classIndices ?? [])],
      split: own,
    })),
    valFraction,
    seed,
  );
  const pictures = found.map(({ own: _, ...picture }, index) => ({ ...picture, split: splits[index]! }));
  return { classNames, pictures, problems };
}
