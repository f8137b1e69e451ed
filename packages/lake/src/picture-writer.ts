import type { Problem } from '@fovea/formats';
import type { ImageFacts } from '@fovea/image';
import type { DatabaseClient, Home } from '@fovea/store';
import { type FactsRow, writeFacts } from './ingest/write-facts.js';
import { lockMediaOf } from './ingest/write-pictures.js';
import {
  insertLabels,
  type LabelledRow,
  mergeLabels,
  type PictureLabels,
  type PresentPicture,
  type WrittenLabels,
} from './picture-labels.js';

/** A picture ready to be written: the bytes of it and of its label map are on disk. */
export interface PreparedPicture extends ImageFacts {
  readonly sha256: string;
  readonly name: string;
  readonly split: string | null;
  /** Where they were not known before. */
  readonly facts?: FactsRow;
  /** Undefined: nobody said what is in it. */
  readonly labels?: PictureLabels;
  /** Whether the same import brought the same bytes before. */
  readonly isTwin?: boolean;
}

/** What became of the pictures; `statuses` in their order. */
export interface WrittenPictures extends Readonly<WrittenLabels> {
  readonly statuses: ('imported' | 'duplicate')[];
  readonly problems: Problem[];
}

/**
 * Writes pictures and their labels in one transaction: after a crash either all of them are there or none.
 *
 * A picture the project has already (same bytes) is a duplicate; its labels are merged as {@link mergeLabels} says.
 *
 * @param classIndices - index by class name, holding every class of the labels
 */
export async function writePictures(
  home: Home,
  projectId: number,
  classIndices: ReadonlyMap<string, number>,
  pictures: readonly PreparedPicture[],
): Promise<WrittenPictures> {
  return home.transaction((client) => write(client, projectId, classIndices, pictures));
}

async function write(
  client: DatabaseClient,
  projectId: number,
  classIndices: ReadonlyMap<string, number>,
  pictures: readonly PreparedPicture[],
): Promise<WrittenPictures> {
  const first = new Map<string, PreparedPicture>();
  for (const picture of pictures) if (!first.has(picture.sha256)) first.set(picture.sha256, picture);
  await writeFacts(
    client,
    pictures.flatMap(({ facts }) => facts ?? []),
  );
  await lockMediaOf(client, projectId);
  const inserted = await insertMedia(client, projectId, [...first.values()]);

  await restoreRemoved(client, projectId, [...first.keys()]);
  const rows: LabelledRow[] = [];
  const problems: Problem[] = [];
  const later: PreparedPicture[] = [];
  const statuses = pictures.map((picture) => {
    const mediaId = inserted.get(picture.sha256);
    if (mediaId === undefined || first.get(picture.sha256) !== picture) {
      later.push(picture);
      return 'duplicate' as const;
    }
    if (picture.labels) rows.push({ mediaId, labels: picture.labels });
    return 'imported' as const;
  });
  const written = await insertLabels(client, projectId, classIndices, rows);
  for (const picture of later) {
    const { sha256, name, labels } = picture;
    if (labels === undefined) continue;
    const isTwin = picture.isTwin === true || first.get(sha256) !== picture;
    const media = await lockMedia(client, projectId, sha256);
    const merged = await mergeLabels(client, projectId, classIndices, media, { name, labels, isTwin });
    written.annotations += merged.annotations;
    written.classified += merged.classified;
    written.labelMaps += merged.labelMaps;
    problems.push(...merged.problems);
  }
  return { statuses, ...written, problems };
}

async function insertMedia(
  client: DatabaseClient,
  projectId: number,
  pictures: readonly PreparedPicture[],
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ id: string; sha256: string }>(
    `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled, boxed, split)
     select $1, * from unnest($2::text[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::bigint[], $8::boolean[],
       $9::boolean[], $10::text[])
     on conflict (project_id, sha256) do nothing returning id, sha256`,
    [
      projectId,
      pictures.map((picture) => picture.sha256),
      pictures.map((picture) => picture.name.replaceAll('\0', '')),
      pictures.map((picture) => picture.width),
      pictures.map((picture) => picture.height),
      pictures.map((picture) => picture.format),
      pictures.map((picture) => picture.sizeBytes),
      pictures.map((picture) => picture.labels !== undefined),
      pictures.map((picture) => picture.labels?.boxed ?? false),
      pictures.map((picture) => picture.split),
    ],
  );
  return new Map(rows.map((row) => [row.sha256, Number(row.id)]));
}

/** What was taken out of the project and is brought again is in it again. */
async function restoreRemoved(client: DatabaseClient, projectId: number, sha256s: readonly string[]): Promise<void> {
  await client.query(
    `update fovea.media set removed_at = null where project_id = $1 and sha256 = any($2) and removed_at is not null`,
    [projectId, sha256s],
  );
}

async function lockMedia(client: DatabaseClient, projectId: number, sha256: string): Promise<PresentPicture> {
  const { rows } = await client.query<{ id: string; name: string; boxed: boolean }>(
    `select id, name, coalesce(boxed, labelled) as boxed from fovea.media
     where project_id = $1 and sha256 = $2 for update`,
    [projectId, sha256],
  );
  const [media] = rows;
  if (media === undefined) throw new Error(`internal: picture ${sha256} is neither new nor there`);
  return { ...media, id: Number(media.id) };
}
