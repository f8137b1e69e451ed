import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { opendir, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { WriteReport } from '@fovea/formats';
import type { Home } from '@fovea/store';
import { pack } from 'tar-stream';
import { type ExportOptions, exportDataset } from './export-dataset.js';

/**
 * A data set as {@link exportDataset} writes it, as a TAR that goes as fast as it is read. Pictures are linked and not
 * copied meanwhile; what lies in the home's `tmp` for it goes when the stream has ended or is destroyed.
 *
 * @throws FoveaError as {@link exportDataset}, before the stream begins
 */
export async function exportArchive(
  home: Home,
  project: string,
  options: Omit<ExportOptions, 'folder' | 'pictures'>,
): Promise<{ readonly report: WriteReport; readonly archive: Readable }> {
  const folder = join(home.path, 'tmp', `export-${process.pid}-${randomUUID()}`);
  const remove = () => rm(folder, { recursive: true, force: true });
  let report: WriteReport;
  try {
    report = await exportDataset(home, project, { ...options, folder, pictures: 'link' });
  } catch (error) {
    await remove();
    throw error;
  }
  const archive = new PassThrough();
  packFolder(folder, archive)
    .catch((error: Error) => archive.destroy(error))
    .finally(remove);
  return { report, archive };
}

async function packFolder(folder: string, into: PassThrough): Promise<void> {
  const tar = pack();
  const done = pipeline(tar, into);
  // A reader that is gone ends the writing too.
  done.catch(() => tar.destroy());
  for await (const path of filesBelow(folder)) {
    const { size } = await stat(path);
    const name = relative(folder, path).split(sep).join('/');
    // The same data set gives the same bytes.
    const entry = tar.entry({ name, size, mode: 0o644, mtime: new Date(0) });
    await pipeline(createReadStream(path), entry);
  }
  tar.finalize();
  await done;
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  const names: { name: string; isFolder: boolean }[] = [];
  for await (const entry of await opendir(folder)) names.push({ name: entry.name, isFolder: entry.isDirectory() });
  names.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isFolder } of names) {
    if (isFolder) yield* filesBelow(join(folder, name));
    else yield join(folder, name);
  }
}
