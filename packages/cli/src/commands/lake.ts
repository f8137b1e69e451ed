import { type Amount, collectGarbage, type GarbageProgress } from '@fovea/lake';
import { done, type Outcome, stopped } from '../outcome.js';
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
