import type { Job } from '@fovea/api';

/** What a job of the lake tells of how far it is; all parts that it does not tell are undefined. */
export interface JobProgress {
  readonly done?: number;
  /** Known only of work over a project's pictures. */
  readonly total?: number;
  readonly failed?: number;
  readonly ingested?: number;
  readonly duplicates?: number;
  readonly skipped?: number;
  readonly videos?: number;
  readonly frames?: number;
  readonly problems?: readonly { readonly file: string; readonly reason: string }[];
  readonly furtherProblems?: number;
}

/** What a job was asked for, as far as it says. */
export interface JobSubject {
  readonly project?: string;
  readonly model?: string;
  readonly source?: string;
  readonly runId?: string;
}

/** A job's own words about how far it is, whatever it told. */
export function readProgress({ progress }: Pick<Job, 'progress'>): JobProgress {
  if (typeof progress !== 'object' || progress === null) return {};
  const told = progress as Record<string, unknown>;
  const number = (name: string) => (typeof told[name] === 'number' ? (told[name] as number) : undefined);
  const problems = Array.isArray(told.problems)
    ? (told.problems as Record<string, unknown>[]).map(({ file, name, reason }) => ({
        // Where the server keeps what was sent to it says nothing to a reader.
        file: String(file ?? name ?? '').replace(/^.*\/uploads\/[0-9a-f-]{36}\//, ''),
        reason: String(reason ?? ''),
      }))
    : undefined;
  return {
    done: number('done'),
    total: number('total'),
    failed: number('failed'),
    ingested: number('ingested'),
    duplicates: number('duplicates'),
    skipped: number('skipped'),
    videos: number('videos'),
    frames: number('frames'),
    problems,
    furtherProblems: number('furtherProblems'),
  };
}

/** What a job is about. */
export function readSubject({ data }: Pick<Job, 'data'>): JobSubject {
  if (typeof data !== 'object' || data === null) return {};
  const asked = data as Record<string, unknown>;
  const text = (name: string) => (typeof asked[name] === 'string' ? (asked[name] as string) : undefined);
  return { project: text('project'), model: text('model'), source: text('source'), runId: text('runId') };
}

/** How much of a job is done, from 0 to 1; undefined where nobody can tell. */
export function shareOf({ done, total }: JobProgress): number | undefined {
  return done === undefined || total === undefined || total === 0 ? undefined : done / total;
}
