import { createWriteStream } from 'node:fs';
import { lstat, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Home } from '@fovea/store';
import { ensureProject } from '../project.js';
import { type Source, type SourceItem, type WatchableSource, watchFolder } from '../sources/index.js';
import { ingestVideo } from '../video/ingest-video.js';
import type { VideoSampling } from '../video/sample-video.js';
import { type KnownSource, knownBelow, loadKnownSources, markGone } from './known-sources.js';
import { type Limit, openLimit } from './limit.js';
import { type PicturePool, picturePoolOf, type RawPath } from './picture-pool.js';
import { type IngestProgress, type IngestReport, openTally, type Tally } from './tally.js';

/** Options of {@link ingest}. */
export interface IngestOptions {
  /** Which frames of a video become pictures; default one a second. */
  readonly sampling?: VideoSampling;
  /** Whether frames are stored as pictures of their own; otherwise they are read from their video when needed. */
  readonly copyFrames?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: IngestProgress) => void;
}

/** Options of {@link watchSource}. */
export interface WatchSourceOptions extends IngestOptions {
  readonly signal: AbortSignal;
  /** Told when all that was there at first is taken in, with what came of it. */
  readonly onReady?: (report: IngestReport) => void;
}

/** What a watch did in all. */
export interface WatchReport extends IngestReport {
  /** Files that are no longer in the folder. Their pictures stay. */
  readonly gone: number;
}

const LOOK_AT_ONCE = 256;
/** Bytes of pictures from streams that are held at once. */
const MAX_HELD_BYTES = 256 * 2 ** 20;

/**
 * Takes in what a source has: each picture is read and decoded once, its bytes are on disk before anything says so, its
 * row, its facts and where it came from are written together. Killed at any moment, the same ingest again does the rest;
 * what has not changed since costs a look. Two at once on the same source do each picture once.
 *
 * @throws FoveaError `bad_name`; StoreError `disk_full`, `home_not_writable`, `storage_unreachable`, `database_lost`
 */
export async function ingest(
  home: Home,
  projectName: string,
  source: Source,
  options: IngestOptions = {},
): Promise<IngestReport> {
  const intake = await openIntake(home, projectName, source, options);
  return intake.finish(async () => {
    for await (const items of lookedAtTogether(source.items(options.signal))) await intake.take(items);
  });
}

/**
 * Takes in a folder and keeps the project in step with it until told to stop: what comes or changes is taken in; of what
 * goes, it is remembered that it went, and its picture stays.
 *
 * @throws FoveaError `not_watchable`, and as {@link ingest}
 */
export async function watchSource(
  home: Home,
  projectName: string,
  source: WatchableSource,
  options: WatchSourceOptions,
): Promise<WatchReport> {
  const intake = await openIntake(home, projectName, source, options);
  let gone = 0;
  const report = await intake.finish(async () => {
    gone += await markMissing(home, intake.projectId, source.root);
    for await (const items of lookedAtTogether(source.items(options.signal))) await intake.take(items);
    await intake.settle();
    options.onReady?.({ ...intake.tally.report(), stopped: false });
    await watchFolder(source, {
      signal: options.signal,
      onProblem: (problem) => intake.tally.tell(problem),
      onChange: async ({ added, changed, removed }) => {
        // The watch begins with all that is there: what has not changed since was counted before.
        await intake.take([...added, ...changed], true);
        await intake.settle();
        const locations = removed.map(({ location }) => location);
        gone += await home.persist(() => markGone(home, intake.projectId, locations));
      },
    });
  });
  return { ...report, gone };
}

/** What went while nobody watched: each location known below the folder is looked at once. */
async function markMissing(home: Home, projectId: number, root: string): Promise<number> {
  let gone = 0;
  for await (const locations of knownBelow(home, projectId, root)) {
    const found = await Promise.all(
      locations.map((location) =>
        lstat(location).then(
          () => true,
          (error: NodeJS.ErrnoException) => error.code !== 'ENOENT' && error.code !== 'ENOTDIR',
        ),
      ),
    );
    gone += await markGone(
      home,
      projectId,
      locations.filter((_, at) => !found[at]),
    );
  }
  return gone;
}

/** What both ways of taking in share. */
interface Intake {
  readonly projectId: number;
  readonly tally: Tally;
  /** @param isSeenBefore - what has not changed is not counted again */
  take(items: readonly SourceItem[], isSeenBefore?: boolean): Promise<void>;
  /** All that was taken is written. */
  settle(): Promise<void>;
  /** Runs `work`, writes what came of it even where it fails, and lets go of everything. */
  finish(work: () => Promise<void>): Promise<IngestReport>;
}

