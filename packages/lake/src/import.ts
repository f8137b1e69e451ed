import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { FoveaError } from '@fovea/annotations';
import { checkBoxes, loadLabelMapFile, type ParsedDataset, type Problem, type SourcedAnnotation } from '@fovea/formats';
import type { ImageFacts } from '@fovea/image';
import { facts, type Home } from '@fovea/store';
import { inArray } from 'drizzle-orm';
import { picturePoolOf } from './ingest/picture-pool.js';
import type { FactsRow } from './ingest/write-facts.js';
import { type IncomingLabelMap, prepareLabelMap } from './label-map-import.js';
import { type PreparedPicture, writePictures } from './picture-writer.js';
import { ensureClasses, ensureProject, projectIdOf, writeSkeletons } from './project.js';

/** What an import did. Everything counted here is saved. */
export interface ImportReport {
  /** Pictures that are new in the project. */
  readonly imported: number;
  /** Pictures the project had already, by their bytes. */
  readonly duplicates: number;
  /** Pictures left out: broken, empty, missing, or outside the folder. */
  readonly skipped: number;
  /** Every thing skipped or changed, once. */
  readonly problems: readonly Problem[];
  /** Boxes added. */
  readonly annotations: number;
  /** Pictures whose classes were added or changed. */
  readonly classified: number;
  /** Label maps added or changed. */
  readonly labelMaps: number;
  /** The project's classes, by index. */
  readonly classes: readonly string[];
  /** True where `signal` ended it before the last picture; the same import again does the rest. */
  readonly stopped: boolean;
}

/** How far an import is, in pictures. */
export interface ImportProgress {
  readonly done: number;
  readonly total: number;
  readonly imported: number;
  readonly duplicates: number;
  readonly skipped: number;
}

