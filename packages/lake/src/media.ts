import { type BoxAnnotation, FoveaError, groupBy } from '@fovea/annotations';
import {
  annotations,
  classes,
  type Home,
  labelMapClasses,
  labelMaps,
  media,
  mediaClasses,
  mediaTags,
  videos,
} from '@fovea/store';
import { and, asc, desc, eq, inArray } from 'drizzle-orm';
import { projectIdOf } from './project.js';

/** An annotation as it is stored. */
export interface MediaAnnotation extends BoxAnnotation {
  readonly classIndex: number;
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
  /** Of a frame: its video's SHA-256 and when it is shown. */
  readonly video: { readonly sha256: string; readonly timeSeconds: number } | null;
  readonly tags: readonly string[];
  /** Whether a person looked at its labels and found them right. */
  readonly reviewed: boolean;
  /** When it was taken out of the project, or null. */
  readonly removedAt: Date | null;
  readonly createdAt: Date;
  readonly annotations: readonly MediaAnnotation[];
  /** Of the picture as a whole, by index. */
  readonly classes: readonly MediaClass[];
  readonly labelMap: MediaLabelMap | null;
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

/** Pictures by their rows' ids, in that order; those that are gone meanwhile are left out. */
export async function loadMediaItems(home: Home, projectId: number, ids: readonly number[]): Promise<MediaItem[]> {
  if (ids.length === 0) return [];
  const rows = await home.db
    .select()
    .from(media)
    .where(and(eq(media.projectId, projectId), inArray(media.id, [...ids])));
  const byId = new Map(rows.map((row) => [row.id, row]));
  return withLabels(
    home,
    projectId,
    ids.flatMap((id) => byId.get(id) ?? []),
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
  const [boxes, ofPictures, ofMaps, tags, ofVideos] = await Promise.all([
    home.db
      .select({
        mediaId: annotations.mediaId,
        ...named,
        box: annotations.box,
        isCrowd: annotations.isCrowd,
        shape: annotations.shape,
        keypoints: annotations.keypoints,
        trackId: annotations.trackId,
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
    home.db
      .select({ mediaId: mediaTags.mediaId, tag: mediaTags.tag })
      .from(mediaTags)
      .where(inArray(mediaTags.mediaId, ids))
      .orderBy(asc(mediaTags.tag)),
    home.db
      .select({ id: videos.id, sha256: videos.sha256 })
      .from(videos)
      .where(inArray(videos.id, [...new Set(rows.flatMap((row) => row.videoId ?? []))])),
  ]);
  const tagsOf = groupBy(tags, (row) => row.mediaId);
  const videoOf = new Map(ofVideos.map((row) => [row.id, row.sha256]));
  const boxesOf = groupBy(boxes, (row) => row.mediaId);
  const classesOf = groupBy(ofPictures, (row) => row.mediaId);
  const mapOf = groupBy(ofMaps, (row) => row.mediaId);
  return rows.map(({ id, projectId: _, videoId, timeSeconds, reviewedAt, ...item }): MediaItem => {
    const map = mapOf.get(id);
    return {
      ...item,
      boxed: item.boxed ?? item.labelled,
      video: videoId === null ? null : { sha256: videoOf.get(videoId)!, timeSeconds: timeSeconds ?? 0 },
      tags: (tagsOf.get(id) ?? []).map(({ tag }) => tag),
      reviewed: reviewedAt !== null,
      annotations: (boxesOf.get(id) ?? []).map(
        ({ className, classIndex, box, isCrowd, shape, keypoints, trackId, attributes }) => ({
          className,
          classIndex,
          box,
          ...shape,
          ...(isCrowd && { isCrowd }),
          ...(keypoints && { keypoints }),
          ...(trackId !== null && { trackId }),
          ...(attributes && { attributes }),
        }),
      ),
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
