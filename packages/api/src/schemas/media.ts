import { z } from '@hono/zod-openapi';
import { problemSchema } from './error.js';
import { boxAnnotationSchema, sha256Schema, timeSchema } from './geometry.js';

/** A class of a picture as a whole. */
export const mediaClassSchema = z.object({ className: z.string(), classIndex: z.number().int() }).openapi('MediaClass');

/** Classes of a picture's pixels; the map itself is at the picture's `label-map`. */
export const labelMapSchema = z
  .object({
    sha256: sha256Schema,
    classes: z
      .array(mediaClassSchema.extend({ pixels: z.number().int() }))
      .describe('The classes that pixels have, most pixels first.'),
  })
  .openapi('LabelMap');

/** A picture of a project with its labels. */
export const mediaItemSchema = z
  .object({
    sha256: sha256Schema,
    name: z.string(),
    width: z.number().int(),
    height: z.number().int(),
    format: z.string(),
    sizeBytes: z.number().int(),
    createdAt: timeSchema,
    labelled: z.boolean().describe('Someone said what is in it, by labels of whatever kind.'),
    boxed: z.boolean().describe('Someone said which boxes are in it: with no annotations it is known background.'),
    annotations: z.array(boxAnnotationSchema),
    classes: z.array(mediaClassSchema).describe('Of the picture as a whole.'),
    labelMap: labelMapSchema.nullable(),
    split: z.string().nullable().describe('train, val or test where its dataset or a person said so.'),
    video: z
      .object({ sha256: sha256Schema, timeSeconds: z.number() })
      .nullable()
      .describe('Of a frame: its video, and when it is shown.'),
    tags: z.array(z.string()),
    reviewed: z.boolean().describe('A person looked at its labels and found them right.'),
    removedAt: timeSchema.nullable().describe('When it was taken out of the project.'),
  })
  .openapi('MediaItem');

/** One page of pictures; `nextCursor` is null on the last. */
export const mediaPageSchema = z
  .object({
    items: z.array(mediaItemSchema),
    nextCursor: z.string().nullable(),
    total: z.number().int().describe('All pictures that match, over all pages.'),
  })
  .openapi('MediaPage');

/** What became of one uploaded picture. */
export const importedMediaSchema = z
  .object({
    sha256: sha256Schema,
    status: z.enum(['imported', 'duplicate']),
    problems: z.array(problemSchema),
  })
  .openapi('ImportedMedia');
