import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import type { PretrainedModel } from './catalogue.js';

/** Folders that `FOVEA_MODEL_PATH` names, separated as in PATH, then `folders`: where pretrained models are looked for. */
export function modelFolders(folders: readonly string[] = []): string[] {
  const named = (process.env.FOVEA_MODEL_PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...new Set([...named, ...folders])];
}

/** A pretrained model's file, whose bytes are those of the catalogue. */
export interface LocatedModel {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads a pretrained model from the first of `folders` (see {@link modelFolders}) that has its file; nothing is fetched.
 *
 * @throws FoveaError `pretrained_missing`, saying where it was looked for and how to get it; `pretrained_altered` where
 *   a file of its name has other bytes.
 */
export async function loadPretrained(entry: PretrainedModel, folders: readonly string[]): Promise<LocatedModel> {
  for (const folder of folders) {
    const path = join(folder, entry.file);
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (!bytes) continue;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 === entry.sha256) return { path, bytes };
    throw new FoveaError(
      'pretrained_altered',
      `${path} is not the ${entry.name} of the catalogue: its SHA-256 begins ${sha256.slice(0, 12)}, not ` +
        `${entry.sha256.slice(0, 12)}. Remove it, or name the file itself to use it as it is.`,
      { path, sha256, expected: entry.sha256 },
    );
  }
  const looked = folders.length > 0 ? `was looked for in ${folders.join(', ')}` : 'was looked for nowhere';
  const how = entry.url
    ? `download it (${megabytes(entry.sizeBytes)} from ${new URL(entry.url).host}), or name`
    : `it cannot be downloaded (${entry.origin}); name`;
  throw new FoveaError(
    'pretrained_missing',
    `The file ${entry.file} of ${entry.name} ${looked} and is not there: ${how} a folder that has it in FOVEA_MODEL_PATH.`,
    { name: entry.name, folders },
  );
}

/** A size in bytes for people. */
export function megabytes(sizeBytes: number): string {
  return `${(sizeBytes / 1e6).toFixed(1)} MB`;
}
