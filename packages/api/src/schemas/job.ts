import { z } from '@hono/zod-openapi';
import { timeSchema } from './geometry.js';

/** A piece of long work in the queue. */
export const jobSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    state: z.string(),
    data: z.unknown(),
    progress: z.unknown().describe('What the work last told of how far it is.'),
    attempts: z.number().int(),
    error: z.string().nullable(),
    createdAt: timeSchema.nullable(),
  })
  .openapi('Job');
