import { FoveaError } from '@fovea/annotations';
import type { Problem } from '@fovea/formats';
import { type Home, StoreError } from '@fovea/store';
import type { Source, SourceItem } from '../sources/index.js';
import type { IngestVideoReport } from '../video/ingest-video.js';
import { type KnownSource, type SeenSource, writeSeenSources } from './known-sources.js';
import type { StowedPicture } from './picture-pool.js';
import { type TakenPicture, writeTaken } from './write-pictures.js';

/** What an ingest did. Everything counted here is saved. */
export interface IngestReport {
  /** Pictures that are new in the project. */
  readonly ingested: number;
  /** Pictures and videos the project had already: the same bytes, or a file that has not changed since it was read. */
  readonly duplicates: number;
  /** Of `duplicates`, those that were not even read. */
  readonly unchanged: number;
  /** Pictures and videos left out; each is a problem too. */
  readonly skipped: number;
  /** Videos that are new. */
  readonly videos: number;
  /** Frames of videos that are new. */
  readonly frames: number;
  /** Files that are neither picture nor video, by their ending. */
  readonly ignored: Readonly<Record<string, number>>;
  /** Everything left out, with its path and why: the first ten thousand. */
  readonly problems: readonly Problem[];
  /** Problems beyond those. */
  readonly furtherProblems: number;
  /** Ended by `signal` before the end: the same ingest again does the rest. */
  readonly stopped: boolean;
}

/** How far an ingest is. How much there is in all is not known before the end. */
export type IngestProgress = Pick<IngestReport, 'ingested' | 'duplicates' | 'skipped' | 'videos' | 'frames'> & {
  /** Pictures and videos looked at. */
  readonly done: number;
};

/** What a source itself counts. */
export type SourceCounts = Pick<Source, 'skipped' | 'ignored' | 'problems' | 'furtherProblems'>;

const BATCH = 64;
const MAX_PROBLEMS = 10_000;

/** What came of each item, written down in batches. */
export interface Tally {
  unchanged(item: SourceItem, known: KnownSource): void;
  /** Waits while two batches are not written yet. */
  taken(item: SourceItem, picture: StowedPicture): Promise<void>;
  /** Rethrows what is not about this one item. */
  failed(item: SourceItem, error: unknown): undefined;
  framesSoFar(newFrames: number): void;
  video(item: SourceItem, done: IngestVideoReport): Promise<void>;
  /** Remembers a problem that is about no item. */
  tell(problem: Problem): void;
  flush(): Promise<void>;
  report(): Omit<IngestReport, 'stopped'>;
}

export function openTally(
  home: Home,
  projectId: number,
  source: SourceCounts,
  onProgress?: (progress: IngestProgress) => void,
): Tally {
  const counts = { ingested: 0, duplicates: 0, unchanged: 0, skipped: 0, videos: 0, frames: 0, done: 0 };
  const problems: Problem[] = [];
  let further = 0;
  let framesOfVideo = 0;
  let taken: TakenPicture[] = [];
  let seen: SeenSource[] = [];
  let writing: Promise<void> = Promise.resolve();
  let pending = 0;

  const tell = (problem: Problem) => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
    else further++;
  };
  const progress = () => {
    const { ingested, duplicates, skipped, videos, frames, done } = counts;
    onProgress?.({
      ingested,
      duplicates,
      skipped: skipped + source.skipped,
      videos,
      frames: frames + framesOfVideo,
      done,
    });
  };
  const write = (): Promise<void> => {
    const [pictures, others] = [taken, seen];
    if (pictures.length === 0 && others.length === 0) return writing;
    taken = [];
    seen = [];
    pending++;
    writing = writing.then(async () => {
      const fresh = await home.persist(() => writeTaken(home, projectId, pictures, others));
      for (const isNew of fresh) counts[isNew ? 'ingested' : 'duplicates']++;
      pending--;
      progress();
    });
    // Awaited by whoever waits for room, or at the end.
    writing.catch(() => undefined);
    return writing;
  };
  const sourceOf = (item: SourceItem, sha256: string): SeenSource | undefined =>
    item.fingerprint === null ? undefined : { location: item.location, fingerprint: item.fingerprint, sha256 };
  const skip = (item: SourceItem, problem: Pick<Problem, 'code' | 'reason'>) => {
    counts.done++;
    counts.skipped++;
    tell({ file: item.location, code: problem.code, reason: problem.reason });
  };

  return {
    tell,
    unchanged: (item, known) => {
      if (known.problem !== null) return skip(item, known.problem);
      counts.done++;
      counts.unchanged++;
      counts.duplicates++;
      if (counts.done % 1000 === 0) progress();
    },
    taken: async (item, facts) => {
      counts.done++;
      taken.push({ facts, name: item.name, source: sourceOf(item, facts.sha256) });
      if (taken.length + seen.length < BATCH) return;
      const written = write();
      if (pending > 2) await written;
    },
    failed: (item, error) => {
      if (!isAboutItem(error)) throw error;
      const reason = String(error.details?.reason ?? error.message);
      const problem = { code: error.code, reason: `Skipped: ${reason.replace(/\.$/, '')}.` };
      skip(item, problem);
      // What a network or a disk did once it need not do again; a picture that is broken stays so.
      if (item.fingerprint !== null && /^unreadable_(image|video)$/.test(error.code)) {
        seen.push({ location: item.location, fingerprint: item.fingerprint, sha256: null, problem });
      }
      progress();
      return undefined;
    },
    framesSoFar: (newFrames) => {
      framesOfVideo = newFrames;
      progress();
    },
    video: async (item, done) => {
      framesOfVideo = 0;
      counts.done++;
      counts.frames += done.newFrames;
      counts[done.status === 'ingested' ? 'videos' : 'duplicates']++;
      for (const problem of done.problems) tell(problem);
      const of = sourceOf(item, done.sha256);
      if (of) await home.persist(() => home.transaction((client) => writeSeenSources(client, projectId, [of])));
      progress();
    },
    flush: async () => {
      write();
      await writing;
    },
    report: () => ({
      ingested: counts.ingested,
      duplicates: counts.duplicates,
      unchanged: counts.unchanged,
      skipped: counts.skipped + source.skipped,
      videos: counts.videos,
      frames: counts.frames,
      ignored: Object.fromEntries(source.ignored),
      problems: [...source.problems, ...problems].slice(0, MAX_PROBLEMS),
      furtherProblems:
        further + source.furtherProblems + Math.max(0, source.problems.length + problems.length - MAX_PROBLEMS),
    }),
  };
}

/** Codes of what is wrong with the home or with everything, not with one picture. */
const GENERAL = new Set([
  'disk_full',
  'home_not_writable',
  'storage_unreachable',
  'database_lost',
  'database_unreachable',
  'picture_worker_failed',
  'no_video_decoder',
]);

function isAboutItem(error: unknown): error is FoveaError | StoreError {
  return (error instanceof FoveaError || error instanceof StoreError) && !GENERAL.has(error.code);
}
