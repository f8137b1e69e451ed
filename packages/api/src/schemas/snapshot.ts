import { z } from '@hono/zod-openapi';
import { mediaFilterSchema } from './filter.js';
import { sha256Schema, timeSchema, xyxySchema } from './geometry.js';

const splitSchema = z.enum(['train', 'val', 'test']);

/** An immutable dataset version's header. The same content has the same id. */
export const snapshotSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    createdAt: timeSchema,
    classNames: z.array(z.string()),
    valFraction: z.number(),
    seed: z.number().int(),
    counts: z.object({
      media: z.number().int(),
      annotations: z.number().int().describe('Boxes.'),
      classified: z.number().int().describe('Pictures with classes as a whole.'),
      labelMaps: z.number().int().describe('Pictures with a label map.'),
      train: z.number().int(),
      val: z.number().int(),
      test: z.number().int().optional(),
      unlabelled: z.number().int().optional().describe('Pictures left out, since nobody labelled them.'),
      groups: z
        .number()
        .int()
        .optional()
        .describe('Groups of near duplicates and of frames of one video, each kept on one side.'),
      torn: z
        .number()
        .int()
        .optional()
        .describe('1 where such a group is on both sides, since otherwise one side would be empty.'),
    }),
    query: z.record(z.string(), z.unknown()).nullable().describe('What was asked for; null: the whole project.'),
  })
  .openapi('Snapshot');

/** A snapshot that was asked for. */
export const createdSnapshotSchema = snapshotSchema
  .extend({ isNew: z.boolean().describe('False: this content was a snapshot before, under this name.') })
  .openapi('CreatedSnapshot');

/** A snapshot with what came of it. */
export const snapshotLineageSchema = snapshotSchema
  .extend({
    runs: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        task: z.string(),
        state: z.string(),
        createdAt: timeSchema,
        model: z.object({ name: z.string(), version: z.number().int() }).nullable(),
      }),
    ),
  })
  .openapi('SnapshotLineage');

/** What makes a snapshot of a project as it stands, or of some of its pictures. */
export const newSnapshotSchema = z
  .object({
    name: z.string().max(200).optional().describe('Unique in the project; default v1, v2, …'),
    description: z.string().max(10_000).optional(),
    filter: mediaFilterSchema.optional().describe('Only these pictures; not together with `sql`.'),
    sql: z
      .string()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Only the pictures that this SELECT gives by a column media_id or sha256.'),
    valFraction: z.number().min(0).max(0.9).optional().describe('Share of pictures held out, default 0.15.'),
    testFraction: z.number().min(0).max(0.9).optional().describe('Share of pictures put aside as test, default 0.'),
    seed: z.number().int().min(0).optional(),
    splits: z
      .enum(['keep', 'new'])
      .optional()
      .describe('Whether splits that pictures came with are kept (default) or all are split anew.'),
    includeUnlabelled: z.boolean().optional().describe('Takes pictures that nobody labelled too; default false.'),
  })
  .strict()
  .openapi('NewSnapshot');

/** Which pictures of a snapshot. */
export const snapshotPicturesQuerySchema = z.object({
  split: splitSchema.optional(),
  offset: z.coerce.number<number>().int().min(0).default(0),
  limit: z.coerce.number<number>().int().min(1).max(1000).default(100),
});

/** A page of a snapshot's pictures, by SHA-256. */
export const snapshotPicturesSchema = z
  .object({
    total: z.number().int(),
    pictures: z.array(
      z.object({
        sha256: sha256Schema,
        name: z.string(),
        width: z.number().int(),
        height: z.number().int(),
        split: splitSchema,
        annotations: z.array(
          z.looseObject({ classIndex: z.number().int(), box: xyxySchema, isCrowd: z.boolean().optional() }),
        ),
        classIndices: z.array(z.number().int()).optional(),
        labelMapSha256: sha256Schema.optional(),
        boxed: z.literal(false).optional(),
        videoSha256: sha256Schema.optional(),
        timeSeconds: z.number().optional(),
      }),
    ),
  })
  .openapi('SnapshotPictures');

const amount = z
  .object({ objects: z.number().int(), pictures: z.number().int() })
  .nullable()
  .describe('Null where the snapshot does not know the class.');

/** What differs between two snapshots. */
export const snapshotComparisonSchema = z
  .object({
    before: snapshotSchema,
    after: snapshotSchema,
    pictures: z.object({
      added: z.number().int(),
      removed: z.number().int(),
      same: z.number().int().describe('In both, with the same labels and the same split.'),
      labels: z.number().int().describe('In both, with other labels.'),
      split: z.number().int().describe('In both, on another side.'),
    }),
    labelMaps: z.number().int(),
    objects: z.object({
      added: z.number().int(),
      removed: z.number().int(),
      moved: z.number().int(),
      reclassed: z.number().int(),
    }),
    moves: z.array(z.object({ from: splitSchema, to: splitSchema, count: z.number().int() })),
    classes: z.array(
      z.object({
        name: z.string(),
        before: amount,
        after: amount,
        added: z.number().int(),
        removed: z.number().int(),
        moved: z.number().int(),
        reclassed: z.number().int(),
      }),
    ),
    sentences: z.array(z.string()),
  })
  .openapi('SnapshotComparison');

/** Which pictures of a comparison. */
export const snapshotDifferenceQuerySchema = z.object({
  kind: z.enum(['added', 'removed', 'labels', 'split', 'same']),
  class: z.string().max(200).optional().describe('Only pictures with an object of this class that changed.'),
  offset: z.coerce.number<number>().int().min(0).default(0),
  limit: z.coerce.number<number>().int().min(1).max(1000).default(100),
});

/** A page of the pictures behind a number of a comparison, by SHA-256. */
export const snapshotDifferenceSchema = z
  .object({
    total: z.number().int(),
    pictures: z.array(
      z.object({
        sha256: sha256Schema,
        name: z.string(),
        splitBefore: splitSchema.nullable(),
        splitAfter: splitSchema.nullable(),
        objects: z.array(
          z.object({
            kind: z.enum(['added', 'removed', 'moved', 'reclassed', 'class_added', 'class_removed', 'boxed']),
            class: z.string(),
            was: z.string().nullable(),
            n: z.number().int(),
          }),
        ),
      }),
    ),
  })
  .openapi('SnapshotDifference');
