import type { BoxAnnotation } from '@fovea/annotations';
import type { Problem } from '@fovea/formats';
import type { DatabaseClient } from '@fovea/store';

/** What a picture's label says, ready to be written; each kind of it may be missing. */
export interface PictureLabels {
  /** Whether it says which boxes are in the picture: `annotations`, be they none. */
  readonly boxed: boolean;
  /** They lie inside the picture. */
  readonly annotations: readonly BoxAnnotation[];
  /** Classes of the picture as a whole; empty: it says nothing of them. */
  readonly classNames: readonly string[];
  /** Classes of its pixels. */
  readonly labelMap?: PreparedLabelMap;
}

/** A label map whose bytes are in the blob store, in the project's class indices. */
export interface PreparedLabelMap {
  readonly sha256: string;
  /** Pixels by class index, without the unlabelled; never 0. */
  readonly pixels: ReadonlyMap<number, number>;
}

/** A picture's row and what its label says. */
export interface LabelledRow {
  readonly mediaId: number;
  readonly labels: PictureLabels;
}

/** How much was written. */
export interface WrittenLabels {
  /** Boxes added. */
  annotations: number;
  /** Pictures whose classes were added or changed. */
  classified: number;
  /** Label maps added or changed. */
  labelMaps: number;
}

/** Writes the labels of pictures that have none of these kinds yet. */
export async function insertLabels(
  client: DatabaseClient,
  projectId: number,
  classIndices: ReadonlyMap<string, number>,
  rows: readonly LabelledRow[],
): Promise<WrittenLabels> {
  const annotations = await insertBoxes(client, projectId, classIndices, rows);
  const classes = rows.flatMap(({ mediaId, labels }) =>
    labels.classNames.map((name) => ({ mediaId, index: indexOf(classIndices, name) })),
  );
  if (classes.length > 0) {
    await client.query(
      `insert into fovea.media_classes (project_id, media_id, class_index)
       select $1, * from unnest($2::bigint[], $3::integer[]) on conflict do nothing`,
      [projectId, classes.map((row) => row.mediaId), classes.map((row) => row.index)],
    );
  }
  const maps = rows.flatMap(({ mediaId, labels }) => (labels.labelMap ? { mediaId, ...labels.labelMap } : []));
  if (maps.length > 0) {
    const values = maps.flatMap(({ mediaId, pixels }) => [...pixels].map(([index, count]) => [mediaId, index, count]));
    const column = (at: 0 | 1 | 2) => values.map((value) => value[at]!);
    await client.query(
      `insert into fovea.label_maps (project_id, media_id, sha256) select $1, * from unnest($2::bigint[], $3::text[])`,
      [projectId, maps.map((row) => row.mediaId), maps.map((row) => row.sha256)],
    );
    await client.query(
      `insert into fovea.label_map_classes (project_id, media_id, class_index, pixels)
       select $1, * from unnest($2::bigint[], $3::integer[], $4::bigint[])`,
      [projectId, column(0), column(1), column(2)],
    );
  }
  const classified = rows.filter(({ labels }) => labels.classNames.length > 0).length;
  return { annotations, classified, labelMaps: maps.length };
}

async function insertBoxes(
  client: DatabaseClient,
  projectId: number,
  classIndices: ReadonlyMap<string, number>,
  pictures: readonly LabelledRow[],
): Promise<number> {
  const rows = pictures.flatMap(({ mediaId, labels }) =>
    labels.annotations.map((annotation) => ({ mediaId, annotation })),
  );
  if (rows.length === 0) return 0;
  const corner = (index: 0 | 1 | 2 | 3) => rows.map((row) => row.annotation.box[index]);
  await client.query(
    `insert into fovea.annotations
       (project_id, media_id, class_index, box, is_crowd, attributes, shape, keypoints, track_id)
     select $1, media_id, class_index, array[a, b, c, d], is_crowd, attributes::jsonb, shape::jsonb,
       keypoints::double precision[], track_id
     from unnest($2::bigint[], $3::integer[], $4::double precision[], $5::double precision[], $6::double precision[],
       $7::double precision[], $8::boolean[], $9::text[], $10::text[], $11::text[], $12::text[])
       as t (media_id, class_index, a, b, c, d, is_crowd, attributes, shape, keypoints, track_id)`,
    [
      projectId,
      rows.map((row) => row.mediaId),
      rows.map((row) => indexOf(classIndices, row.annotation.className)),
      corner(0),
      corner(1),
      corner(2),
      corner(3),
      rows.map((row) => row.annotation.isCrowd ?? false),
      rows.map((row) => attributesOf(row.annotation)),
      rows.map((row) => shapeOf(row.annotation)),
      rows.map(({ annotation: { keypoints } }) => (keypoints?.length ? `{${keypoints.join(',')}}` : null)),
      rows.map(({ annotation: { trackId } }) => trackId?.replaceAll('\0', '') ?? null),
    ],
  );
  return rows.length;
}

function attributesOf({ attributes }: BoxAnnotation): string | null {
  if (attributes === undefined || Object.keys(attributes).length === 0) return null;
  // jsonb holds every character but NUL.
  return JSON.stringify(attributes).replaceAll('\\u0000', '');
}

/** What of an object's shape is kept as JSON; null where its box says all. */
function shapeOf({ polygons, holes, mask, rotatedBox }: BoxAnnotation): string | null {
  const shape = {
    ...(polygons?.length && { polygons }),
    ...(holes?.length && { holes }),
    ...(mask && { mask }),
    ...(rotatedBox && { rotatedBox }),
  };
  return Object.keys(shape).length === 0 ? null : JSON.stringify(shape).replaceAll('\\u0000', '');
}

