import { FoveaError, groupBy, type Xyxy } from '@fovea/annotations';
import { annotations, classes, type Home, labelMapClasses, labelMaps, media, mediaClasses } from '@fovea/store';
import { and, asc, count, desc, eq, gt, ilike, inArray, type SQL, sql } from 'drizzle-orm';
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

/** A class of a picture as a whole. */
export interface MediaClass {
  readonly className: string;
  readonly classIndex: number;
}

/** Classes of a picture's pixels. */
export interface MediaLabelMap {
  /** Of the PNG, a blob: one byte a pixel, the class index, 255 unlabelled. */
  readonly sha256: string;
  /** The classes that pixels have, most pixels first. */
  readonly classes: readonly (MediaClass & { readonly pixels: number })[];
}

/** A picture of a project with its labels. */
export interface MediaItem {
  readonly sha256: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly sizeBytes: number;
  /** Whether somebody said what is in it, by whatever kind of label. */
  readonly labelled: boolean;
  /** Whether somebody said which boxes are in it: without `annotations` it is then background. */
  readonly boxed: boolean;
  /** The split its dataset came with, or null. */
  readonly split: string | null;
  readonly createdAt: Date;
  readonly annotations: readonly MediaAnnotation[];
  /** Of the picture as a whole, by index. */
  readonly classes: readonly MediaClass[];
  readonly labelMap: MediaLabelMap | null;
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
  /** Only pictures with a box, a pixel or as a whole of this class. */
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
    const having = (table: string) =>
      sql`select media_id from ${sql.raw(table)} where project_id = ${projectId} and class_index = ${classIndex}`;
    filters.push(sql`${media.id} in (${having('fovea.annotations')} union all
      ${having('fovea.media_classes')} union all ${having('fovea.label_map_classes')})`);
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
    items: await withLabels(home, projectId, page),
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
  const [item] = await withLabels(home, projectId, rows);
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

async function withLabels(
  home: Home,
  projectId: number,
  rows: readonly (typeof media.$inferSelect)[],
): Promise<MediaItem[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const classOf = (
    column: typeof annotations.classIndex | typeof mediaClasses.classIndex | typeof labelMapClasses.classIndex,
  ) => and(eq(classes.projectId, projectId), eq(classes.index, column));
  const named = { className: classes.name, classIndex: classes.index };
  const [boxes, ofPictures, ofMaps] = await Promise.all([
    home.db
      .select({
        mediaId: annotations.mediaId,
        ...named,
        box: annotations.box,
        isCrowd: annotations.isCrowd,
        attributes: annotations.attributes,
      })
      .from(annotations)
      .innerJoin(classes, classOf(annotations.classIndex))
      .where(inArray(annotations.mediaId, ids))
      .orderBy(asc(annotations.id)),
    home.db
      .select({ mediaId: mediaClasses.mediaId, ...named })
      .from(mediaClasses)
      .innerJoin(classes, classOf(mediaClasses.classIndex))
      .where(inArray(mediaClasses.mediaId, ids))
      .orderBy(asc(mediaClasses.classIndex)),
    home.db
      .select({ mediaId: labelMaps.mediaId, sha256: labelMaps.sha256, ...named, pixels: labelMapClasses.pixels })
      .from(labelMaps)
      .innerJoin(labelMapClasses, eq(labelMapClasses.mediaId, labelMaps.mediaId))
      .innerJoin(classes, classOf(labelMapClasses.classIndex))
      .where(inArray(labelMaps.mediaId, ids))
      .orderBy(desc(labelMapClasses.pixels), asc(labelMapClasses.classIndex)),
  ]);
  const boxesOf = groupBy(boxes, (row) => row.mediaId);
  const classesOf = groupBy(ofPictures, (row) => row.mediaId);
  const mapOf = groupBy(ofMaps, (row) => row.mediaId);
  return rows.map(({ id, projectId: _, ...item }): MediaItem => {
    const map = mapOf.get(id);
    return {
      ...item,
      boxed: item.boxed ?? item.labelled,
      annotations: (boxesOf.get(id) ?? []).map(({ mediaId: _, isCrowd, attributes, ...annotation }) => ({
        ...annotation,
        ...(isCrowd && { isCrowd }),
        ...(attributes && { attributes }),
      })),
      classes: (classesOf.get(id) ?? []).map(({ className, classIndex }) => ({ className, classIndex })),
      labelMap: map
        ? {
            sha256: map[0]!.sha256,
            classes: map.map(({ className, classIndex, pixels }) => ({ className, classIndex, pixels })),
          }
        : null,
    };
  });
}
