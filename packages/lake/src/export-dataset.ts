import { readFile } from 'node:fs/promises';
import type { Skeleton } from '@fovea/annotations';
import {
  type ExportPicture,
  encodeLabelMap,
  type FormatName,
  loadLabelMap,
  type WriteOptions,
  type WriteReport,
  writeDataset,
} from '@fovea/formats';
import { classes, facts, type Home, media } from '@fovea/store';
import { and, asc, eq, inArray } from 'drizzle-orm';
import { loadMediaItems, type MediaItem } from './media.js';
import { projectIdOf } from './project.js';
import type { MediaFilter } from './query/filter.js';
import { selectMedia } from './query/selection.js';
import { findSnapshot, readManifest, type Snapshot } from './snapshot.js';
import type { ManifestPicture } from './snapshots/picture.js';
import { mediaFile } from './video/media-file.js';

/** What of a project is written, and how. */
export interface ExportOptions extends WriteOptions {
  readonly format: FormatName;
  /** An empty or new folder. */
  readonly folder: string;
  /** By name or id; default the project as it stands. */
  readonly snapshot?: string;
  /** Of the project as it stands, only these. */
  readonly filter?: MediaFilter;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

const PAGE = 200;

/**
 * Writes a snapshot, or a project as it stands, as a data set of some format into a folder. What the format cannot say is
 * counted in the report. Memory does not grow with the number of pictures.
 *
 * @throws FoveaError `unknown_project`, `unknown_snapshot`, `bad_filter`, `folder_not_empty`, `unknown_format`, `disk_full`;
 *   the signal's reason
 */
export async function exportDataset(home: Home, projectName: string, options: ExportOptions): Promise<WriteReport> {
  const { format, folder, snapshot: name, filter, pictures: mode, signal, onProgress } = options;
  const projectId = await projectIdOf(home, projectName);
  const snapshot = name === undefined ? undefined : await findSnapshot(home, projectName, name);
  const rows = await home.db.select().from(classes).where(eq(classes.projectId, projectId)).orderBy(asc(classes.index));
  const classNames = snapshot?.classNames ?? rows.map((row) => row.name);
  const skeletons = Object.fromEntries(
    rows.flatMap((row): [string, Skeleton][] => (row.skeleton ? [[row.name, row.skeleton]] : [])),
  );
  const pictures = snapshot
    ? snapshotPictures(home, projectId, snapshot)
    : projectPictures(home, projectId, filter ?? {}, classNames.length);
  const watched = watch(pictures, signal, onProgress);
  return writeDataset(
    format,
    { classNames, ...(Object.keys(skeletons).length > 0 && { skeletons }), pictures: watched },
    folder,
    mode === undefined ? {} : { pictures: mode },
  );
}

/** A picture, and how many there are. */
interface Counted {
  readonly picture: ExportPicture;
  readonly total: number;
}

async function* watch(
  pictures: AsyncIterable<Counted>,
  signal: AbortSignal | undefined,
  onProgress: ExportOptions['onProgress'],
): AsyncGenerator<ExportPicture> {
  let done = 0;
  for await (const { picture, total } of pictures) {
    signal?.throwIfAborted();
    yield picture;
    done++;
    if (done % 50 === 0 || done === total) onProgress?.({ done, total });
  }
}

async function* projectPictures(
  home: Home,
  projectId: number,
  filter: MediaFilter,
  classCount: number,
): AsyncGenerator<Counted> {
  const { ids } = await selectMedia(home, projectId, filter);
  for (let from = 0; from < ids.length; from += PAGE) {
    for (const item of await loadMediaItems(home, projectId, [...ids.subarray(from, from + PAGE)])) {
      yield { picture: await describeItem(home, item, classCount), total: ids.length };
    }
  }
}

async function describeItem(home: Home, item: MediaItem, classCount: number): Promise<ExportPicture> {
  const { sha256, name, format, width, height, split, labelled, boxed, annotations, classes: own, labelMap } = item;
  const source = { sha256, sizeBytes: item.sizeBytes, video: item.video };
  return {
    ...bytesOf(home, source),
    ...(item.video === null && { path: await home.blobs.localPath(sha256) }),
    name,
    sha256,
    format,
    width,
    height,
    ...(split !== null && { split }),
    labelled,
    boxed,
    annotations: annotations.map(({ classIndex: _, ...annotation }) => annotation),
    ...(own.length > 0 && { classNames: own.map(({ className }) => className) }),
    ...(labelMap && { labelMap: { load: () => labelMapOf(home, labelMap.sha256, classCount) } }),
  };
}

async function* snapshotPictures(home: Home, projectId: number, snapshot: Snapshot): AsyncGenerator<Counted> {
  const total = snapshot.counts.media;
  let page: ManifestPicture[] = [];
  for await (const picture of readManifest(home, snapshot)) {
    page.push(picture);
    if (page.length < PAGE) continue;
    yield* describePage(home, projectId, snapshot, page, total);
    page = [];
  }
  yield* describePage(home, projectId, snapshot, page, total);
}

/** A manifest says no formats of files: those are asked of the project, or of what is known of the bytes. */
async function* describePage(
  home: Home,
  projectId: number,
  { classNames }: Snapshot,
  page: readonly ManifestPicture[],
  total: number,
): AsyncGenerator<Counted> {
  const sha256s = page.map(({ sha256 }) => sha256);
  if (sha256s.length === 0) return;
  const formats = new Map<string, string>();
  for (const table of [facts, media]) {
    const of = table === media ? and(eq(media.projectId, projectId), inArray(media.sha256, sha256s)) : undefined;
    const rows = await home.db
      .select({ sha256: table.sha256, format: table.format })
      .from(table)
      .where(of ?? inArray(table.sha256, sha256s));
    for (const { sha256, format } of rows) formats.set(sha256, format);
  }
  for (const picture of page) {
    const { sha256, name, width, height, split, annotations, classIndices, labelMapSha256, videoSha256 } = picture;
    const video = videoSha256 === undefined ? null : { sha256: videoSha256, timeSeconds: picture.timeSeconds ?? 0 };
    const isFrame = video !== null && !(await home.blobs.has(sha256));
    yield {
      total,
      picture: {
        ...bytesOf(home, { sha256, sizeBytes: isFrame ? 0 : 1, video }),
        ...(!isFrame && { path: await home.blobs.localPath(sha256) }),
        name,
        sha256,
        format: formats.get(sha256) ?? 'jpeg',
        width,
        height,
        split,
        labelled: true,
        boxed: picture.boxed !== false,
        annotations: annotations.map(({ classIndex, ...annotation }) => ({
          ...annotation,
          className: classNames[classIndex]!,
        })),
        ...(classIndices && { classNames: classIndices.map((index) => classNames[index]!) }),
        ...(labelMapSha256 && { labelMap: { load: () => labelMapOf(home, labelMapSha256, classNames.length) } }),
      },
    };
  }
}

function bytesOf(home: Home, source: Parameters<typeof mediaFile>[1]) {
  return { load: async (): Promise<Uint8Array> => readFile(await mediaFile(home, source)) };
}

/** A label map whose classes are all in the list: a class that came later is unlabelled in an earlier snapshot. */
async function labelMapOf(home: Home, sha256: string, classCount: number): Promise<Uint8Array> {
  const map = await loadLabelMap(await home.blobs.localPath(sha256));
  return encodeLabelMap({ ...map, data: map.data.map((value) => (value < classCount ? value : 255)) });
}
