import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, realpath, rm, stat } from 'node:fs/promises';
import { isAbsolute, join, posix, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FoveaError } from '@fovea/annotations';
import { embedProject, findModel, PIXELS, predictProject } from '@fovea/curation';
import { type JobContext, openQueue } from '@fovea/jobs';
import { hasMissingFacts, ingest, openSource, readMissingFacts, type Source, type VideoSampling } from '@fovea/lake';
import { type Home, storageError } from '@fovea/store';

/** The lake's long work in a server: taking in, embedding, predicting. Beside training, which has a queue of its own. */
export interface LakeWorker {
  startIngest(project: string, request: IngestRequest): Promise<string>;
  /** Takes a file that comes over HTTP: it is on disk when this answers. */
  startUploadedIngest(
    project: string,
    name: string,
    body: AsyncIterable<Uint8Array>,
    sampling?: VideoSampling,
  ): Promise<string>;
  startEmbedding(project: string, model: string): Promise<string>;
  startPrediction(project: string, model: string, confidence?: number): Promise<string>;
  cancelJob(id: string): Promise<void>;
  listJobs: Awaited<ReturnType<typeof openQueue>>['list'];
  close(): Promise<void>;
}

/** What is to be taken in. */
export interface IngestRequest {
  readonly source: string;
  readonly sampling?: VideoSampling;
  readonly copyFrames?: boolean;
}

/** Options of {@link startLakeWorker}. */
export interface LakeWorkerOptions {
  /** Folders of this machine that may be named as a source over HTTP; default none. */
  readonly ingestRoots?: readonly string[];
  readonly log?: (text: string) => void;
}

interface IngestJob extends IngestRequest {
  readonly project: string;
  /** The folder below `uploads` of the home that goes when the job is done. */
  readonly upload?: string;
}

interface ModelJob {
  readonly project: string;
  readonly model: string;
  readonly confidence?: number;
}

/** How often a job's progress is written down. */
const PROGRESS_MS = 500;

/** Starts the work: jobs that an earlier process left go on, since what they did is saved and not done again. */
export async function startLakeWorker(home: Home, options: LakeWorkerOptions = {}): Promise<LakeWorker> {
  const { ingestRoots = [], log = () => undefined } = options;
  const queue = await openQueue(home, { name: 'fovea_lake' });
  const uploads = join(home.path, 'uploads');
  await removeForgotten(uploads, await queue.list(['waiting', 'active']));

  async function runIngest(job: IngestJob, { signal, progress }: JobContext): Promise<void> {
    const opened = await openSource(job.source, { tmpFolder: join(home.path, 'tmp') });
    const sent = job.upload === undefined ? undefined : `${join(uploads, job.upload)}${sep}`;
    const source = sent === undefined ? opened : withoutFolder(opened, sent);
    try {
      const tell = throttled(progress);
      const report = await ingest(home, job.project, source, {
        sampling: job.sampling,
        copyFrames: job.copyFrames,
        signal,
        onProgress: tell,
      });
      const { problems, ...counts } = report;
      const told = problems.slice(0, 100).map((each) => ({ ...each, file: shorten(each.file, sent) }));
      await progress({ ...counts, problems: told });
      log(`Ingest of ${job.source} into ${job.project}: ${report.ingested} new, ${report.skipped} skipped.`);
      if (report.stopped) signal.throwIfAborted();
    } finally {
      await opened.close();
      // One that was interrupted goes on with it later.
      if (job.upload !== undefined && !signal.aborted) {
        await rm(join(uploads, job.upload), { recursive: true, force: true });
      }
    }
  }

  await queue.work(
    {
      ingest: async (data, context) => runIngest(data as IngestJob, context),
      embed: async (data, { signal, progress }) => {
        const { project, model } = data as ModelJob;
        await progress(await embedProject(home, project, { model, signal, onProgress: throttled(progress) }));
      },
      predict: async (data, { signal, progress }) => {
        const { project, model, confidence } = data as ModelJob;
        const onProgress = throttled(progress);
        await progress(await predictProject(home, project, { model, confidence, signal, onProgress }));
      },
      facts: async (_data, { signal, progress }) => {
        const { problems, ...counts } = await readMissingFacts(home, { signal, onProgress: throttled(progress) });
        await progress({ ...counts, problems: problems.slice(0, 100) });
      },
    },
    { concurrency: 2 },
  );
  if (await hasMissingFacts(home)) await queue.submit('facts', {}, { jobId: 'facts' });

  const checkModel = async (model: string): Promise<void> => {
    if (model !== PIXELS) await findModel(home, model);
  };

  return {
    startIngest: async (project, request) => {
      const source = await checkSource(request.source, ingestRoots);
      return queue.submit('ingest', { project, ...request, source });
    },
    startUploadedIngest: async (project, name, body, sampling) => {
      const upload = randomUUID();
      const folder = join(uploads, upload);
      // Its name tells a video from an archive; where it came from has no say in where it goes.
      const file = join(folder, posix.basename(name.replaceAll('\\', '/')).replaceAll('\0', '').slice(-200) || 'file');
      try {
        await mkdir(folder, { recursive: true });
        await pipeline(Readable.from(body), createWriteStream(file));
        const handle = await open(file, 'r+');
        await handle.sync().finally(() => handle.close());
        return await queue.submit('ingest', { project, source: file, upload, ...(sampling && { sampling }) });
      } catch (error) {
        await rm(folder, { recursive: true, force: true });
        throw storageError(error, home.path);
      }
    },
    startEmbedding: async (project, model) => {
      await checkModel(model);
      return queue.submit('embed', { project, model }, { jobId: jobName('embed', project, model) });
    },
    startPrediction: async (project, model, confidence) => {
      await checkModel(model);
      return queue.submit('predict', { project, model, confidence }, { jobId: jobName('predict', project, model) });
    },
    cancelJob: (id) => queue.cancel(id),
    listJobs: (states) => queue.list(states),
    close: () => queue.close(),
  };
}

