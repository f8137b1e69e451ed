import { createRoute, z } from '@hono/zod-openapi';
import { answers } from './answer.js';

/** Where the API lives below the server's address. */
export const basePath = '/api/v1';

export const getHealth = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'getHealth',
  tags: ['server'],
  summary: 'Whether the server is up, and which home it serves',
  responses: answers(
    z.object({ status: z.literal('ok'), version: z.string(), home: z.string().optional() }).openapi('Health'),
    'It is up.',
  ),
});

/** Every route by its operation name: the server mounts them, the OpenAPI document lists them, the client is typed by them. */
export * from '../schemas/index.js';
export * from './curation.js';
export * from './lake.js';
export * from './models.js';
export * from './projects.js';
export * from './runs.js';
export * from './snapshots.js';
export * from './videos.js';
