import { FoveaError } from '@fovea/annotations';
import { type Home, media, videos } from '@fovea/store';
import { and, asc, count, eq, inArray, isNull } from 'drizzle-orm';
import { projectIdOf } from '../project.js';

/** A video of a project. */
export interface Video {
  readonly sha256: string;
  readonly name: string;
  /** As `probeVideo` names it: `mp4`, `webm`, `avi`, … */
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
  readonly durationSeconds: number;
  readonly frameCount: number;
  /** Frames a second; null where it varies. */
  readonly frameRate: number | null;
  readonly createdAt: Date;
  /** Frames of it that are pictures of the project. */
  readonly sampledFrames: number;
}

/** Some of a project's videos, in the order they came, and how many there are. @throws FoveaError `unknown_project` */
export async function listVideos(
  home: Home,
  projectName: string,
  { limit = 100, offset = 0 }: { readonly limit?: number; readonly offset?: number } = {},
): Promise<{ videos: Video[]; total: number }> {
  const projectId = await projectIdOf(home, projectName);
  const [page, total] = await Promise.all([
    selectVideos(home, projectId, undefined, limit, offset),
    home.db.$count(videos, eq(videos.projectId, projectId)),
  ]);
  return { videos: page, total };
}

/** One video of a project. @throws FoveaError `unknown_project`, `unknown_video` */
export async function getVideo(home: Home, projectName: string, sha256: string): Promise<Video> {
  const [video] = await selectVideos(home, await projectIdOf(home, projectName), sha256);
  if (video !== undefined) return video;
  const sentence = `The project "${projectName}" has no video ${sha256}.`;
  throw new FoveaError('unknown_video', sentence, { project: projectName, sha256 });
}

async function selectVideos(home: Home, projectId: number, sha256?: string, limit = 1, offset = 0): Promise<Video[]> {
  const rows = await home.db
    .select()
    .from(videos)
    .where(and(eq(videos.projectId, projectId), sha256 === undefined ? undefined : eq(videos.sha256, sha256)))
    .orderBy(asc(videos.id))
    .limit(limit)
    .offset(offset);
  const ids = rows.map(({ id }) => id);
  const sampled = await home.db
    .select({ videoId: media.videoId, count: count() })
    .from(media)
    .where(and(inArray(media.videoId, ids), isNull(media.removedAt)))
    .groupBy(media.videoId);
  const countOf = new Map(sampled.map((row) => [row.videoId, row.count]));
  return rows.map(({ id, projectId: _, ...video }) => ({ ...video, sampledFrames: countOf.get(id) ?? 0 }));
}
