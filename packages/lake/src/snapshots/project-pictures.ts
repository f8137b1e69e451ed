import type { DatabaseClient } from '@fovea/store';
import type { ManifestAnnotation, ManifestPicture } from './picture.js';

/** A picture of a project as a snapshot takes it, with what its split is decided by. */
export interface ProjectPicture {
  readonly picture: Omit<ManifestPicture, 'split'>;
  /** The split its dataset came with, or a person gave it. */
  readonly split: string | null;
  /** Classes of its pixels. */
  readonly pixelClasses: readonly number[];
  readonly perceptualHash: string | null;
}

/** Which pictures: all of the project, or those of the table `chosen`. */
export interface PictureChoice {
  readonly projectId: number;
  readonly isChosen: boolean;
  readonly includeUnlabelled: boolean;
}

const MAX_ROWS = 2000;
const BATCH_BYTES = 4 * 2 ** 20;

interface Row {
  readonly sha256: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly split: string | null;
  readonly boxed: boolean;
  readonly video_sha256: string | null;
  readonly time_seconds: number | null;
  readonly label_map_sha256: string | null;
  readonly perceptual_hash: string | null;
  readonly objects: readonly ObjectRow[] | null;
  readonly classes: number[] | null;
  readonly pixel_classes: number[] | null;
}

type ObjectRow = readonly [
  classIndex: number,
  box: [number, number, number, number],
  isCrowd: boolean,
  shape: Pick<ManifestAnnotation, 'polygons' | 'holes' | 'mask' | 'rotatedBox'> | null,
  keypoints: number[] | null,
  trackId: string | null,
];

const where = ({ isChosen }: PictureChoice) =>
  `m.project_id = $1 and m.removed_at is null ${isChosen ? 'and m.id in (select id from chosen)' : ''}`;

/**
 * A project's pictures by SHA-256, objects in a fixed order, a batch at a time; in a transaction, whose moment they are of.
 */
export async function* readPictures(client: DatabaseClient, choice: PictureChoice): AsyncGenerator<ProjectPicture> {
  // All rows are read: a plan that has the first ones soon takes several times as long.
  await client.query('set local jit = off; set local cursor_tuple_fraction = 1.0');
  await client.query(
    `declare pictures no scroll cursor for
     select m.sha256, m.name, m.width, m.height, m.split, coalesce(m.boxed, m.labelled) as boxed,
       v.sha256 as video_sha256, m.time_seconds, l.sha256 as label_map_sha256, f.perceptual_hash,
       (select json_agg(json_build_array(a.class_index, a.box, a.is_crowd, a.shape, a.keypoints, a.track_id)
           order by a.class_index, a.box, a.is_crowd, a.keypoints, a.track_id, a.shape::text)
         from fovea.annotations a where a.media_id = m.id) as objects,
       (select array_agg(c.class_index order by c.class_index) from fovea.media_classes c where c.media_id = m.id) as classes,
       case when l.media_id is not null then
         (select array_agg(c.class_index order by c.class_index) from fovea.label_map_classes c where c.media_id = m.id)
         end as pixel_classes
     from fovea.media m
       left join fovea.videos v on v.id = m.video_id
       left join fovea.label_maps l on l.media_id = m.id
       left join fovea.facts f on f.sha256 = m.sha256
     where ${where(choice)} ${choice.includeUnlabelled ? '' : 'and m.labelled'}
     order by m.sha256`,
    [choice.projectId],
  );
  for (let rows = 200; ; ) {
    const batch = await client.query<Row>(`fetch ${rows} from pictures`);
    if (batch.rows.length === 0) break;
    let objects = 0;
    for (const row of batch.rows) {
      objects += shapeBytes(row.objects);
      yield toProjectPicture(row);
    }
    // Outlines and masks may be many bytes: as few rows at a time as keep to the limit.
    const ofOne = 500 + objects / batch.rows.length;
    rows = Math.min(MAX_ROWS, Math.max(10, Math.floor(BATCH_BYTES / ofOne)));
  }
  await client.query('close pictures');
}

/** How many pictures the choice has that nobody labelled. */
export async function countUnlabelled(client: DatabaseClient, choice: PictureChoice): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::integer as count from fovea.media m where ${where(choice)} and not m.labelled`,
    [choice.projectId],
  );
  return rows[0]!.count;
}

function toProjectPicture(row: Row): ProjectPicture {
  const { sha256, name, width, height, split, boxed, objects, classes } = row;
  return {
    split,
    pixelClasses: row.pixel_classes ?? [],
    perceptualHash: row.perceptual_hash,
    picture: {
      sha256,
      name,
      width,
      height,
      annotations: (objects ?? []).map(([classIndex, box, isCrowd, shape, keypoints, trackId]) => ({
        ...shape,
        classIndex,
        box,
        ...(isCrowd && { isCrowd }),
        ...(keypoints && { keypoints }),
        ...(trackId !== null && { trackId }),
      })),
      ...(classes && { classIndices: classes }),
      ...(row.label_map_sha256 !== null && { labelMapSha256: row.label_map_sha256 }),
      ...(!boxed && { boxed: false as const }),
      ...(row.video_sha256 !== null && { videoSha256: row.video_sha256 }),
      ...(row.time_seconds !== null && { timeSeconds: row.time_seconds }),
    },
  };
}

function shapeBytes(objects: Row['objects']): number {
  let bytes = 0;
  for (const [, , , shape, keypoints] of objects ?? []) {
    bytes += 100 + 20 * (keypoints?.length ?? 0);
    for (const outline of [...(shape?.polygons ?? []), ...(shape?.holes ?? [])]) bytes += 20 * outline.length;
    bytes += shape?.mask?.counts.length ?? 0;
  }
  return bytes;
}
