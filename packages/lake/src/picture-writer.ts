import type { BoxAnnotation } from '@fovea/annotations';
import type { ImageFacts } from '@fovea/image';
import type { DatabaseClient, Home } from '@fovea/store';
import type { Problem } from './formats/index.js';

/** A picture ready to be written: its bytes are on disk, its boxes lie inside it. */
export interface PreparedPicture extends ImageFacts {
  readonly sha256: string;
  readonly name: string;
  readonly labelled: boolean;
  readonly split: string | null;
  readonly annotations: readonly BoxAnnotation[];
}

/** What became of each picture, in order. */
export interface WrittenPictures {
  readonly statuses: ('imported' | 'duplicate')[];
  /** Annotations added. */
  readonly annotations: number;
  readonly problems: Problem[];
}

interface Row {
  mediaId: number;
  classIndex: number;
  annotation: BoxAnnotation;
}

/**
 * Writes pictures and their annotations in one transaction: after a crash either all of them are there or none.
 *
 * A picture the project has already (same bytes) is a duplicate. Its annotations are added where nobody had labelled it
 * yet; where they are the same, nothing happens; where they differ, those in the project stay, and a problem says so.
 *
 * @param classIndices - index by class name, holding every class of the annotations
 */
export async function writePictures(
  home: Home,
  projectId: number,
  classIndices: ReadonlyMap<string, number>,
  pictures: readonly PreparedPicture[],
): Promise<WrittenPictures> {
  const client = await home.pool.connect();
  let broken: unknown;
  try {
    await client.query('begin');
    const written = await write(client, projectId, classIndices, pictures);
    await client.query('commit');
    return written;
  } catch (error) {
    broken = error;
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release(broken instanceof Error ? broken : undefined);
  }
}

async function write(
  client: DatabaseClient,
  projectId: number,
  classIndices: ReadonlyMap<string, number>,
  pictures: readonly PreparedPicture[],
): Promise<WrittenPictures> {
  const first = new Map<string, PreparedPicture>();
  for (const picture of pictures) if (!first.has(picture.sha256)) first.set(picture.sha256, picture);
  const inserted = await insertMedia(client, projectId, [...first.values()]);

  const rows: Row[] = [];
  const problems: Problem[] = [];
  const later: PreparedPicture[] = [];
  const statuses = pictures.map((picture) => {
    const mediaId = inserted.get(picture.sha256);
    if (mediaId === undefined || first.get(picture.sha256) !== picture) {
      later.push(picture);
      return 'duplicate' as const;
    }
    rows.push(...rowsOf(mediaId, picture, classIndices));
    return 'imported' as const;
  });
  await insertAnnotations(client, projectId, rows);
  let added = rows.length;
  for (const picture of later) {
    const merged = await mergeLabels(client, projectId, classIndices, picture);
    added += merged.added;
    problems.push(...merged.problems);
  }
  return { statuses, annotations: added, problems };
}

function rowsOf(mediaId: number, picture: PreparedPicture, classIndices: ReadonlyMap<string, number>): Row[] {
  return picture.annotations.map((annotation) => {
    const classIndex = classIndices.get(annotation.className);
    if (classIndex === undefined) throw new Error(`internal: class "${annotation.className}" has no index`);
    return { mediaId, classIndex, annotation };
  });
}

async function insertMedia(
  client: DatabaseClient,
  projectId: number,
  pictures: readonly PreparedPicture[],
): Promise<Map<string, number>> {
  const { rows } = await client.query<{ id: string; sha256: string }>(
    `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled, split)
     select $1, * from unnest($2::text[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::bigint[], $8::boolean[], $9::text[])
     on conflict (project_id, sha256) do nothing returning id, sha256`,
    [
      projectId,
      pictures.map((picture) => picture.sha256),
      pictures.map((picture) => picture.name.replaceAll('\0', '')),
      pictures.map((picture) => picture.width),
      pictures.map((picture) => picture.height),
      pictures.map((picture) => picture.format),
      pictures.map((picture) => picture.sizeBytes),
      pictures.map((picture) => picture.labelled),
      pictures.map((picture) => picture.split),
    ],
  );
  return new Map(rows.map((row) => [row.sha256, Number(row.id)]));
}

async function insertAnnotations(client: DatabaseClient, projectId: number, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const corner = (index: 0 | 1 | 2 | 3) => rows.map((row) => row.annotation.box[index]);
  await client.query(
    `insert into fovea.annotations (project_id, media_id, class_index, box, is_crowd, attributes)
     select $1, media_id, class_index, array[a, b, c, d], is_crowd, attributes::jsonb
     from unnest($2::bigint[], $3::integer[], $4::double precision[], $5::double precision[], $6::double precision[],
       $7::double precision[], $8::boolean[], $9::text[]) as t (media_id, class_index, a, b, c, d, is_crowd, attributes)`,
    [
      projectId,
      rows.map((row) => row.mediaId),
      rows.map((row) => row.classIndex),
      corner(0),
      corner(1),
      corner(2),
      corner(3),
      rows.map((row) => row.annotation.isCrowd ?? false),
      rows.map((row) => attributesOf(row.annotation)),
    ],
  );
}

function attributesOf({ attributes }: BoxAnnotation): string | null {
  if (attributes === undefined || Object.keys(attributes).length === 0) return null;
  // jsonb holds every character but NUL.
  return JSON.stringify(attributes).replaceAll('\\u0000', '');
}

async function mergeLabels(
  client: DatabaseClient,
  projectId: number,
  classIndices: ReadonlyMap<string, number>,
  picture: PreparedPicture,
): Promise<{ added: number; problems: Problem[] }> {
  if (!picture.labelled) return { added: 0, problems: [] };
  const found = await client.query<{ id: string; name: string; labelled: boolean }>(
    'select id, name, labelled from fovea.media where project_id = $1 and sha256 = $2 for update',
    [projectId, picture.sha256],
  );
  const media = found.rows[0];
  if (media === undefined) throw new Error(`internal: picture ${picture.sha256} is neither new nor there`);
  const rows = rowsOf(Number(media.id), picture, classIndices);
  if (!media.labelled) {
    await client.query('update fovea.media set labelled = true where id = $1', [media.id]);
    await insertAnnotations(client, projectId, rows);
    return { added: rows.length, problems: [] };
  }
  const present = await client.query<{ class_index: number; box: number[]; is_crowd: boolean }>(
    'select class_index, box, is_crowd from fovea.annotations where media_id = $1',
    [media.id],
  );
  const before = present.rows.map((row) => keyOf(row.class_index, row.box, row.is_crowd)).sort();
  const now = rows.map((row) => keyOf(row.classIndex, row.annotation.box, row.annotation.isCrowd ?? false)).sort();
  if (before.join() === now.join()) return { added: 0, problems: [] };
  const reason =
    `The project has this picture as ${media.name} with other annotations (${before.length}, here ${now.length}): ` +
    'those in the project were kept.';
  return { added: 0, problems: [{ file: picture.name, code: 'annotations_differ', reason }] };
}

function keyOf(classIndex: number, box: readonly number[], isCrowd: boolean): string {
  return `${classIndex} ${box.map((value) => value.toFixed(3)).join(' ')} ${isCrowd}`;
}
