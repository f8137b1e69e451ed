import { OpenAPIHono } from '@hono/zod-openapi';
import { invalidRequest } from '../failure.js';

/** A router whose requests are held to their schemas; what does not fit is thrown to the one error path. */
export function createRouter(): OpenAPIHono {
  return new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw invalidRequest(result.target, result.error.issues);
    },
  });
}
