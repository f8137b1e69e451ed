import { resolve } from 'node:path';
import type { FormatName } from '@fovea/formats';
import { exportDataset } from '@fovea/lake';
import { done, type Outcome } from '../outcome.js';
import { sayProblems } from '../problems.js';
import { type CommonOptions, type Session, withHome } from '../session.js';

/** Options of `fovea export`. */
export interface ExportCommandOptions extends Omit<CommonOptions, 'server'> {
  readonly project: string;
  readonly format: FormatName;
  readonly out: string;
  readonly snapshot?: string;
  readonly pictures?: 'copy' | 'link' | 'none';
}

/** `fovea export`: a project or a snapshot as a data set of some format. */
export async function exportCommand(options: ExportCommandOptions, session: Session): Promise<Outcome> {
  const { project, format, snapshot, pictures } = options;
  const folder = resolve(options.out);
  const report = await withHome(options, session, (home) =>
    exportDataset(home, project, {
      format,
      folder,
      ...(snapshot !== undefined && { snapshot }),
      ...(pictures !== undefined && { pictures }),
      signal: session.signal,
      onProgress: (at) => session.terminal.progress({ ...at, text: 'pictures written' }),
    }),
  );
  session.terminal.endProgress();
  const dropped = Object.entries(report.dropped).map(([code, count]) => `${count} ${code.replaceAll('_', ' ')}`);
  return done({ project, format, out: folder, ...(snapshot && { snapshot }), ...report }, [
    `Wrote ${report.pictures} pictures with ${report.annotations} annotations as ${format} to ${folder}.`,
    ...(dropped.length > 0 ? [`What ${format} cannot say: ${dropped.join(', ')}.`] : []),
    ...sayProblems(report.problems),
  ]);
}
