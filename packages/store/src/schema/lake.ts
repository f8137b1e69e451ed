import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  integer,
  jsonb,
  primaryKey,
  real,
  smallint,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import { fovea, media, projects } from './project.js';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });
const projectId = () => bigint('project_id', { mode: 'number' }).notNull();
const mediaId = () =>
  bigint('media_id', { mode: 'number' })
    .notNull()
    .references(() => media.id, { onDelete: 'cascade' });
const instant = (name: string) => timestamp(name, { withTimezone: true });

/**
 * What is read from a picture's bytes, once, whichever projects have it. Statistics are of the picture as decoded at
 * `statisticsWidth` x `statisticsHeight`; histograms have 32 bins of 8 values.
 */
export const facts = fovea.table('facts', {
  sha256: text('sha256').primaryKey(),
  format: text('format').notNull(),
  width: integer('width').notNull(),
  height: integer('height').notNull(),
  sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
  orientation: smallint('orientation').notNull(),
  colourSpace: text('colour_space').notNull(),
  channels: smallint('channels').notNull(),
  bitsPerChannel: smallint('bits_per_channel').notNull(),
  hasAlpha: boolean('has_alpha').notNull(),
  pages: integer('pages').notNull(),
  perceptualHash: text('perceptual_hash').notNull(),
  statisticsWidth: integer('statistics_width').notNull(),
  statisticsHeight: integer('statistics_height').notNull(),
  redMean: real('red_mean').notNull(),
  redStd: real('red_std').notNull(),
  redMin: smallint('red_min').notNull(),
  redMax: smallint('red_max').notNull(),
  redHistogram: integer('red_histogram').array().notNull(),
  greenMean: real('green_mean').notNull(),
  greenStd: real('green_std').notNull(),
  greenMin: smallint('green_min').notNull(),
  greenMax: smallint('green_max').notNull(),
  greenHistogram: integer('green_histogram').array().notNull(),
  blueMean: real('blue_mean').notNull(),
  blueStd: real('blue_std').notNull(),
  blueMin: smallint('blue_min').notNull(),
  blueMax: smallint('blue_max').notNull(),
  blueHistogram: integer('blue_histogram').array().notNull(),
  brightness: real('brightness').notNull(),
  contrast: real('contrast').notNull(),
  sharpness: real('sharpness').notNull(),
  entropy: real('entropy').notNull(),
  cameraMake: text('camera_make'),
  cameraModel: text('camera_model'),
  lensModel: text('lens_model'),
  exposureSeconds: doublePrecision('exposure_seconds'),
  fNumber: real('f_number'),
  iso: real('iso'),
  focalLengthMm: real('focal_length_mm'),
  /** The camera's clock, without a zone: `2008-05-30 15:56:01`. */
  takenAt: timestamp('taken_at', { mode: 'string' }),
  takenAtOffsetMinutes: smallint('taken_at_offset_minutes'),
  latitude: doublePrecision('latitude'),
  longitude: doublePrecision('longitude'),
  altitudeMeters: doublePrecision('altitude_meters'),
  exif: jsonb('exif').$type<Record<string, unknown>>().notNull(),
  exifProblem: text('exif_problem'),
});

/** What has been taken in from where; see the migration. */
export const sources = fovea.table(
  'sources',
  {
    projectId: bigint('project_id', { mode: 'number' })
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    locationSha256: bytea('location_sha256').notNull(),
    location: text('location').notNull(),
    fingerprint: text('fingerprint').notNull(),
    sha256: text('sha256'),
    problemCode: text('problem_code'),
    problemReason: text('problem_reason'),
    seenAt: instant('seen_at').notNull().defaultNow(),
    goneAt: instant('gone_at'),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.locationSha256] })],
);

/** A word that people put on a picture. */
export const mediaTags = fovea.table(
  'media_tags',
  {
    mediaId: mediaId(),
    projectId: projectId(),
    tag: text('tag').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.mediaId, table.tag] })],
);

/** What was done to many pictures at once: `tag` and so on, see `changeMedia` of lake. */
export type StoredAction =
  | { readonly kind: 'tag' | 'untag'; readonly tag: string }
  | { readonly kind: 'review' | 'unreview' | 'remove' }
  | { readonly kind: 'split'; readonly split: string | null };

/** Actions on many pictures, with which pictures each changed, so that it can be undone. */
export const mediaActions = fovea.table('media_actions', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  projectId: bigint('project_id', { mode: 'number' })
    .notNull()
    .references(() => projects.id, { onDelete: 'cascade' }),
  action: jsonb('action').$type<StoredAction>().notNull(),
  mediaIds: bigint('media_ids', { mode: 'number' }).array().notNull(),
  before: text('before').array(),
  createdAt: instant('created_at').notNull().defaultNow(),
  undoneAt: instant('undone_at'),
});

/** What a model says is in a picture: xyxy in pixels, or, without a box, a class of the picture as a whole. */
export const predictions = fovea.table('predictions', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  mediaId: mediaId(),
  projectId: projectId(),
  model: text('model').notNull(),
  className: text('class_name').notNull(),
  confidence: real('confidence').notNull(),
  box: doublePrecision('box').array().$type<[xmin: number, ymin: number, xmax: number, ymax: number]>(),
  shape: jsonb('shape').$type<Record<string, unknown>>(),
  createdAt: instant('created_at').notNull().defaultNow(),
});

/** Which pictures a model has seen, be it that it found nothing. */
export const mediaPredicted = fovea.table(
  'media_predicted',
  {
    mediaId: mediaId(),
    projectId: projectId(),
    model: text('model').notNull(),
    predictedAt: instant('predicted_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.model, table.mediaId] })],
);

/** A picture as a vector: float32, little-endian, of length 1. */
export const embeddings = fovea.table(
  'embeddings',
  {
    mediaId: mediaId(),
    projectId: bigint('project_id', { mode: 'number' })
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    model: text('model').notNull(),
    vector: bytea('vector').notNull(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.model, table.mediaId] })],
);

/** Which pictures changed in which transaction; written by triggers, read by the columnar mirror. */
export const mediaChanges = fovea.table('media_changes', {
  mediaId: bigint('media_id', { mode: 'number' }).primaryKey(),
  projectId: projectId(),
  xid: xid8('xid').notNull(),
});
