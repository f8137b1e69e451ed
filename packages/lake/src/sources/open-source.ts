import { FoveaError } from '@fovea/annotations';
import { type ArchiveOptions, localArchive } from './archive-source.js';
import { openPathSource } from './folder-source.js';
import { openS3Source } from './s3-source.js';
import { DEFAULT_LIMITS, type Source, type SourceItem, type SourceOptions } from './source.js';
import { openReport } from './source-report.js';
import { openUrlSource } from './url-source.js';

/** What each kind of source is given. */
export interface SourceTools extends ArchiveOptions {
  readonly allowPrivate: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly openArchive: (path: Buffer, location: string, signal?: AbortSignal) => AsyncGenerator<SourceItem>;
}

/** What each kind of source gives. */
export interface OpenedSource extends Pick<Source, 'root' | 'items'> {
  /** The folder's path, where it is one. */
  readonly folder?: Buffer;
}

/** A source, and the path of its folder where it is one: only a folder can be watched. */
export interface WatchableSource extends Source {
  readonly folder?: Buffer;
}

/**
 * Opens whatever `fovea ingest` is given: the path of a picture, a video, a folder or an archive (ZIP, TAR, TAR.GZ); a
 * pattern such as `photos/2024-*`; an http or https URL of a picture, a video or an archive; `s3://bucket/prefix` or
 * `s3://bucket/key`. Nothing is unpacked to disk by its name, and what a source holds beside pictures and videos is
 * counted, not read.
 *
 * @throws FoveaError `missing_path`, `bad_url`, `private_address`, …; StoreError `bad_storage_url`, `bad_credentials`
 */
export async function openSource(spec: string, options: SourceOptions): Promise<WatchableSource> {
  const report = openReport(options.onProblem);
  const closings: (() => Promise<unknown>)[] = [];
  const archives: ArchiveOptions = {
    report,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    tmpFolder: options.tmpFolder,
    keep: (closing) => void closings.push(closing),
  };
  const tools: SourceTools = {
    ...archives,
    allowPrivate: options.allowPrivate ?? false,
    env: options.env ?? process.env,
    openArchive: (path, location, signal) => localArchive(path, location, { ...archives, signal }),
  };
  const opened = await openKind(spec, tools);
  let isAsked = false;
  return {
    ...opened,
    items: (signal) => {
      if (isAsked) throw new Error('internal: the items of a source are asked for once');
      isAsked = true;
      return opened.items(signal);
    },
    problems: report.problems,
    ignored: report.ignored,
    get furtherProblems() {
      return report.furtherProblems;
    },
    get skipped() {
      return report.skipped;
    },
    close: async () => {
      for (const closing of closings.splice(0).reverse()) await closing();
    },
  };
}

async function openKind(spec: string, tools: SourceTools): Promise<OpenedSource> {
  if (spec === '' || spec.includes('\0')) {
    throw new FoveaError('missing_path', 'Name a file, a folder, a pattern, a URL or an s3:// URL.', { path: spec });
  }
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(spec)?.[1]?.toLowerCase();
  if (scheme === 's3') return openS3Source(spec, tools);
  if (scheme === 'http' || scheme === 'https') return openUrlSource(spec, tools);
  if (scheme !== undefined) {
    throw new FoveaError('bad_url', `Fovea does not fetch ${scheme}:// URLs, but http://, https:// and s3://.`, {
      scheme,
    });
  }
  return openPathSource(spec, tools);
}
