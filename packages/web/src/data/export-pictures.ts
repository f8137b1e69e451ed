import type { LakeExport } from '@fovea/api';
import { saveBlob } from '../plot/save-plot.js';
import { api } from './api.js';

export const exportFormats = ['parquet', 'csv', 'jsonl'] as const satisfies readonly LakeExport['format'][];

/** Has a result written as a file and saves it; answers its name. Rejects with the server's own words. */
export async function exportResult(project: string, name: string, wanted: LakeExport): Promise<string> {
  const response = await api.exportLake(project, wanted);
  return saveBlob(await response.blob(), `${name}.${wanted.format}`);
}
