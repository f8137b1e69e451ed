import type { z } from '@hono/zod-openapi';
import type * as curationRoutes from './routes/curation.js';
import type { getHealth } from './routes/index.js';
import type * as lakeRoutes from './routes/lake.js';
import type * as modelRoutes from './routes/models.js';
import type * as projectRoutes from './routes/projects.js';
import type * as runRoutes from './routes/runs.js';
import type * as snapshotRoutes from './routes/snapshots.js';
import type * as videoRoutes from './routes/videos.js';

type Routes = typeof curationRoutes &
  typeof lakeRoutes &
  typeof modelRoutes &
  typeof projectRoutes &
  typeof runRoutes &
  typeof snapshotRoutes &
  typeof videoRoutes & { getHealth: typeof getHealth };
type AnyRoute = Routes[keyof Routes];

type Input<S> = S extends z.ZodType ? z.input<S> : never;
type Output<S> = S extends z.ZodType ? z.output<S> : never;

type Part<R, K extends string> = R extends { request: infer Q }
  ? Q extends Record<K, infer S>
    ? S
    : undefined
  : undefined;

type Contents<C> = { [M in keyof C]: C[M] extends { schema: infer S } ? Output<S> : never };

type Operation<R> = R extends { responses: infer A }
  ? {
      parameters: (Part<R, 'params'> extends infer P
        ? P extends z.ZodType
          ? { path: Input<P> }
          : { path?: never }
        : never) &
        (Part<R, 'query'> extends infer Q ? (Q extends z.ZodType ? { query?: Input<Q> } : { query?: never }) : never);
      responses: { [S in keyof A]: A[S] extends { content: infer C } ? { content: Contents<C> } : never };
    } & (Part<R, 'body'> extends { content: { 'application/json': { schema: infer B } } }
      ? { requestBody: { content: { 'application/json': Input<B> } } }
      : { requestBody?: never })
  : never;

/**
 * The API as openapi-fetch wants it typed, computed from the route definitions themselves instead of generated from
 * the OpenAPI document: `paths['/projects/{project}']['get']`.
 */
export type Paths = {
  [P in AnyRoute['path']]: {
    [M in Extract<AnyRoute, { path: P }>['method']]: Operation<Extract<AnyRoute, { path: P; method: M }>>;
  };
};