/** A picture of the project, locked. */
export interface PresentPicture {
  readonly id: number;
  readonly name: string;
  readonly boxed: boolean;
}

/**
 * Writes what a label says about a picture that the project has already, each kind for itself. What is the same stays.
 * Boxes are added where nobody had said which there are; others in the project stay, since a person may have drawn
 * them. Classes and label maps are replaced, so that a data set that was mended can be imported again, but not by a
 * twin in the same data set. Either is told.
 */
export async function mergeLabels(
  client: DatabaseClient,
  projectId: number,
  classIndices: ReadonlyMap<string, number>,
  media: PresentPicture,
  incoming: { readonly name: string; readonly labels: PictureLabels; readonly isTwin: boolean },
): Promise<WrittenLabels & { readonly problems: Problem[] }> {
  const { name, labels, isTwin } = incoming;
  const problems: Problem[] = [];
  const tell = (code: string, reason: string) => problems.push({ file: name, code, reason });
  const write = { boxed: labels.boxed && !media.boxed, classes: false, map: false };

  if (labels.boxed && media.boxed) {
    const present = await client.query<StoredBox>(
      'select class_index, box, is_crowd, shape, keypoints from fovea.annotations where media_id = $1',
      [media.id],
    );
    const before = present.rows.map(keyOf).sort();
    const now = labels.annotations
      .map((annotation) => {
        const shape = shapeOf(annotation);
        return keyOf({
          class_index: indexOf(classIndices, annotation.className),
          box: annotation.box,
          is_crowd: annotation.isCrowd ?? false,
          shape: shape === null ? null : (JSON.parse(shape) as Record<string, unknown>),
          keypoints: annotation.keypoints?.length ? annotation.keypoints : null,
        });
      })
      .sort();
    if (before.join() !== now.join()) {
      const reason =
        `The project has this picture as ${media.name} with other annotations (${before.length}, here ${now.length}): ` +
        'those in the project were kept.';
      tell('annotations_differ', reason);
    }
  }
  if (labels.classNames.length > 0) {
    const present = await client.query<{ class_index: number }>(
      'select class_index from fovea.media_classes where media_id = $1',
      [media.id],
    );
    const before = present.rows.map((row) => row.class_index).sort((a, b) => a - b);
    const now = labels.classNames.map((each) => indexOf(classIndices, each)).sort((a, b) => a - b);
    const nameOf = (index: number) => [...classIndices].find(([, each]) => each === index)?.[0] ?? `class ${index}`;
    const [was, is] = [before, now].map((indices) => indices.map(nameOf).join(' and '));
    write.classes = before.length === 0 || (was !== is && !isTwin);
    if (was !== is && before.length > 0 && isTwin) {
      tell('annotations_differ', `The project has this picture, ${media.name}, as ${was}, not as ${is}: kept.`);
    } else if (was !== is && before.length > 0) {
      tell('classes_replaced', `The project had this picture, ${media.name}, as ${was}: now it is ${is}.`);
      await client.query('delete from fovea.media_classes where media_id = $1', [media.id]);
    }
  }
  if (labels.labelMap !== undefined) {
    const present = await client.query<{ sha256: string }>('select sha256 from fovea.label_maps where media_id = $1', [
      media.id,
    ]);
    const before = present.rows[0]?.sha256;
    const differs = before !== undefined && before !== labels.labelMap.sha256;
    write.map = before === undefined || (differs && !isTwin);
    if (differs && isTwin) {
      tell('annotations_differ', `The project has this picture, ${media.name}, with another label map: kept.`);
    } else if (differs) {
      tell('label_map_replaced', `The project had this picture, ${media.name}, with another label map: replaced.`);
      await client.query('delete from fovea.label_maps where media_id = $1', [media.id]);
    }
  }
  if (write.boxed || write.classes || write.map) {
    await client.query('update fovea.media set labelled = true, boxed = $2 where id = $1', [
      media.id,
      media.boxed || labels.boxed,
    ]);
  }
  const missing: PictureLabels = {
    boxed: write.boxed,
    annotations: write.boxed ? labels.annotations : [],
    classNames: write.classes ? labels.classNames : [],
    ...(write.map && labels.labelMap && { labelMap: labels.labelMap }),
  };
  const written = await insertLabels(client, projectId, classIndices, [{ mediaId: media.id, labels: missing }]);
  return { ...written, problems };
}

interface StoredBox {
  readonly class_index: number;
  readonly box: readonly number[];
  readonly is_crowd: boolean;
  readonly shape: Record<string, unknown> | null;
  readonly keypoints: readonly number[] | null;
}

/** Equal for what is the same mark; jsonb keeps its keys in another order than they came in. */
function keyOf({ class_index, box, is_crowd, shape, keypoints }: StoredBox): string {
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toFixed(3)) : value);
  const { polygons, holes, mask, rotatedBox } = shape ?? {};
  const turned = rotatedBox && Object.entries(rotatedBox as object).sort();
  const parts = [
    class_index,
    box,
    is_crowd,
    polygons,
    holes,
    mask && Object.entries(mask as object).sort(),
    turned,
    keypoints,
  ];
  return JSON.stringify(parts, rounded);
}

function indexOf(classIndices: ReadonlyMap<string, number>, className: string): number {
  const index = classIndices.get(className);
  if (index === undefined) throw new Error(`internal: class "${className}" has no index`);
  return index;
}