/** Options of {@link importDataset}. */
export interface ImportOptions {
  /** Ends the import after the batch in hand. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
}

/** A picture on its way in: `load` gives its bytes when its turn comes. */
export interface IncomingPicture {
  readonly name: string;
  readonly sizeBytes: number;
  load(): Promise<Uint8Array>;
  readonly annotations: readonly SourcedAnnotation[];
  readonly classNames?: readonly string[];
  readonly labelMap?: IncomingLabelMap;
  readonly labelled: boolean;
  /** Whether the label says which boxes there are, where it tells that apart from being labelled. */
  readonly boxed?: boolean;
  readonly split?: string;
}

const BATCH_PICTURES = 32;
const BATCH_BYTES = 64 * 2 ** 20;

/** Problems by which the label files name a picture that is not imported. */
const PICTURE_SKIPPED = new Set(['path_outside', 'missing_picture', 'link_skipped', 'ambiguous_picture']);

/**
 * Imports a parsed folder into a project, which is created where there is none.
 *
 * Each picture is decoded once to see that it can be, its bytes are on disk before its row is, and its row and
 * annotations come in one transaction; so the process may be killed at any moment, and the same import again does the
 * rest. What cannot be used is reported and left out, the others go on.
 *
 * @throws FoveaError `bad_name`; StoreError `disk_full`, `home_not_writable`, `database_lost`
 */
export async function importDataset(
  home: Home,
  projectName: string,
  parsed: ParsedDataset,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const projectId = await ensureProject(home, projectName);
  async function* pictures(): AsyncGenerator<IncomingPicture> {
    for (const { path, load, labelMap, ...picture } of parsed.pictures) {
      const found = load ? undefined : await lstat(path).catch(() => undefined);
      yield {
        ...picture,
        sizeBytes: found?.size ?? 0,
        load: load ?? (() => loadFile(path)),
        // What its values beyond the class list are was told when the folder was read.
        ...(labelMap && {
          labelMap: {
            load: labelMap.load ?? (() => loadLabelMapFile(labelMap.path)),
            classNames: parsed.classNames,
            tellsBeyond: false,
          },
        }),
      };
    }
  }
  const report = await importPictures(home, projectId, pictures(), parsed.pictures.length, parsed.classNames, options);
  await home.persist(() => writeSkeletons(home, projectId, parsed.skeletons ?? {}));
  const named = parsed.problems.filter((problem) => PICTURE_SKIPPED.has(problem.code)).length;
  return { ...report, skipped: report.skipped + named, problems: [...parsed.problems, ...report.problems] };
}

async function loadFile(path: string): Promise<Uint8Array> {
  const unreadable = (reason: string, cause?: unknown) =>
    new FoveaError('unreadable_image', `Cannot read "${path}": ${reason}.`, { file: path, reason }, { cause });
  try {
    if (!(await lstat(path)).isFile()) throw unreadable('it is not a regular file');
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof FoveaError) throw cause;
    throw unreadable(`the file cannot be opened (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}

/** The import's inside: pictures from anywhere, batch by batch, the next prepared while the last is written. */
export async function importPictures(
  home: Home,
  projectId: number,
  pictures: AsyncIterable<IncomingPicture>,
  total: number,
  classNames: readonly string[],
  options: ImportOptions & { readonly batchPictures?: number } = {},
): Promise<ImportReport> {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  const counts = { imported: 0, duplicates: 0, skipped: 0, annotations: 0, classified: 0, labelMaps: 0, done: 0 };
  let classIndices = await ensureClasses(home, projectId, classNames);

  const write = async (batch: Prepared[]): Promise<void> => {
    const ready: PreparedPicture[] = [];
    for (const { picture, problems: found } of batch) {
      problems.push(...found);
      if (picture === undefined) counts.skipped++;
      else ready.push(seen.has(picture.sha256) ? { ...picture, isTwin: true } : picture);
    }
    const names = ready.flatMap(namesOf);
    classIndices = await home.persist(() => ensureClasses(home, projectId, names));
    const written = await home.persist(() => writePictures(home, projectId, classIndices, ready));
    counts.annotations += written.annotations;
    counts.classified += written.classified;
    counts.labelMaps += written.labelMaps;
    const differing = new Set(written.problems.map((problem) => problem.file));
    const twins = new Set<string>();
    for (const [index, picture] of ready.entries()) {
      if (written.statuses[index] === 'imported') counts.imported++;
      else counts.duplicates++;
      const twin = seen.get(picture.sha256);
      if (twin === undefined) {
        seen.set(picture.sha256, picture.name);
        continue;
      }
      twins.add(picture.name);
      const labels = differing.has(picture.name) ? '; its other annotations were not used' : '';
      const reason = `The file has the same bytes as ${twin}, and a picture is kept once${labels}.`;
      problems.push({ file: picture.name, code: 'duplicate_picture', reason });
    }
    problems.push(...written.problems.filter((problem) => !twins.has(problem.file)));
    counts.done += batch.length;
    const { imported, duplicates, skipped, done } = counts;
    options.onProgress?.({ imported, duplicates, skipped, done, total });
  };

  let preparing: Promise<Prepared[]> | undefined;
  try {
    for await (const batch of batches(pictures, options.batchPictures ?? BATCH_PICTURES)) {
      const previous = await preparing;
      preparing = options.signal?.aborted ? undefined : prepare(home, classIndices, batch);
      // Awaited a round later: a failure in between must not count as unhandled.
      preparing?.catch(() => undefined);
      if (previous !== undefined) await write(previous);
      if (options.signal?.aborted) break;
    }
    const last = await preparing;
    if (last !== undefined) await write(last);
  } catch (error) {
    await preparing?.catch(() => undefined);
    throw await home.explain(error);
  }
  return {
    imported: counts.imported,
    duplicates: counts.duplicates,
    skipped: counts.skipped,
    problems,
    annotations: counts.annotations,
    classified: counts.classified,
    labelMaps: counts.labelMaps,
    classes: [...classIndices.keys()],
    stopped: counts.done < total,
  };
}

async function* batches(pictures: AsyncIterable<IncomingPicture>, size: number): AsyncGenerator<IncomingPicture[]> {
  let batch: IncomingPicture[] = [];
  let sizeBytes = 0;
  for await (const picture of pictures) {
    if (batch.length > 0 && (batch.length === size || sizeBytes + picture.sizeBytes > BATCH_BYTES)) {
      yield batch;
      batch = [];
      sizeBytes = 0;
    }
    batch.push(picture);
    sizeBytes += picture.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}

/** A picture prepared, or what was wrong with it. */
interface Prepared {
  readonly picture?: PreparedPicture;
  readonly problems: readonly Problem[];
}

async function prepare(
  home: Home,
  classIndices: ReadonlyMap<string, number>,
  batch: readonly IncomingPicture[],
): Promise<Prepared[]> {
  const loaded = await Promise.all(
    batch.map(async (picture) => {
      try {
        const bytes = await picture.load();
        return { picture, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
      } catch (error) {
        return { picture, error };
      }
    }),
  );
  const sha256s = loaded.flatMap((each) => each.sha256 ?? []);
  const known = await home.persist(() => knownFacts(home, sha256s));
  return Promise.all(
    loaded.map(async ({ picture, bytes, sha256, error }): Promise<Prepared> => {
      if (bytes === undefined) return skip(picture, error);
      try {
        return await prepareOne(home, classIndices, picture, bytes, sha256, known.get(sha256));
      } catch (cause) {
        return skip(picture, cause);
      }
    }),
  );
}

/** Only a picture that cannot be read is skipped; every other failure ends the import. */
function skip(picture: IncomingPicture, error: unknown): Prepared {
  if (!(error instanceof FoveaError) || error.code !== 'unreadable_image') throw error;
  const why = String(error.details?.reason ?? error.message);
  const reason = `The picture was skipped: ${why}.`;
  return { problems: [{ file: picture.name, code: error.code, reason }] };
}

/** What is known of bytes, whichever project has them. */
async function knownFacts(home: Home, sha256s: string[]): Promise<Map<string, ImageFacts>> {
  if (sha256s.length === 0) return new Map();
  const rows = await home.db
    .select({
      sha256: facts.sha256,
      width: facts.width,
      height: facts.height,
      format: facts.format,
      sizeBytes: facts.sizeBytes,
    })
    .from(facts)
    .where(inArray(facts.sha256, sha256s));
  return new Map(
    rows.map(({ sha256, format, ...known }) => [sha256, { ...known, format: format as ImageFacts['format'] }]),
  );
}

/** Brings bytes onto the disk, and decodes them where nothing is known of them yet. */
async function stow(
  home: Home,
  bytes: Uint8Array,
  sha256: string,
  known: ImageFacts | undefined,
): Promise<ImageFacts & { readonly facts?: FactsRow }> {
  if (known !== undefined && (await home.blobs.has(sha256))) return known;
  const read = await picturePoolOf(home).stow(bytes);
  return { width: read.width, height: read.height, format: read.format, sizeBytes: read.sizeBytes, facts: read };
}

async function prepareOne(
  home: Home,
  classIndices: ReadonlyMap<string, number>,
  picture: IncomingPicture,
  bytes: Uint8Array,
  sha256: string,
  known: ImageFacts | undefined,
): Promise<Prepared> {
  const stowed = await stow(home, bytes, sha256, known);
  const { name, labelled, split = null, classNames = [] } = picture;
  const { kept, problems } = checkBoxes(picture.annotations, stowed.width, stowed.height, name);
  const map = picture.labelMap && (await prepareLabelMap(home, classIndices, picture.labelMap, stowed));
  problems.push(...(map?.problems ?? []).map((problem) => ({ file: name, ...problem })));
  // Where only other labels were given, nobody said that there is nothing to put a box around.
  const boxed =
    picture.boxed ?? (labelled && (picture.annotations.length > 0 || (classNames.length === 0 && !picture.labelMap)));
  const labels = { boxed, annotations: kept, classNames, ...(map?.labelMap && { labelMap: map.labelMap }) };
  const isLabelled = boxed || classNames.length > 0 || map?.labelMap !== undefined;
  return { picture: { ...stowed, sha256, name, split, ...(isLabelled && { labels }) }, problems };
}

/** Every class its labels name. */
function namesOf({ labels }: PreparedPicture): string[] {
  return [...(labels?.annotations ?? []).map((annotation) => annotation.className), ...(labels?.classNames ?? [])];
}

/** One picture from a person's hands. */
export interface NewPicture {
  readonly bytes: Uint8Array;
  readonly name: string;
  /** Boxes; none of them says that there are none, unless there are other labels. */
  readonly annotations?: readonly SourcedAnnotation[];
  /** Classes of the picture as a whole. */
  readonly classNames?: readonly string[];
  /** Classes of its pixels: a PNG of its size as `decodeLabelMap` reads it, and the class of each value. */
  readonly labelMap?: { readonly bytes: Uint8Array; readonly classNames: readonly string[] };
  /** Default: whether a label of any kind is given, be it that there are no boxes. */
  readonly labelled?: boolean;
  readonly split?: string;
}

/**
 * Imports one picture into an existing project; saved when it answers.
 *
 * @throws FoveaError `unknown_project`, `unreadable_image`; StoreError `disk_full`, `home_not_writable`
 */
export async function importPicture(
  home: Home,
  projectName: string,
  picture: NewPicture,
): Promise<{ sha256: string; status: 'imported' | 'duplicate'; problems: readonly Problem[] }> {
  const projectId = await projectIdOf(home, projectName);
  const { bytes, annotations = [], classNames = [], labelMap } = picture;
  const isLabelled = picture.annotations !== undefined || classNames.length > 0 || labelMap !== undefined;
  try {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const known = (await knownFacts(home, [sha256])).get(sha256);
    const incoming: IncomingPicture = {
      ...(picture.split !== undefined && { split: picture.split }),
      name: picture.name,
      annotations,
      classNames,
      ...(labelMap && {
        labelMap: { load: async () => labelMap.bytes, classNames: labelMap.classNames, tellsBeyond: true },
      }),
      labelled: picture.labelled ?? isLabelled,
      sizeBytes: bytes.length,
      load: async () => bytes,
    };
    const ofMap = await ensureClasses(home, projectId, labelMap?.classNames ?? []);
    const prepared = await prepareOne(home, ofMap, incoming, bytes, sha256, known);
    const ready = prepared.picture!;
    const names = namesOf(ready);
    const written = await writePictures(home, projectId, await ensureClasses(home, projectId, names), [ready]);
    return { sha256, status: written.statuses[0]!, problems: [...prepared.problems, ...written.problems] };
  } catch (error) {
    throw await home.explain(error);
  }
}
