import { z } from '@hono/zod-openapi';

/** The one shape of every error the API answers: a stable code, a sentence, and the values it speaks of. */
export const errorSchema = z
  .object({
    error: z.object({
      code: z.string().describe('Stable, snake_case, e.g. `unknown_model`.'),
      message: z.string().describe('A sentence: what was wrong, and what would be right.'),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  })
  .openapi('Error');

/** One thing an import skipped or changed, and why. */
export const problemSchema = z
  .object({ file: z.string(), line: z.number().int().optional(), code: z.string(), reason: z.string() })
  .openapi('Problem');
