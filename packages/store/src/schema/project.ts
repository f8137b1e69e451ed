import {
  bigint,
  boolean,
  doublePrecision,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
} from 'drizzle-orm/pg-core';

/** Every table of Fovea lies in this PostgreSQL schema, so that an external database can be shared. */
export const fovea = pgSchema('fovea');

const id = () => bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity();
const createdAt = () => timestamp('created_at', { withTimezone: true }).notNull().defaultNow();

/** What one team works on: one dataset, its classes, runs and models. */
export const projects = fovea.table('projects', {
  id: id(),
  name: text('name').notNull().unique(),
  description: text('description').notNull().default(''),
  createdAt: createdAt(),
});

/** A project's classes; `index` counts from 0 and never changes. */
export const classes = fovea.table(
  'classes',
  {
    projectId: bigint('project_id', { mode: 'number' })
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    index: integer('index').notNull(),
    name: text('name').notNull(),
    /** Names and edges of its key points, where it has such. */
    skeleton: jsonb('skeleton').$type<StoredSkeleton>(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.index] }), unique().on(table.projectId, table.name)],
);

/** The key points of a class: their names in order, and the pairs of indices that a line joins. */
export interface StoredSkeleton {
  readonly names: readonly string[];
  readonly edges: readonly (readonly [from: number, to: number])[];
}

/** A video in a project; its frames are media of their own, addressed by video and time. */
export const videos = fovea.table(
  'videos',
  {
    id: id(),
    projectId: bigint('project_id', { mode: 'number' })
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    sha256: text('sha256').notNull(),
    name: text('name').notNull(),
    format: text('format').notNull(),
    width: integer('width').notNull(),
    height: integer('height').notNull(),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
    durationSeconds: doublePrecision('duration_seconds').notNull(),
    frameCount: integer('frame_count').notNull(),
    /** Frames a second; null where their distances vary. */
    frameRate: doublePrecision('frame_rate'),
    createdAt: createdAt(),
  },
  (table) => [unique().on(table.projectId, table.sha256)],
);

/** An image in a project, addressed by the SHA-256 of its bytes, which lie in the blob store. */
export const media = fovea.table(
  'media',
  {
    id: id(),
    projectId: bigint('project_id', { mode: 'number' })
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    sha256: text('sha256').notNull(),
    /** Path below the imported folder, or the uploaded file's name. */
    name: text('name').notNull(),
    width: integer('width').notNull(),
    height: integer('height').notNull(),
    format: text('format').notNull(),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
    /** Whether somebody said what is in it: by boxes or that there are none, by classes, or by a label map. */
    labelled: boolean('labelled').notNull(),
    /** Whether somebody said which boxes are in it: one without boxes is then background. Null: as `labelled`. */
    boxed: boolean('boxed'),
    /** The split its dataset came with (`train`, `val`, `test`), or null. */
    split: text('split'),
    /** Of a frame: its video, and when it is shown. Its bytes are not stored unless asked for. */
    videoId: bigint('video_id', { mode: 'number' }).references(() => videos.id, { onDelete: 'cascade' }),
    timeSeconds: doublePrecision('time_seconds'),
    /** When a person looked at its labels and found them right. */
    reviewedAt: timestamp('reviewed_at', { withTimezone: true }),
    /** When it was taken out of the project; it can be put back until it is collected. */
    removedAt: timestamp('removed_at', { withTimezone: true }),
    createdAt: createdAt(),
  },
  (table) => [unique().on(table.projectId, table.sha256)],
);

/** A box on a picture, xyxy in pixels from the top-left corner. */
export const annotations = fovea.table('annotations', {
  id: id(),
  mediaId: bigint('media_id', { mode: 'number' })
    .notNull()
    .references(() => media.id, { onDelete: 'cascade' }),
  projectId: bigint('project_id', { mode: 'number' }).notNull(),
  classIndex: integer('class_index').notNull(),
  box: doublePrecision('box').array().$type<[xmin: number, ymin: number, xmax: number, ymax: number]>().notNull(),
  isCrowd: boolean('is_crowd').notNull().default(false),
  /** The rest of its shape: `polygons`, `holes`, `mask`, `rotatedBox`, as `ObjectShape` of annotations has them. */
  shape: jsonb('shape').$type<Record<string, unknown>>(),
  /** x, y, v for each key point of its class. */
  keypoints: doublePrecision('keypoints').array(),
  trackId: text('track_id'),
  attributes: jsonb('attributes').$type<Record<string, unknown>>(),
});

/** A class of a whole picture; it may have several. */
export const mediaClasses = fovea.table(
  'media_classes',
  {
    mediaId: bigint('media_id', { mode: 'number' })
      .notNull()
      .references(() => media.id, { onDelete: 'cascade' }),
    projectId: bigint('project_id', { mode: 'number' }).notNull(),
    classIndex: integer('class_index').notNull(),
  },
  (table) => [primaryKey({ columns: [table.mediaId, table.classIndex] })],
);

/** Classes of a picture's pixels: an 8-bit grey PNG in the blob store, whose values are class indices, 255 unlabelled. */
export const labelMaps = fovea.table('label_maps', {
  mediaId: bigint('media_id', { mode: 'number' })
    .primaryKey()
    .references(() => media.id, { onDelete: 'cascade' }),
  projectId: bigint('project_id', { mode: 'number' })
    .notNull()
    .references(() => projects.id, { onDelete: 'cascade' }),
  sha256: text('sha256').notNull(),
});

/** How many pixels of a label map have a class; none of those that no pixel has. */
export const labelMapClasses = fovea.table(
  'label_map_classes',
  {
    mediaId: bigint('media_id', { mode: 'number' })
      .notNull()
      .references(() => labelMaps.mediaId, { onDelete: 'cascade' }),
    projectId: bigint('project_id', { mode: 'number' }).notNull(),
    classIndex: integer('class_index').notNull(),
    pixels: bigint('pixels', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.mediaId, table.classIndex] })],
);

/** Numbers of a snapshot, as they are shown. */
export interface SnapshotCounts {
  /** Pictures. */
  media: number;
  /** Boxes. */
  annotations: number;
  /** Pictures with classes of their own; 0 in snapshots from before there were such. */
  classified: number;
  /** Pictures with a label map; 0 in snapshots from before there were such. */
  labelMaps: number;
  train: number;
  val: number;
  test: number;
  /** Pictures that were left out, since nobody labelled them; absent in snapshots from before this was counted. */
  unlabelled?: number;
  /** Groups of near duplicates and of frames of one video that are kept on one side. */
  groups?: number;
  /** 1 where pictures that belong together are on both sides, since otherwise one side would be empty. */
  torn?: number;
}

/** The header of an immutable dataset version; its content is the manifest, a Parquet file in the blob store. */
export const snapshots = fovea.table('snapshots', {
  /** The first 20 hexadecimal digits of the SHA-256 of its content in canonical form: same content, same snapshot. */
  id: text('id').primaryKey(),
  projectId: bigint('project_id', { mode: 'number' })
    .notNull()
    .references(() => projects.id, { onDelete: 'cascade' }),
  name: text('name').notNull(),
  manifestSha256: text('manifest_sha256').notNull(),
  classNames: jsonb('class_names').$type<string[]>().notNull(),
  valFraction: doublePrecision('val_fraction').notNull(),
  seed: integer('seed').notNull(),
  counts: jsonb('counts').$type<SnapshotCounts>().notNull(),
  /** What was asked for, where it is not the whole project. */
  query: jsonb('query').$type<Record<string, unknown>>(),
  description: text('description').notNull().default(''),
  createdAt: createdAt(),
});
