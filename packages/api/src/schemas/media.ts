import { z } from '@hono/zod-openapi';
import { problemSchema } from './error.js';
import { boxAnnotationSchema, sha256Schema, timeSchema } from './geometry.js';

/** A picture of a project with its annotations. */
export const mediaItemSchema = z
  .object({
    sha256: sha256Schema,
    name: z.string(),
    width: z.number().int(),
    height: z.number().int(),
    format: z.string(),
    sizeBytes: z.number().int(),
    createdAt: timeSchema,
    labelled: z.boolean().describe('Someone looked at it: with no annotations it is known background.'),
    annotations: z.array(boxAnnotationSchema),
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

/** Which pictures to list. Values of a query string, so numbers and booleans are coerced. */
export const mediaQuerySchema = z.object({
  limit: z.coerce.number<number>().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional(),
  class: z.string().optional().describe('Only pictures with an annotation of this class.'),
  labelled: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional(),
  search: z.string().max(500).optional().describe('Part of the file name.'),
});

/** What became of one uploaded picture. */
export const importedMediaSchema = z
  .object({
    sha256: sha256Schema,
    status: z.enum(['imported', 'duplicate']),
    problems: z.array(problemSchema),
  })
  .openapi('ImportedMedia');
