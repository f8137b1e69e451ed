import { readFile } from 'node:fs/promises';
import { ApiError, type Client } from '@fovea/api';
import { type FormatName, importDataset, type ParsedDataset, parseDataset } from '@fovea/lake';
import { concurrent } from '../concurrent.js';
import { done, type Outcome, stopped } from '../outcome.js';
import { type Problem, sayProblems } from '../problems.js';
import { type CommonOptions, remoteOf, type Session, withHome } from '../session.js';

/** Options of `fovea import`. */
export interface ImportOptions extends CommonOptions {
  readonly project: string;
  readonly format?: FormatName;
}

interface Report {
  readonly imported: number;
  readonly duplicates: number;
  readonly skipped: number;
  readonly annotations: number;
  readonly classes: readonly string[];
  readonly problems: readonly Problem[];
  readonly stopped: boolean;
}

/** Pictures uploaded at once. */
const uploads = 4;

/** `fovea import <path>`: reads a labelled folder into a project of the home or of a server. */
export async function importCommand(path: string, options: ImportOptions, session: Session): Promise<Outcome> {
  const parsed = await parseDataset(path, options.format);
  session.terminal.say(`${path}: ${parsed.pictures.length} pictures, labels as ${parsed.format}`);
  const client = remoteOf(options);
  const report = client
    ? await upload(client, options.project, parsed, session)
    : await withHome(options, session, (home) =>
        importDataset(home, options.project, parsed, {
          signal: session.signal,
          onProgress: (at) => session.terminal.progress({ done: at.done, total: at.total, text: tell(at) }),
        }),
      );
  session.terminal.endProgress();
  const { imported, duplicates, skipped, annotations, classes, problems } = report;
  const json = {
    project: options.project,
    format: parsed.format,
    imported,
    duplicates,
    skipped,
    annotations,
    classes,
    problems,
    stopped: report.stopped,
  };
  const lines = [
    `Imported ${imported} pictures with ${annotations} annotations into ${options.project}: ${duplicates} were there already, ${skipped} were skipped.`,
    `Classes: ${classes.join(', ') || 'none'}`,
    ...sayProblems(problems),
  ];
  if (report.stopped) return stopped(json, [...lines, 'Stopped before the end: the same command imports the rest.']);
  return done(json, lines);
}

function tell(at: { imported: number; duplicates: number; skipped: number }): string {
  return `${at.imported} imported, ${at.duplicates} there already, ${at.skipped} skipped`;
}

/** Problems by which the label files name a picture that is not imported; local imports count them alike. */
const pictureSkipped = new Set(['path_outside', 'missing_picture', 'link_skipped', 'ambiguous_picture']);

async function upload(client: Client, project: string, parsed: ParsedDataset, session: Session): Promise<Report> {
  const problems: Problem[] = [...parsed.problems];
  const counts = { imported: 0, duplicates: 0, skipped: 0, annotations: 0, done: 0 };
  counts.skipped = problems.filter((problem) => pictureSkipped.has(problem.code)).length;
  await client.createProject({ name: project }).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.code === 'project_exists')) throw error;
  });
  const before = (await client.getProject(project)).counts.annotations;
  await concurrent(
    parsed.pictures,
    uploads,
    async (picture) => {
      try {
        const file = new Blob([new Uint8Array(await readFile(picture.path))]);
        const answer = await client.uploadMedia(
          project,
          {
            file,
            name: picture.name,
            split: picture.split,
            annotations: picture.labelled
              ? picture.annotations.map(({ className, box, isCrowd }) => ({ className, box: [...box], isCrowd }))
              : undefined,
          },
          { signal: session.signal },
        );
        counts[answer.status === 'imported' ? 'imported' : 'duplicates'] += 1;
        problems.push(...answer.problems);
      } catch (error) {
        // A picture that is no picture is skipped; whatever else goes wrong ends the import.
        const code = (error as { code?: string }).code;
        if (
          !(error instanceof ApiError && ['unreadable_image', 'too_large', 'invalid_form'].includes(error.code)) &&
          code !== 'ENOENT'
        ) {
          throw error;
        }
        counts.skipped += 1;
        problems.push({ file: picture.name, code: code ?? 'unreadable_image', reason: (error as Error).message });
      }
      counts.done += 1;
      session.terminal.progress({ done: counts.done, total: parsed.pictures.length, text: tell(counts) });
    },
    session.signal,
  );
  const after = await client.getProject(project);
  return {
    ...counts,
    annotations: after.counts.annotations - before,
    classes: after.classes.map((each) => each.name),
    problems,
    stopped: counts.done < parsed.pictures.length,
  };
}
