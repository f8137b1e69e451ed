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
  },
  (table) => [primaryKey({ columns: [table.projectId, table.index] }), unique().on(table.projectId, table.name)],
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
    /** Whether somebody said what is in it; a labelled picture without annotations is background. */
    labelled: boolean('labelled').notNull(),
    /** The split its dataset came with (`train`, `val`, `test`), or null. */
    split: text('split'),
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
  attributes: jsonb('attributes').$type<Record<string, unknown>>(),
});

/** Numbers of a snapshot, as they are shown. */
export interface SnapshotCounts {
  media: number;
  annotations: number;
  train: number;
  val: number;
  test: number;
}

/** The header of an immutable dataset version; its content is the manifest, a JSON-lines file in the blob store. */
export const snapshots = fovea.table('snapshots', {
  /** The first 20 hexadecimal digits of the manifest's SHA-256: same content, same snapshot. */
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
  createdAt: createdAt(),
});
