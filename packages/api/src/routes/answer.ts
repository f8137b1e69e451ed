import { z } from '@hono/zod-openapi';
import { errorSchema, nameSchema, sha256Schema } from '../schemas/index.js';

/** The responses of a route that answers JSON: the good one, and the one error shape for every other status. */
export function answers<S extends z.ZodType, Status extends 200 | 201 | 202 = 200>(
  schema: S,
  description: string,
  status: Status = 200 as Status,
) {
  return {
    [status]: { description, content: { 'application/json': { schema } } },
    default: failure,
  } as { [K in Status]: { description: string; content: { 'application/json': { schema: S } } } } & {
    default: typeof failure;
  };
}

/** The response of every failed request. */
export const failure = {
  description: 'What was wrong, and what would be right.',
  content: { 'application/json': { schema: errorSchema } },
};

/** A response of bytes, said in OpenAPI as a binary string. */
export function bytes<M extends string>(mediaType: M, description: string) {
  return {
    200: {
      description,
      content: { [mediaType]: { schema: z.string().openapi({ format: 'binary' }) } } as {
        [K in M]: { schema: z.ZodString };
      },
    },
    default: failure,
  };
}

/** A request body of JSON that must be there. */
export function json<S extends z.ZodType>(schema: S) {
  return { required: true as const, content: { 'application/json': { schema } } };
}

// Ids in paths are not held to the naming rule: what does not exist is answered 404 with the known names, not 400.
export const projectParams = z.object({ project: z.string().min(1).openapi({ example: 'sample' }) });
export const mediaParams = projectParams.extend({ sha256: sha256Schema });
export const runParams = z.object({ id: z.string().min(1) });
export const modelParams = z.object({ name: z.string().min(1).openapi({ example: 'sample' }) });
export const versionParams = modelParams.extend({ version: z.coerce.number<number>().int().min(1) });
export const aliasParams = modelParams.extend({ alias: nameSchema });
