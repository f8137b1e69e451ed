import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { FoveaError } from '@fovea/annotations';
import { type ImageFacts, probeImage } from '@fovea/image';
import { type Home, media } from '@fovea/store';
import { and, eq, inArray } from 'drizzle-orm';
import { checkBoxes, type ParsedDataset, type Problem, type SourcedAnnotation } from './formats/index.js';
import { type PreparedPicture, writePictures } from './picture-writer.js';
import { ensureClasses, ensureProject, projectIdOf } from './project.js';
import { hasThumbnail, writeThumbnail } from './thumbnail.js';

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
  /** Annotations added. */
  readonly annotations: number;
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
  readonly labelled: boolean;
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
    for (const { path, ...picture } of parsed.pictures) {
      const found = await lstat(path).catch(() => undefined);
      yield { ...picture, sizeBytes: found?.size ?? 0, load: () => loadFile(path) };
    }
  }
  const report = await importPictures(home, projectId, pictures(), parsed.pictures.length, parsed.classNames, options);
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
  const counts = { imported: 0, duplicates: 0, skipped: 0, annotations: 0, done: 0 };
  let classIndices = await ensureClasses(home, projectId, classNames);

  const write = async (batch: Prepared[]): Promise<void> => {
    const ready: PreparedPicture[] = [];
    for (const { picture, problems: found } of batch) {
      problems.push(...found);
      if (picture === undefined) counts.skipped++;
      else ready.push(picture);
    }
    const names = ready.flatMap((picture) => picture.annotations.map((annotation) => annotation.className));
    classIndices = await home.persist(() => ensureClasses(home, projectId, names));
    const written = await home.persist(() => writePictures(home, projectId, classIndices, ready));
    counts.annotations += written.annotations;
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
    const { annotations: _, ...progress } = counts;
    options.onProgress?.({ ...progress, total });
  };

  let preparing: Promise<Prepared[]> | undefined;
  try {
    for await (const batch of batches(pictures, options.batchPictures ?? BATCH_PICTURES)) {
      const previous = await preparing;
      preparing = options.signal?.aborted ? undefined : prepare(home, projectId, batch);
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

async function prepare(home: Home, projectId: number, batch: readonly IncomingPicture[]): Promise<Prepared[]> {
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
  const known = await home.persist(() => knownFacts(home, projectId, sha256s));
  return Promise.all(
    loaded.map(async ({ picture, bytes, sha256, error }): Promise<Prepared> => {
      if (bytes === undefined) return skip(picture, error);
      try {
        return await prepareOne(home, picture, bytes, known.get(sha256));
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

async function knownFacts(home: Home, projectId: number, sha256s: string[]): Promise<Map<string, ImageFacts>> {
  if (sha256s.length === 0) return new Map();
  const rows = await home.db
    .select({
      sha256: media.sha256,
      width: media.width,
      height: media.height,
      format: media.format,
      sizeBytes: media.sizeBytes,
    })
    .from(media)
    .where(and(eq(media.projectId, projectId), inArray(media.sha256, sha256s)));
  return new Map(
    rows.map(({ sha256, format, ...facts }) => [sha256, { ...facts, format: format as ImageFacts['format'] }]),
  );
}

async function prepareOne(
  home: Home,
  picture: IncomingPicture,
  bytes: Uint8Array,
  known: ImageFacts | undefined,
): Promise<Prepared> {
  const facts = known ?? (await probeImage(bytes));
  const { sha256 } = await home.blobs.put(bytes);
  if (!(await hasThumbnail(home, sha256))) await writeThumbnail(home, sha256, bytes);
  const { kept, problems } = checkBoxes(picture.annotations, facts.width, facts.height, picture.name);
  const { name, labelled, split = null } = picture;
  return { picture: { ...facts, sha256, name, labelled, split, annotations: kept }, problems };
}

/** One picture from a person's hands. */
export interface NewPicture {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly annotations?: readonly SourcedAnnotation[];
  /** Default: whether `annotations` are given, be they none. */
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
  const { bytes, annotations = [], labelled = picture.annotations !== undefined } = picture;
  try {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const known = (await knownFacts(home, projectId, [sha256])).get(sha256);
    const incoming: IncomingPicture = {
      ...picture,
      annotations,
      labelled,
      sizeBytes: bytes.length,
      load: async () => bytes,
    };
    const prepared = await prepareOne(home, incoming, bytes, known);
    const ready = prepared.picture!;
    const names = ready.annotations.map((annotation) => annotation.className);
    const written = await writePictures(home, projectId, await ensureClasses(home, projectId, names), [ready]);
    return { sha256, status: written.statuses[0]!, problems: [...prepared.problems, ...written.problems] };
  } catch (error) {
    throw await home.explain(error);
  }
}