/** A place inside a file that was sent, without the folder it lies in meanwhile: that goes, and is nobody's business. */
function shorten(location: string, folder: string | undefined): string {
  return folder !== undefined && location.startsWith(folder) ? `sent ${location.slice(folder.length)}` : location;
}

function withoutFolder(source: Source, folder: string): Source {
  async function* items(signal?: AbortSignal) {
    for await (const item of source.items(signal)) yield { ...item, location: shorten(item.location, folder) };
  }
  // Its counts go on counting.
  return Object.create(source, { items: { value: items } }) as Source;
}

const FORGOTTEN_MS = 3600_000;

/** Removes what was sent and whose job is gone: cancelled, or never put into the queue by a process that was killed. */
async function removeForgotten(uploads: string, jobs: readonly { readonly data: unknown }[]): Promise<void> {
  const wanted = new Set(jobs.map(({ data }) => (data as Partial<IngestJob> | null)?.upload));
  for (const name of await readdir(uploads).catch(() => [])) {
    const path = join(uploads, name);
    const found = await stat(path).catch(() => undefined);
    if (wanted.has(name) || found === undefined || Date.now() - found.mtimeMs < FORGOTTEN_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}

/** The same work twice at once would be done twice. */
const jobName = (kind: string, project: string, model: string) =>
  `${kind} ${Buffer.from(`${project}\0${model}`).toString('base64url')}`;

/** URLs are checked where they are fetched; a path must lie in a folder that the one who started the server named. */
async function checkSource(source: string, roots: readonly string[]): Promise<string> {
  if (/^(https?|s3):\/\//i.test(source)) return source;
  const refuse = () =>
    new FoveaError(
      'path_not_allowed',
      roots.length === 0
        ? 'This server takes in URLs; for folders of its own machine, start it with --ingest-root <folder>, or run fovea ingest there.'
        : `Paths below ${roots.join(', ')} can be taken in, and "${source}" is none that is there.`,
      { roots },
    );
  if (!isAbsolute(source)) throw refuse();
  const real = await realpath(source).catch(() => undefined);
  for (const root of real === undefined ? [] : roots) {
    const way = relative(await realpath(root).catch(() => root), real!);
    if (!way.startsWith('..') && !isAbsolute(way)) return real!;
  }
  throw refuse();
}

function throttled(progress: JobContext['progress']): (value: object) => void {
  let last = 0;
  return (value) => {
    if (Date.now() - last < PROGRESS_MS) return;
    last = Date.now();
    // What is not written down now is written down later: how far a job is, is for people to look at.
    progress(value).catch(() => undefined);
  };
}
