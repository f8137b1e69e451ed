import { FoveaError } from '@fovea/annotations';
import type { ExportDataset, ExportPicture, WriteReport } from './dataset.js';
import { ExportTarget, type PictureMode } from './export-target.js';
import { fitPicture } from './fit-picture.js';
import { formatNamed } from './formats.js';
import type { FormatName } from './names.js';

/** Options of {@link writeDataset}. */
export interface WriteOptions {
  /** What happens to the pictures: copied (default), hard-linked where they are local files, or none written. */
  readonly pictures?: PictureMode;
}

/**
 * Writes a data set into an empty or new folder, picture by picture, so that memory does not grow with their number.
 * What the format cannot say is left out or turned, and all of it is counted. The same data set gives the same bytes.
 * Files are drafts until they are whole: after an error none lies half-written under its name.
 *
 * @throws FoveaError `unknown_format` naming the known; `folder_not_empty`; `bad_class_names`; `disk_full`;
 *   `folder_not_writable`; whatever the pictures throw
 */
export async function writeDataset(
  name: FormatName,
  dataset: ExportDataset,
  folder: string,
  options: WriteOptions = {},
): Promise<WriteReport> {
  const format = formatNamed(name);
  const { classNames, skeletons } = dataset;
  const twice = classNames.find((each, index) => each.trim() === '' || classNames.indexOf(each) !== index);
  if (twice !== undefined) {
    const what = twice.trim() === '' ? 'is empty' : `"${twice}" is there twice`;
    throw new FoveaError('bad_class_names', `A name of the data set's classes ${what}.`, { classNames });
  }
  const target = await ExportTarget.into(folder, options.pictures ?? 'copy');
  try {
    const pictures = fitted(dataset.pictures, format, new Set(classNames), target);
    await format.write(
      { classNames, ...(skeletons && { skeletons: Object.assign(Object.create(null), skeletons) }), pictures },
      target,
    );
    return await target.finish();
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

async function* fitted(
  pictures: AsyncIterable<ExportPicture>,
  format: ReturnType<typeof formatNamed>,
  classNames: ReadonlySet<string>,
  target: ExportTarget,
): AsyncGenerator<ExportPicture> {
  for await (const picture of pictures) {
    const fit = fitPicture(picture, format.capability, classNames, (...told) => target.tell(picture, ...told));
    if (fit === undefined) continue;
    target.count(fit.annotations.length);
    yield fit;
  }
}
