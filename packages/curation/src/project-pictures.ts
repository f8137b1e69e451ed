import { readFile } from 'node:fs/promises';
import type { EncodedImage } from '@fovea/image';
import { mediaFile } from '@fovea/lake';
import type { Home } from '@fovea/store';

/** A picture of a project that is to be looked at. */
export interface ProjectPicture {
  readonly id: number;
  readonly sha256: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** A frame of a video, whose bytes are not kept as a picture. */
  readonly isFrame: boolean;
}

/** A picture that could not be used, and why. */
export interface PictureProblem {
  readonly sha256: string;
  readonly name: string;
  readonly code: string;
  readonly reason: string;
}

/** How far it is, in pictures. */
export interface PictureProgress {
  readonly done: number;
  readonly total: number;
  readonly failed: number;
}

/** What became of a project's pictures. */
export interface PictureReport {
  /** As it is written beside what it made. */
  readonly model: string;
  readonly done: number;
  /** Done before. */
  readonly skipped: number;
  readonly failed: number;
  /** The first hundred that failed. */
  readonly problems: readonly PictureProblem[];
}

/** Options of what goes over a project's pictures. */
export interface OverPicturesOptions {
  /** Pictures computed together, default 16. */
  readonly batch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PictureProgress) => void) | undefined;
  /**
   * Reads a picture's bytes; by default from the home's blobs, and a frame that has none of its own from its video.
   */
  readonly readPicture?: ((picture: ProjectPicture) => Promise<EncodedImage | Uint8Array>) | undefined;
}

const PAGE = 512;
const MOST_PROBLEMS = 100;
/** What is wrong with one picture and no other. */
const PICTURE_FAULTS: ReadonlySet<string> = new Set(['unreadable_image', 'unknown_blob', 'damaged_blob', 'bad_vector']);

/** The bytes of a picture; those of a frame are made from its video where it has none of its own. */
export async function readPicture(home: Home, picture: ProjectPicture): Promise<EncodedImage | Uint8Array> {
  const { sha256, width, height, isFrame } = picture;
  // What is stored is held against its SHA-256 on the way.
  const isStored = !isFrame || (await home.blobs.has(sha256));
  const bytes = isStored ? await home.blobs.read(sha256) : await readFile(await mediaFile(home, sha256));
  return { bytes, width, height };
}

/**
 * Goes over the pictures of a project that a table does not know yet, in batches of which two are under way: one is read
 * and decoded while another is computed. What a batch gives is written before the next is told of, so that work that is
 * ended goes on where it was. A picture that cannot be read is counted, and the rest of its batch goes on without it.
 *
 * @param missing SQL condition on `m`, a picture, for having to be done; `$1` is the project, `$2` the model
 * @param compute one result a picture, in order
 * @throws the signal's reason
 */
export async function overPictures<T>(
  home: Home,
  projectId: number,
  model: string,
  missing: string,
  options: OverPicturesOptions,
  compute: (pictures: readonly (EncodedImage | Uint8Array)[]) => Promise<readonly T[]>,
  write: (rows: readonly { picture: ProjectPicture; result: T }[]) => Promise<void>,
): Promise<PictureReport> {
  const { batch = 16, signal, onProgress } = options;
  const read = options.readPicture ?? ((picture: ProjectPicture) => readPicture(home, picture));
  // The model is spoken of whether or not the condition does, so that PostgreSQL knows what the parameter is.
  const from = 'from fovea.media m where m.project_id = $1 and m.removed_at is null and $2::text is not null';
  const { rows } = await home.pool.query<{ all: number; todo: number }>(
    `select count(*)::integer as all, count(*) filter (where ${missing})::integer as todo ${from}`,
    [projectId, model],
  );
  const [{ all, todo: total }] = rows as [{ all: number; todo: number }];
  const problems: PictureProblem[] = [];
  let [done, failed] = [0, 0];

  const fail = ({ sha256, name }: ProjectPicture, error: unknown) => {
    const { code, message } = error as { code?: string; message: string };
    // What breaks for every picture is no fault of this one.
    if (code === undefined || !PICTURE_FAULTS.has(code)) throw error;
    failed++;
    if (problems.length < MOST_PROBLEMS) problems.push({ sha256, name, code, reason: message });
  };
  const alone = async (picture: ProjectPicture): Promise<{ picture: ProjectPicture; result: T }[]> => {
    try {
      const [result] = await compute([await read(picture)]);
      return [{ picture, result: result! }];
    } catch (error) {
      fail(picture, error);
      return [];
    }
  };
  const run = async (pictures: readonly ProjectPicture[]) => {
    let made: { picture: ProjectPicture; result: T }[];
    try {
      const results = await compute(await Promise.all(pictures.map((picture) => read(picture))));
      made = pictures.map((picture, at) => ({ picture, result: results[at]! }));
    } catch {
      // One of them is broken: which, is found out by taking them one by one.
      made = [];
      for (const picture of pictures) {
        signal?.throwIfAborted();
        made.push(...(await alone(picture)));
      }
    }
    signal?.throwIfAborted();
    if (made.length > 0) await home.persist(() => write(made));
    done += made.length;
    onProgress?.({ done, total, failed });
  };

  onProgress?.({ done, total, failed });
  const underway = new Set<Promise<void>>();
  try {
    for (let after = '-1'; ; ) {
      signal?.throwIfAborted();
      const page = await home.pool.query<Omit<ProjectPicture, 'id'> & { id: string }>(
        `select m.id, m.sha256, m.name, m.width, m.height, m.video_id is not null as "isFrame" ${from}
         and m.id > $3 and (${missing}) order by m.id limit ${PAGE}`,
        [projectId, model, after],
      );
      if (page.rows.length === 0) break;
      after = page.rows.at(-1)!.id;
      const pictures = page.rows.map((row) => ({ ...row, id: Number(row.id) }));
      for (let at = 0; at < pictures.length; at += batch) {
        signal?.throwIfAborted();
        if (underway.size >= 2) await Promise.race(underway);
        const work = run(pictures.slice(at, at + batch)).finally(() => underway.delete(work));
        work.catch(() => undefined);
        underway.add(work);
      }
    }
    await Promise.all(underway);
  } finally {
    await Promise.allSettled(underway);
  }
  return { model, done, skipped: all - total, failed, problems };
}
