import { FoveaError, type Xyxy } from '@fovea/annotations';
import { annotations, classes, type Home, media } from '@fovea/store';
import { and, asc, count, eq, gt, ilike, inArray, type SQL, sql } from 'drizzle-orm';
import { groupBy } from './group-by.js';
import { projectIdOf } from './project.js';

/** An annotation as it is stored. */
export interface MediaAnnotation {
  readonly className: string;
  readonly classIndex: number;
  /** xyxy in pixels */
  readonly box: Xyxy;
  readonly isCrowd?: boolean;
  readonly attributes?: Record<string, unknown>;
}

/** A picture of a project with its annotations. */
export interface MediaItem {
  readonly sha256: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly sizeBytes: number;
  readonly labelled: boolean;
  /** The split its dataset came with, or null. */
  readonly split: string | null;
  readonly createdAt: Date;
  readonly annotations: readonly MediaAnnotation[];
}

/** A page of pictures. */
export interface MediaPage {
  readonly items: readonly MediaItem[];
  /** Give it as `cursor` for the next page; null on the last. */
  readonly nextCursor: string | null;
  /** Pictures on all pages together. */
  readonly total: number;
}

/** Which pictures, and how many at a time. */
export interface MediaQuery {
  /** 1 to 500, default 100. */
  readonly limit?: number;
  readonly cursor?: string | null;
  /** Only pictures with an annotation of this class. */
  readonly className?: string;
  readonly labelled?: boolean;
  /** Only pictures whose name contains this, letter case aside. */
  readonly search?: string;
}

/**
 * A page of a project's pictures in the order they came. Pages are ranges of an index, so the last is as fast as the
 * first, and pictures that come in between neither repeat nor hide one.
 *
 * @throws FoveaError `unknown_project`, `unknown_class` (naming the known ones), `bad_cursor`, `bad_limit`
 */
export async function listMedia(home: Home, projectName: string, query: MediaQuery = {}): Promise<MediaPage> {
  const projectId = await projectIdOf(home, projectName);
  const limit = query.limit ?? 100;
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) {
    throw new FoveaError('bad_limit', `A page has 1 to 500 pictures, not ${limit}.`, { limit });
  }
  const filters: SQL[] = [eq(media.projectId, projectId)];
  if (query.labelled !== undefined) filters.push(eq(media.labelled, query.labelled));
  if (query.search) filters.push(ilike(media.name, `%${query.search.replace(/[\\%_]/g, '\\$&')}%`));
  if (query.className !== undefined) {
    const classIndex = await classIndexOf(home, projectId, query.className);
    filters.push(sql`exists (
      select 1 from fovea.annotations a
      where a.project_id = ${projectId} and a.class_index = ${classIndex} and a.media_id = ${media.id}
    )`);
  }
  const after = query.cursor ? parseCursor(query.cursor) : undefined;
  const [rows, [all]] = await Promise.all([
    home.db
      .select()
      .from(media)
      .where(and(...filters, after === undefined ? undefined : gt(media.id, after)))
      .orderBy(asc(media.id))
      .limit(limit + 1),
    home.db
      .select({ total: count() })
      .from(media)
      .where(and(...filters)),
  ]);
  const page = rows.slice(0, limit);
  return {
    items: await withAnnotations(home, projectId, page),
    nextCursor: rows.length > limit ? String(page.at(-1)!.id) : null,
    total: all?.total ?? 0,
  };
}

/** One picture of a project. @throws FoveaError `unknown_project`, `unknown_media` */
export async function getMedia(home: Home, projectName: string, sha256: string): Promise<MediaItem> {
  const projectId = await projectIdOf(home, projectName);
  const rows = await home.db
    .select()
    .from(media)
    .where(and(eq(media.projectId, projectId), eq(media.sha256, sha256)));
  const [item] = await withAnnotations(home, projectId, rows);
  if (item !== undefined) return item;
  throw new FoveaError('unknown_media', `The project "${projectName}" has no picture ${sha256}.`, {
    project: projectName,
    sha256,
  });
}

function parseCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new FoveaError('bad_cursor', `"${cursor}" is no cursor: give the nextCursor of the page before.`, { cursor });
}

async function classIndexOf(home: Home, projectId: number, className: string): Promise<number> {
  const rows = await home.db.select().from(classes).where(eq(classes.projectId, projectId)).orderBy(asc(classes.index));
  const found = rows.find((row) => row.name === className);
  if (found !== undefined) return found.index;
  const known = rows.map((row) => row.name);
  throw new FoveaError(
    'unknown_class',
    `There is no class "${className}"; ${known.length === 0 ? 'there are none yet' : `known are ${known.join(', ')}`}.`,
    { className, known },
  );
}

async function withAnnotations(
  home: Home,
  projectId: number,
  rows: readonly (typeof media.$inferSelect)[],
): Promise<MediaItem[]> {
  if (rows.length === 0) return [];
  const found = await home.db
    .select({
      mediaId: annotations.mediaId,
      className: classes.name,
      classIndex: annotations.classIndex,
      box: annotations.box,
      isCrowd: annotations.isCrowd,
      attributes: annotations.attributes,
    })
    .from(annotations)
    .innerJoin(classes, and(eq(classes.projectId, projectId), eq(classes.index, annotations.classIndex)))
    .where(
      inArray(
        annotations.mediaId,
        rows.map((row) => row.id),
      ),
    )
    .orderBy(asc(annotations.id));
  const byMedia = groupBy(found, (row) => row.mediaId);
  const annotationsOf = (id: number): MediaAnnotation[] =>
    (byMedia.get(id) ?? []).map(({ mediaId: _, isCrowd, attributes, ...annotation }) => ({
      ...annotation,
      ...(isCrowd && { isCrowd }),
      ...(attributes && { attributes }),
    }));
  return rows.map(({ id, projectId: _, ...item }) => ({ ...item, annotations: annotationsOf(id) }));
}