async function openIntake(home: Home, projectName: string, source: Source, options: IngestOptions): Promise<Intake> {
  const projectId = await ensureProject(home, projectName);
  const { signal } = options;
  const pool = picturePoolOf(home);
  const tally = openTally(home, projectId, source, options.onProgress);
  const limit = openLimit(pool.size * 2 + 2, MAX_HELD_BYTES);
  const settle = async () => {
    await limit.idle();
    await tally.flush();
  };
  return {
    projectId,
    tally,
    settle,
    take: async (items, isSeenBefore = false) => {
      const locations = items.map(({ location }) => location);
      const known = await home.persist(() => loadKnownSources(home, projectId, locations));
      for (const item of items) {
        signal?.throwIfAborted();
        const taking = { home, projectId, pool, limit, tally, options, isSeenBefore };
        await takeItem(taking, item, known.get(item.location));
      }
    },
    finish: async (work) => {
      let stopped = false;
      try {
        await work();
        await settle();
      } catch (error) {
        // What is on disk already is worth its row, if a row can be written at all.
        await settle().catch(() => undefined);
        if (!signal?.aborted) throw await home.explain(error);
        stopped = true;
      }
      return { ...tally.report(), stopped };
    },
  };
}

/** Items in groups whose locations are looked up together; one that passes by in a stream comes alone. */
async function* lookedAtTogether(items: AsyncIterable<SourceItem>): AsyncGenerator<SourceItem[]> {
  let waiting: SourceItem[] = [];
  for await (const item of items) {
    waiting.push(item);
    if (!item.isPassing && waiting.length < LOOK_AT_ONCE) continue;
    yield waiting;
    waiting = [];
  }
  if (waiting.length > 0) yield waiting;
}

interface Taking {
  readonly home: Home;
  readonly projectId: number;
  readonly pool: PicturePool;
  readonly limit: Limit;
  readonly tally: Tally;
  readonly options: IngestOptions;
  readonly isSeenBefore: boolean;
}

async function takeItem(taking: Taking, item: SourceItem, known: KnownSource | undefined): Promise<void> {
  const { pool, limit, tally } = taking;
  const isSame = known !== undefined && item.fingerprint !== null && known.fingerprint === item.fingerprint;
  if (isSame && (known.problem !== null || known.isPresent)) {
    if (!taking.isSeenBefore) tally.unchanged(item, known);
  } else if (item.kind === 'video') {
    await takeVideo(taking, item);
  } else if (item.isPassing) {
    const bytes = await readAll(item).catch((error: unknown) => tally.failed(item, error));
    if (bytes) await limit.run(bytes.length, () => takePicture(pool, item, bytes, tally));
  } else {
    await limit.run(item.path === undefined ? (item.sizeBytes ?? 0) : 0, async () => {
      const input = await inputOf(item).catch((error: unknown) => tally.failed(item, error));
      if (input) await takePicture(pool, item, input, tally);
    });
  }
}

async function inputOf(item: SourceItem): Promise<string | RawPath | Uint8Array> {
  if (typeof item.path === 'string') return item.path;
  if (item.path !== undefined) return { rawPath: item.path };
  return readAll(item);
}

async function readAll(item: SourceItem): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of await item.open()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function takePicture(
  pool: PicturePool,
  item: SourceItem,
  input: string | RawPath | Uint8Array,
  tally: Tally,
): Promise<void> {
  const stowed = await pool.stow(input).catch((error: unknown) => tally.failed(item, error));
  if (stowed) await tally.taken(item, stowed);
}

/** Videos one after another: each keeps the decoder and the disk busy by itself. */
async function takeVideo({ home, projectId, tally, options }: Taking, item: SourceItem): Promise<void> {
  const spool = await mkdtemp(join(home.path, 'tmp', 'video-'));
  try {
    const path = typeof item.path === 'string' ? item.path : join(spool, 'video');
    if (path !== item.path) await pipeline(await item.open(), createWriteStream(path));
    const done = await ingestVideo(
      home,
      projectId,
      { path, name: item.name, location: item.location },
      {
        by: options.sampling ?? { kind: 'interval', seconds: 1 },
        copyFrames: options.copyFrames,
        signal: options.signal,
        onProgress: ({ newFrames }) => tally.framesSoFar(newFrames),
      },
    );
    await tally.video(item, done);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    tally.failed(item, error);
  } finally {
    await rm(spool, { recursive: true, force: true });
  }
}
