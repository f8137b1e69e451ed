import { ApiError, type Client, type NewBoxAnnotation } from '@fovea/api';
import { type FormatName, loadLabelMapBytes, loadPicture, type ParsedDataset, parseDataset } from '@fovea/formats';
import { importDataset } from '@fovea/lake';
import { concurrent } from '../concurrent.js';
import { done, type Outcome, stopped } from '../outcome.js';
import { type Problem, sayProblems } from '../problems.js';
import { type CommonOptions, remoteOf, type Session, withHome } from '../session.js';

/** Options of `fovea import`. */
export interface ImportOptions extends CommonOptions {
  readonly project: string;
  readonly format?: FormatName;
  /** By number, for labels that name none. */
  readonly classNames?: readonly string[];
}

interface Report {
  readonly imported: number;
  readonly duplicates: number;
  readonly skipped: number;
  readonly annotations: number;
  readonly classified: number;
  readonly labelMaps: number;
  readonly classes: readonly string[];
  readonly problems: readonly Problem[];
  readonly stopped: boolean;
}

/** Pictures uploaded at once. */
const uploads = 4;

/** `fovea import <path>`: reads a labelled folder into a project of the home or of a server. */
export async function importCommand(path: string, options: ImportOptions, session: Session): Promise<Outcome> {
  const parsed = await parseDataset(path, options.format, options.classNames && { classNames: options.classNames });
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
  const { imported, duplicates, skipped, annotations, classified, labelMaps, classes, problems } = report;
  const json = {
    project: options.project,
    format: parsed.format,
    imported,
    duplicates,
    skipped,
    annotations,
    classified,
    labelMaps,
    classes,
    problems,
    stopped: report.stopped,
  };
  const lines = [
    `Imported ${imported} pictures with ${sayLabels(report)} into ${options.project}: ${duplicates} were there already, ${skipped} were skipped.`,
    `Classes: ${classes.join(', ') || 'none'}`,
    ...sayProblems(problems),
  ];
  if (report.stopped) return stopped(json, [...lines, 'Stopped before the end: the same command imports the rest.']);
  return done(json, lines);
}

/** "440 annotations", "classes of 245 pictures", "701 label maps": each where there are some, else that there are no annotations. */
function sayLabels({ annotations, classified, labelMaps }: Report): string {
  const kinds = [
    ...(annotations > 0 || classified + labelMaps === 0 ? [`${annotations} annotations`] : []),
    ...(classified > 0 ? [`classes of ${classified} pictures`] : []),
    ...(labelMaps > 0 ? [`${labelMaps} label maps`] : []),
  ];
  return kinds.join(', ');
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
  const before = (await client.getProject(project)).counts;
  await concurrent(
    parsed.pictures,
    uploads,
    async (picture) => {
      try {
        const file = new Blob([new Uint8Array(await loadPicture(picture))]);
        const answer = await client.uploadMedia(
          project,
          {
            file,
            name: picture.name,
            split: picture.split,
            // Other labels say nothing of boxes; and what values no class has was told when the folder was read.
            annotations:
              (picture.boxed ??
              (picture.labelled && (picture.annotations.length > 0 || !(picture.classNames || picture.labelMap))))
                ? picture.annotations.map(({ source: _, ...annotation }) => annotation as NewBoxAnnotation)
                : undefined,
            classes: picture.classNames,
            labelMap: picture.labelMap && {
              file: new Blob([new Uint8Array(await loadLabelMapBytes(picture.labelMap))]),
              classNames: parsed.classNames,
            },
          },
          { signal: session.signal },
        );
        counts[answer.status === 'imported' ? 'imported' : 'duplicates'] += 1;
        problems.push(...answer.problems.filter(({ code }) => !(picture.labelMap && code === 'unknown_class')));
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
    annotations: after.counts.annotations - before.annotations,
    classified: after.counts.classified - before.classified,
    labelMaps: after.counts.labelMaps - before.labelMaps,
    classes: after.classes.map((each) => each.name),
    problems,
    stopped: counts.done < parsed.pictures.length,
  };
}
