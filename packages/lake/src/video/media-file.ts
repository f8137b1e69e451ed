import { type Home, media, StoreError, videos } from '@fovea/store';
import { and, eq, isNotNull } from 'drizzle-orm';
import { loadFrame } from './frame-cache.js';

/** What tells a picture's bytes: its own, or the video they are a frame of. */
export interface MediaSource {
  readonly sha256: string;
  /** 0 where it has no bytes of its own. */
  readonly sizeBytes: number;
  readonly video: { readonly sha256: string; readonly timeSeconds: number } | null;
}

/**
 * A file of this machine with a picture's bytes, to be opened soon and not to be written: its blob, or, of a frame without
 * bytes of its own, the frame as a JPEG, made from its video. By a SHA-256 alone the blob is looked for first, then a
 * frame of any project.
 *
 * @throws StoreError `unknown_blob`; FoveaError `unreadable_video`, `no_video_decoder`
 */
export async function mediaFile(home: Home, picture: MediaSource | string): Promise<string> {
  if (typeof picture !== 'string') {
    const { sha256, sizeBytes, video } = picture;
    return video !== null && sizeBytes === 0
      ? loadFrame(home, video.sha256, video.timeSeconds)
      : home.blobs.localPath(sha256);
  }
  try {
    return await home.blobs.localPath(picture);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'unknown_blob') throw error;
    const [frame] = await home.db
      .select({ sha256: videos.sha256, timeSeconds: media.timeSeconds })
      .from(media)
      .innerJoin(videos, eq(videos.id, media.videoId))
      .where(and(eq(media.sha256, picture), isNotNull(media.timeSeconds)))
      .limit(1);
    if (frame === undefined) throw error;
    return loadFrame(home, frame.sha256, frame.timeSeconds!);
  }
}
