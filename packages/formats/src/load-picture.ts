import { readFile } from 'node:fs/promises';
import type { LabelledPicture } from './dataset.js';
import { loadLabelMapFile } from './label-map.js';

/** The bytes of a picture's file, be it inside an archive. */
export async function loadPicture({ path, load }: Pick<LabelledPicture, 'path' | 'load'>): Promise<Uint8Array> {
  return load ? load() : readFile(path);
}

/** The bytes of a label map's PNG. @throws FoveaError `bad_label_map` where the file cannot be read */
export async function loadLabelMapBytes({ path, load }: NonNullable<LabelledPicture['labelMap']>): Promise<Uint8Array> {
  return load ? load() : loadLabelMapFile(path);
}
