import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { DatabaseClient, StoredSkeleton } from '@fovea/store';
import { splitCollector } from '../split.js';
import type { ManifestLines } from './manifest-file.js';
import { canonicalHeader, canonicalParts, type ManifestCounts, type ManifestHeader } from './picture.js';
import { countUnlabelled, type PictureChoice, readPictures } from './project-pictures.js';

/** What a snapshot's content is beyond the choice of its pictures. */
export interface FreezeSettings extends PictureChoice {
  readonly project: string;
  readonly valFraction: number;
  readonly testFraction: number;
  readonly seed: number;
  /** Whether splits that pictures came with are kept. */
  readonly keepsSplits: boolean;
  readonly signal?: AbortSignal;
  /** Told how many pictures were read. */
  readonly onPicture?: (done: number) => void;
}

/** Canonical lines without their splits, and what they come to. */
export interface Frozen {
  readonly header: ManifestHeader;
  /** SHA-256 of the canonical lines. */
  readonly contentSha256: string;
  readonly lines: ManifestLines;
  /** Pictures of the choice that were left out, since nobody labelled them. */
  readonly unlabelled: number;
  /** Groups of pictures that were kept together. */
  readonly groups: number;
  /** See `SplitResult`. */
  readonly torn: boolean;
}

/** A tab never stands in JSON text, so it marks where a line's split belongs. */
const MARK = '\t';
const CHUNK_CHARACTERS = 2 ** 20;

/**
 * Writes the project's pictures as canonical lines, in a transaction, whose moment they are of: once over the rows, to a
 * file without splits, since what a picture is for depends on all; then over that file.
 *
 * @param files - two paths to write to: without splits, and the result
 * @returns undefined where there are no pictures
 */
export async function freeze(
  client: DatabaseClient,
  settings: FreezeSettings,
  files: { readonly draft: string; readonly lines: string },
): Promise<Frozen | undefined> {
  const { project, valFraction, testFraction, seed, keepsSplits, signal, onPicture } = settings;
  const collector = splitCollector(seed);
  const counts = { media: 0, annotations: 0, classified: 0, labelMaps: 0 };
  const draft = await openLines(files.draft);
  try {
    for await (const { picture, split, pixelClasses, perceptualHash } of readPictures(client, settings)) {
      const given = keepsSplits ? split : null;
      collector.add({
        sha256: picture.sha256,
        classIndices: [
          ...picture.annotations.map(({ classIndex }) => classIndex),
          ...(picture.classIndices ?? []),
          // Of label maps only those whose pictures are split here: it was so from the beginning.
          ...(given === null ? pixelClasses : []),
        ],
        split: given,
        perceptualHash,
        video: picture.videoSha256 ?? null,
      });
      counts.media++;
      counts.annotations += picture.annotations.length;
      if (picture.classIndices) counts.classified++;
      if (picture.labelMapSha256 !== undefined) counts.labelMaps++;
      await draft.write(canonicalParts(picture).join(MARK));
      if (counts.media % 1000 === 0) {
        signal?.throwIfAborted();
        onPicture?.(counts.media);
      }
    }
  } finally {
    await draft.close();
  }
  const unlabelled = settings.includeUnlabelled ? 0 : await countUnlabelled(client, settings);
  if (counts.media === 0) return undefined;
  const { splits, groups, torn } = collector.finish({ valFraction, testFraction });
  const of = { train: 0, val: 0, test: 0 };
  for (const split of splits) of[split]++;
  const full: ManifestCounts = { ...counts, ...of };
  const header = {
    project,
    ...(await readClasses(client, settings.projectId)),
    valFraction,
    testFraction,
    seed,
    counts: full,
  };

  const lines = await openLines(files.lines);
  try {
    await lines.write(canonicalHeader(header));
    let at = 0;
    for await (const line of createInterface({ input: createReadStream(files.draft, { highWaterMark: 2 ** 20 }) })) {
      const mark = line.indexOf(MARK);
      await lines.write(`${line.slice(0, mark)}"${splits[at++]}"${line.slice(mark + 1)}`);
      if (at % 10_000 === 0) signal?.throwIfAborted();
    }
  } finally {
    await lines.close();
  }
  const { sizeBytes, longest } = lines.size();
  return {
    header,
    contentSha256: lines.digest(),
    lines: { path: files.lines, pictures: counts.media, sizeBytes, longest },
    unlabelled,
    groups,
    torn,
  };
}

async function readClasses(
  client: DatabaseClient,
  projectId: number,
): Promise<Pick<ManifestHeader, 'classNames' | 'skeletons'>> {
  const { rows } = await client.query<{ name: string; skeleton: StoredSkeleton | null }>(
    'select name, skeleton from fovea.classes where project_id = $1 order by index',
    [projectId],
  );
  const classNames = rows.map(({ name }) => name);
  if (rows.every(({ skeleton }) => skeleton === null)) return { classNames };
  const skeletons = rows.map(({ skeleton }) => skeleton && { names: skeleton.names, edges: skeleton.edges });
  return { classNames, skeletons };
}

/** A file of lines in the making, hashed on the way. */
async function openLines(path: string) {
  const file: FileHandle = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let text: string[] = [];
  let characters = 0;
  let sizeBytes = 0;
  let longest = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.from(text.join(''));
    text = [];
    characters = 0;
    hash.update(bytes);
    sizeBytes += bytes.length;
    await file.appendFile(bytes);
  };
  return {
    async write(line: string): Promise<void> {
      text.push(line, '\n');
      characters += line.length + 1;
      // Of a character UTF-8 takes three bytes at the most, of a pair of surrogates four.
      longest = Math.max(longest, 3 * line.length);
      if (characters > CHUNK_CHARACTERS) await flush();
    },
    async close(): Promise<void> {
      try {
        await flush();
      } finally {
        await file.close();
      }
    },
    size: () => ({ sizeBytes, longest }),
    digest: (): string => hash.digest('hex'),
  };
}
