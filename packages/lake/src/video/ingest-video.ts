import { stat } from 'node:fs/promises';
import { FoveaError } from '@fovea/annotations';
import type { Problem } from '@fovea/formats';
import { readFacts } from '@fovea/image';
import type { DatabaseClient, Home } from '@fovea/store';
import { probeVideo, type VideoFacts } from '@fovea/video';
import { type FactsRow, writeFacts } from '../ingest/write-facts.js';
import { storeThumbnail } from '../thumbnail.js';
import { frameAddress, frameName, toMicros } from './frame-address.js';
import { encodeFrame, type SampledFrame, sampleVideo, type VideoSampling } from './sample-video.js';

/** A video file on its way in. */
export interface NewVideo {
  readonly path: string;
  /** What people know it by; its frames are named after it. */
  readonly name: string;
  /** Of its bytes, where they are in the home's store already. */
  readonly sha256?: string;
  /** Where it came from, for problems; default its name. */
  readonly location?: string;
}

/** Options of {@link ingestVideo}. */
export interface IngestVideoOptions {
  readonly by: VideoSampling;
  /** Stores each frame's JPEG, so that the frame stays where the video goes; else frames are made from the video. */
  readonly copyFrames?: boolean;
  /** Ends it after the frames in hand are saved; the signal's reason is then thrown, and the same call does the rest. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: IngestVideoProgress) => void;
}

/** How far a video is. */
export interface IngestVideoProgress {
  readonly timeSeconds: number;
  readonly durationSeconds: number;
  readonly frames: number;
  readonly newFrames: number;
}

/** What became of a video. Everything counted here is saved. */
export interface IngestVideoReport {
  readonly sha256: string;
  /** `duplicate` where the project had the video; it may have got new frames. */
  readonly status: 'ingested' | 'duplicate';
  /** Frames that were sampled. */
  readonly frames: number;
  /** Those of them the project did not have. */
  readonly newFrames: number;
  readonly problems: readonly Problem[];
}

const BATCH_FRAMES = 32;
/** Frames that are encoded and measured at once; each holds its pixels. */
const AT_ONCE = 3;

/**
 * Takes a video into a project: its bytes into the store, its row, then its frames as pictures without labels, each with
 * its facts and thumbnail, some dozens a transaction. It may be killed at any moment: the same call again does the rest
 * and doubles nothing. Sampled again in another way, only frames that are new are added: a frame is known by its video and
 * its time, whether its bytes are stored or not.
 *
 * @throws FoveaError `unreadable_video` where not a single frame can be decoded, `no_video_decoder`, `bad_option`;
 *   StoreError `disk_full`, `home_not_writable`, `database_lost`; the signal's reason
 */
export async function ingestVideo(
  home: Home,
  projectId: number,
  video: NewVideo,
  options: IngestVideoOptions,
): Promise<IngestVideoReport> {
  try {
    return await ingest(home, projectId, video, options);
  } catch (error) {
    throw await home.explain(error);
  }
}

async function ingest(
  home: Home,
  projectId: number,
  video: NewVideo,
  { by, copyFrames = false, signal, onProgress }: IngestVideoOptions,
): Promise<IngestVideoReport> {
  const file = video.location ?? video.name;
  const facts = await probeVideo(video.path, { ...(signal && { signal }) });
  const isStored = video.sha256 !== undefined && (await home.blobs.has(video.sha256));
  const sha256 = isStored ? video.sha256! : (await home.blobs.put(video.path)).sha256;
  const sizeBytes = (await stat(video.path)).size;
  const row = await home.persist(() => insertVideo(home, projectId, { ...facts, sha256, sizeBytes, name: video.name }));
  const known = await home.persist(() => knownTimes(home, row.id));

  const problems: Problem[] = [];
  const prepared: PreparedFrame[] = [];
  let [frames, newFrames, twins, lastSeconds] = [0, 0, 0, 0];
  const flush = async (): Promise<void> => {
    const batch = prepared.splice(0);
    if (batch.length === 0) return;
    const written = await home.persist(() => writeFrames(home, projectId, row.id, batch));
    newFrames += written;
    twins += batch.length - written;
  };
  const progress = () =>
    onProgress?.({ timeSeconds: lastSeconds, durationSeconds: facts.durationSeconds, frames, newFrames });

  const running: Promise<PreparedFrame>[] = [];
  const settle = async (): Promise<void> => {
    prepared.push(await running.shift()!);
    if (prepared.length < BATCH_FRAMES) return;
    await flush();
    progress();
  };
  const finish = async (): Promise<void> => {
    while (running.length > 0) await settle();
    await flush();
    progress();
  };
  try {
    for await (const frame of sampleVideo(video.path, { by, ...(signal && { signal }) })) {
      frames++;
      lastSeconds = frame.timeSeconds;
      if (known.has(toMicros(frame.timeSeconds))) continue;
      const preparing = prepareFrame(home, sha256, video.name, frame, copyFrames);
      // Awaited later: a failure in between must not count as unhandled.
      preparing.catch(() => undefined);
      running.push(preparing);
      if (running.length >= AT_ONCE) await settle();
    }
    await finish();
    const cut = cutOff(facts, by, frames, lastSeconds);
    if (cut !== undefined) problems.push({ file, code: 'video_cut_off', reason: cut });
  } catch (error) {
    const isOfVideo = error instanceof FoveaError && error.code === 'unreadable_video' && frames > 0;
    if (!isOfVideo && !signal?.aborted) throw error;
    await finish();
    if (!isOfVideo) throw error;
    const reason = `After ${lastSeconds} s it could not be read on: ${String(error.details?.reason ?? error.message)}.`;
    problems.push({ file, code: 'unreadable_video', reason });
  }
  if (twins > 0) {
    const reason = `${twins} of its frames are in the project as pictures already, byte for byte; a picture is kept once.`;
    problems.push({ file, code: 'duplicate_picture', reason });
  }
  return { sha256, status: row.isNew ? 'ingested' : 'duplicate', frames, newFrames, problems };
}

/** What is said of a video that ends before its header says. */
function cutOff(facts: VideoFacts, by: VideoSampling, frames: number, lastSeconds: number): string | undefined {
  if (by.kind === 'all' && frames < facts.frameCount) {
    const told = facts.frameCountFrom === 'header' ? 'Its header tells of' : 'It has';
    return `${told} ${facts.frameCount} frames; ${frames} could be decoded.`;
  }
  const missingSeconds = facts.durationSeconds - lastSeconds;
  if (by.kind !== 'interval' || missingSeconds <= 2 * by.seconds + 1) return undefined;
  return `It is said to last ${facts.durationSeconds} s; its last frame that could be decoded is near ${lastSeconds} s.`;
}

interface PreparedFrame {
  readonly facts: FactsRow;
  readonly name: string;
  readonly timeSeconds: number;
}

async function prepareFrame(
  home: Home,
  videoSha256: string,
  videoName: string,
  { timeSeconds, image }: SampledFrame,
  copies: boolean,
): Promise<PreparedFrame> {
  const jpeg = await encodeFrame(image);
  const { thumbnail, ...facts } = await readFacts(jpeg);
  // Bytes are on disk before the row that names them.
  const own = copies
    ? { sha256: (await home.blobs.put(jpeg)).sha256, sizeBytes: jpeg.length }
    : { sha256: frameAddress(videoSha256, timeSeconds), sizeBytes: 0 };
  await storeThumbnail(home, own.sha256, thumbnail);
  return { facts: { ...facts, ...own }, name: frameName(videoName, timeSeconds), timeSeconds };
}

async function insertVideo(
  home: Home,
  projectId: number,
  video: VideoFacts & { readonly sha256: string; readonly sizeBytes: number; readonly name: string },
): Promise<{ id: number; isNew: boolean }> {
  const inserted = await home.pool.query<{ id: string }>(
    `insert into fovea.videos (project_id, sha256, name, format, width, height, size_bytes, duration_seconds,
       frame_count, frame_rate)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (project_id, sha256) do nothing returning id`,
    [
      projectId,
      video.sha256,
      video.name.replaceAll('\0', ''),
      video.format,
      video.width,
      video.height,
      video.sizeBytes,
      video.durationSeconds,
      // Headers may say what they like; the column holds 31 bits.
      Math.min(video.frameCount, 2 ** 31 - 1),
      video.frameRate,
    ],
  );
  if (inserted.rows[0] !== undefined) return { id: Number(inserted.rows[0].id), isNew: true };
  const { rows } = await home.pool.query<{ id: string }>(
    'select id from fovea.videos where project_id = $1 and sha256 = $2',
    [projectId, video.sha256],
  );
  return { id: Number(rows[0]!.id), isNew: false };
}

/** When the frames are shown that the project has of a video, in microseconds. */
async function knownTimes(home: Home, videoId: number): Promise<Set<number>> {
  const { rows } = await home.pool.query<{ time_seconds: number }>(
    'select time_seconds from fovea.media where video_id = $1',
    [videoId],
  );
  return new Set(rows.map((row) => toMicros(row.time_seconds)));
}

/** Writes frames and their facts in one transaction. @returns how many are new in the project */
async function writeFrames(
  home: Home,
  projectId: number,
  videoId: number,
  frames: readonly PreparedFrame[],
): Promise<number> {
  const first = new Map<string, PreparedFrame>();
  for (const frame of frames) if (!first.has(frame.facts.sha256)) first.set(frame.facts.sha256, frame);
  // In one order everywhere: two ingests at once must not wait for each other.
  const rows = [...first.values()].sort((a, b) => (a.facts.sha256 < b.facts.sha256 ? -1 : 1));
  return home.transaction(async (client: DatabaseClient) => {
    await writeFacts(
      client,
      rows.map(({ facts }) => facts),
    );
    const inserted = await client.query(
      `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled, boxed, video_id,
         time_seconds)
       select $1, f.sha256, f.name, f.width, f.height, 'jpeg', f.size_bytes, false, false, $2, f.time_seconds
       from unnest($3::text[], $4::text[], $5::integer[], $6::integer[], $7::bigint[], $8::double precision[])
         as f (sha256, name, width, height, size_bytes, time_seconds)
       order by f.time_seconds
       on conflict (project_id, sha256) do nothing`,
      [
        projectId,
        videoId,
        rows.map(({ facts }) => facts.sha256),
        rows.map(({ name }) => name.replaceAll('\0', '')),
        rows.map(({ facts }) => facts.width),
        rows.map(({ facts }) => facts.height),
        rows.map(({ facts }) => facts.sizeBytes),
        rows.map(({ timeSeconds }) => timeSeconds),
      ],
    );
    return inserted.rowCount ?? 0;
  });
}
