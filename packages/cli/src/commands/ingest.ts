import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError, type Client } from '@fovea/api';
import {
  type IngestProgress,
  type IngestReport,
  ingest,
  openSource,
  type SourceItem,
  type VideoSampling,
  watchSource,
} from '@fovea/lake';
import { concurrent } from '../concurrent.js';
import { done, type Outcome, stopped } from '../outcome.js';
import { sayProblems } from '../problems.js';
import { type CommonOptions, homeFolder, remoteOf, type Session, withHome } from '../session.js';

/** Options of `fovea ingest`. */
export interface IngestCommandOptions extends CommonOptions {
  readonly project: string;
  readonly watch?: boolean;
  readonly every?: number;
  readonly scenes?: boolean;
  readonly allFrames?: boolean;
  readonly copyFrames?: boolean;
  readonly allowPrivateAddresses?: boolean;
}

/** Pictures uploaded at once. */
const uploads = 4;

/** `fovea ingest <source>`: takes pictures and videos into a project of the home or of a server. */
export async function ingestCommand(spec: string, options: IngestCommandOptions, session: Session): Promise<Outcome> {
  const client = remoteOf(options);
  return client ? toServer(spec, client, options, session) : toHome(spec, options, session);
}

function samplingOf({ every, scenes, allFrames }: IngestCommandOptions): VideoSampling {
  if (allFrames) return { kind: 'all' };
  return scenes ? { kind: 'scenes' } : { kind: 'interval', seconds: every ?? 1 };
}

async function toHome(spec: string, options: IngestCommandOptions, session: Session): Promise<Outcome> {
  const { terminal, signal } = session;
  return withHome(options, session, async (home) => {
    const source = await openSource(spec, {
      tmpFolder: join(home.path, 'tmp'),
      allowPrivate: options.allowPrivateAddresses ?? false,
    });
    try {
      const given = {
        sampling: samplingOf(options),
        copyFrames: options.copyFrames ?? false,
        signal,
        onProgress: (at: IngestProgress) => terminal.progress({ done: at.done, total: 0, text: tell(at) }),
      };
      if (!options.watch) return outcomeOf(options.project, await ingest(home, options.project, source, given));
      const report = await watchSource(home, options.project, source, {
        ...given,
        onReady: (first) => {
          terminal.endProgress();
          for (const line of linesOf(options.project, first)) terminal.say(line);
          terminal.say(`Watching ${source.root}. Ctrl-C ends it.`);
        },
      });
      const outcome = outcomeOf(options.project, { ...report, stopped: false });
      return { ...outcome, json: { ...outcome.json, gone: report.gone } };
    } finally {
      await source.close();
    }
  });
}

/** Pictures go one by one; what takes the server longer to read than to receive goes as a whole, to be a job there. */
async function toServer(
  spec: string,
  client: Client,
  options: IngestCommandOptions,
  session: Session,
): Promise<Outcome> {
  const { terminal, signal } = session;
  if (options.watch) {
    const problem = 'A folder is watched where the home is: run it there without --server.';
    throw Object.assign(new Error(problem), { code: 'bad_option' });
  }
  const source = await openSource(spec, {
    tmpFolder: homeFolder(options),
    allowPrivate: options.allowPrivateAddresses ?? false,
  });
  const counts = { ingested: 0, duplicates: 0, skipped: 0, videos: 0, frames: 0, done: 0 };
  const problems: IngestReport['problems'][number][] = [];
  await client.createProject({ name: options.project }).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.code === 'project_exists')) throw error;
  });
  const send = async (item: SourceItem): Promise<void> => {
    try {
      const file = new Blob([new Uint8Array(await bytesOf(item))]);
      const { status } = await client.uploadMedia(options.project, { file, name: item.name }, { signal });
      counts[status === 'imported' ? 'ingested' : 'duplicates']++;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const isItsOwn = ['unreadable_image', 'unreadable_file', 'too_large', 'invalid_form', 'broken_archive'];
      if (code === undefined || !isItsOwn.includes(code)) throw error;
      counts.skipped++;
      problems.push({ file: item.location, code, reason: message });
    }
    counts.done++;
    terminal.progress({ done: counts.done, total: 0, text: tell(counts) });
  };
  try {
    let batch: SourceItem[] = [];
    const flush = async () => {
      const items = batch;
      batch = [];
      await concurrent(items, uploads, send, signal);
    };
    for await (const item of source.items(signal)) {
      if (item.kind === 'video') {
        counts.skipped++;
        problems.push({
          file: item.location,
          code: 'video_not_sent',
          reason: 'Videos are ingested where the home is, or dropped onto the data page in a browser; skipped.',
        });
      } else if (item.isPassing) await send(item);
      else if (batch.push(item) >= 4 * uploads) await flush();
    }
    await flush();
  } finally {
    await source.close();
  }
  return outcomeOf(options.project, {
    ...counts,
    unchanged: 0,
    skipped: counts.skipped + source.skipped,
    ignored: Object.fromEntries(source.ignored),
    problems: [...source.problems, ...problems],
    furtherProblems: source.furtherProblems,
    stopped: signal.aborted,
  });
}

async function bytesOf(item: SourceItem): Promise<Uint8Array> {
  if (item.path !== undefined) return readFile(item.path);
  const chunks: Buffer[] = [];
  for await (const chunk of await item.open()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function tell(at: Pick<IngestReport, 'ingested' | 'duplicates' | 'skipped' | 'frames'>): string {
  const frames = at.frames > 0 ? `, ${at.frames} frames` : '';
  return `${at.ingested} pictures ingested${frames}, ${at.duplicates} there already, ${at.skipped} skipped`;
}

function outcomeOf(project: string, report: IngestReport): Outcome {
  const json = { project, ...report };
  const lines = linesOf(project, report);
  if (!report.stopped) return done(json, lines);
  return stopped(json, [...lines, 'Stopped before the end: the same command does the rest.']);
}

function linesOf(project: string, report: IngestReport): string[] {
  const { ingested, duplicates, unchanged, skipped, videos, frames, ignored, problems, furtherProblems } = report;
  const found = videos > 0 ? ` and ${frames} frames of ${videos} ${videos === 1 ? 'video' : 'videos'}` : '';
  const others = Object.entries(ignored).sort(([, a], [, b]) => b - a);
  const count = others.reduce((sum, [, each]) => sum + each, 0);
  const endings = others
    .slice(0, 5)
    .map(([ending, each]) => `${each} ${ending === '' ? 'without ending' : `.${ending}`}`);
  return [
    `Ingested ${ingested} pictures${found} into ${project}: ${duplicates} were there already (${unchanged} unchanged), ${skipped} were skipped.`,
    ...(count > 0 ? [`Other files: ${endings.join(', ')}${others.length > 5 ? ', …' : ''}.`] : []),
    ...sayProblems(problems),
    ...(furtherProblems > 0 ? [`  … and ${furtherProblems} more that are not listed`] : []),
  ];
}
