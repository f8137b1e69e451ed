import { z } from '@hono/zod-openapi';
import { timeSchema } from './geometry.js';

/** An immutable dataset version's header. The same content has the same id. */
export const snapshotSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    createdAt: timeSchema,
    classNames: z.array(z.string()),
    counts: z.object({
      media: z.number().int(),
      annotations: z.number().int().describe('Boxes.'),
      classified: z.number().int().describe('Pictures with classes as a whole.'),
      labelMaps: z.number().int().describe('Pictures with a label map.'),
      train: z.number().int(),
      val: z.number().int(),
      test: z.number().int().optional(),
    }),
  })
  .openapi('Snapshot');

/** What makes a snapshot of a project as it stands. */
export const newSnapshotSchema = z
  .object({
    name: z.string().max(200).optional(),
    valFraction: z.number().min(0).max(0.9).optional().describe('Share of pictures held out, default 0.15.'),
    seed: z.number().int().min(0).optional(),
  })
  .strict()
  .openapi('NewSnapshot');
