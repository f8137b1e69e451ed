import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type * as api from '@fovea/api';
import { catalogue, modelFolders } from '@fovea/models';

/** Models of the catalogue that training can start from, with whether their files are at hand. */
export async function listPretrained(homePath: string): Promise<api.Pretrained[]> {
  const folders = modelFolders([join(homePath, 'models')]);
  const has = async (file: string) => {
    const found = await Promise.all(folders.map((folder) => stat(join(folder, file)).catch(() => undefined)));
    return found.some((each) => each?.isFile());
  };
  const entries = catalogue.flatMap(({ task, cut, ...entry }) => (task && cut ? [{ ...entry, task }] : []));
  return Promise.all(
    entries.map(async ({ name, task, job, licence, sizeBytes, file }) => {
      return { name, task, job, licence, sizeBytes, available: await has(file) };
    }),
  );
}
