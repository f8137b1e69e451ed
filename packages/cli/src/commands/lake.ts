import { type Amount, collectGarbage, type GarbageProgress, rebuildLake } from '@fovea/lake';
import { done, type Outcome, stopped } from '../outcome.js';
import { sayProblems } from '../problems.js';
import { type CommonOptions, type Session, withHome } from '../session.js';

/** Options of `fovea lake gc`. */
export interface CollectOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly graceDays?: number;
}

const phases: Readonly<Record<GarbageProgress['phase'], string>> = {
  snapshots: 'reading what snapshots name',
  pictures: 'pictures that were taken out',
  files: 'listing what is stored',
  removing: 'files that nothing names',
};

/** `fovea lake gc`: removes what nothing needs any more. */
export async function collectCommand(options: CollectOptions, session: Session): Promise<Outcome> {
  const { dryRun = false, graceDays = 7 } = options;
  const report = await withHome(options, session, (home) =>
    collectGarbage(home, {
      dryRun,
      graceDays,
      signal: session.signal,
      onProgress: ({ phase, ...at }) => session.terminal.progress({ ...at, text: phases[phase] }),
    }),
  );
  session.terminal.endProgress();
  const files = ({ count, bytes }: Readonly<Amount>) => `${count} (${(bytes / 1e6).toFixed(1)} MB)`;
  const { blobs, kept, pictures, videos, facts, thumbnails, caches, leftovers } = report;
  const lines = [
    `${dryRun ? 'Would remove' : 'Removed'} ${files(blobs)} files that nothing names, ${pictures} pictures that were taken out, ` +
      `${videos} videos, facts of ${facts} pictures, ${files(thumbnails)} thumbnails, ${files(caches)} caches, ${files(leftovers)} folders of runs.`,
    ...(kept.count > 0 ? [`${files(kept)} files that nothing names are too young to go.`] : []),
    ...(report.stopped ? ['Stopped before the end: the same command does the rest.'] : []),
  ];
  return (report.stopped ? stopped : done)({ ...report }, lines);
}

/** Options of `fovea lake rebuild`. */
export interface RebuildCommandOptions extends CommonOptions {
  readonly project?: string;
  readonly facts?: boolean;
}

/** `fovea lake rebuild`: makes anew what is derived. */
export async function rebuildCommand(options: RebuildCommandOptions, session: Session): Promise<Outcome> {
  const report = await withHome(options, session, (home) =>
    rebuildLake(home, {
      ...(options.project !== undefined && { project: options.project }),
      facts: options.facts ?? false,
      signal: session.signal,
      onProgress: (at) => session.terminal.progress(at),
    }),
  );
  session.terminal.endProgress();
  const { mirrors, facts, failed, problems } = report;
  return done({ ...report }, [
    `Made ${mirrors} ${mirrors === 1 ? 'mirror' : 'mirrors'} anew; read the facts of ${facts} pictures, ${failed} could not be read.`,
    ...sayProblems(problems),
  ]);
}
