import { FoveaError } from '@fovea/annotations';
import { basePath, getHealth } from '@fovea/api/routes';
import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { answerFailure } from './failure.js';
import { guard } from './guard.js';
import { maxJsonBytes } from './request-body.js';
import { curationRoutes } from './routes/curation.js';
import { lakeRoutes } from './routes/lake.js';
import { mediaRoutes } from './routes/media.js';
import { modelRoutes } from './routes/models.js';
import { projectRoutes } from './routes/projects.js';
import { createRouter } from './routes/router.js';
import { runRoutes } from './routes/runs.js';
import { snapshotRoutes } from './routes/snapshots.js';
import { videoRoutes } from './routes/videos.js';
import type { Services } from './services.js';
import { version } from './version.js';
import { inertPolicy, securityHeaders } from './web/security-headers.js';
import { serveWebApp } from './web/web-app.js';

/** Options of {@link createApp}. */
export interface AppOptions {
  /** Folder of the built web app. */
  readonly webFolder: string;
  /** Names besides addresses and localhost this server answers to. */
  readonly allowedHosts?: readonly string[];
}

/** The whole HTTP surface: guard and headers, the API below /api/v1 with its OpenAPI document, the web app elsewhere. */
export function createApp(services: Services, options: AppOptions): OpenAPIHono {
  const app = new OpenAPIHono();
  const { home } = services;

  app.onError((error, c) => answerFailure(error, c, home));
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(securityHeaders)) c.res.headers.set(name, value);
    // What has not changed keeps the policy it came with: a browser would put this one in its place.
    if (c.res.status !== 304 && !c.res.headers.has('Content-Security-Policy')) {
      c.res.headers.set('Content-Security-Policy', inertPolicy);
    }
  });
  app.use(guard(options.allowedHosts));

  const api = createRouter();
  api.use(async (c, next) => {
    await next();
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
  });
  const limitJson = bodyLimit({
    maxSize: maxJsonBytes,
    onError: () => {
      throw new FoveaError('too_large', `The body is larger than the limit of ${maxJsonBytes} bytes.`, {
        maxBytes: maxJsonBytes,
      });
    },
  });
  // Routes that take pictures count for themselves, with a larger limit.
  api.use((c, next) => (/\/(media|predict|similar|ingest\/upload)$/.test(c.req.path) ? next() : limitJson(c, next)));

  api.openapi(getHealth, (c) => c.json({ status: 'ok' as const, version, home: home.path }, 200));
  for (const routes of [
    projectRoutes,
    mediaRoutes,
    videoRoutes,
    lakeRoutes,
    curationRoutes,
    snapshotRoutes,
    runRoutes,
    modelRoutes,
  ])
    api.route('/', routes(services));
  api.get('/openapi.json', (c) =>
    c.json(
      api.getOpenAPI31Document({
        openapi: '3.1.0',
        info: {
          title: 'Fovea',
          version,
          description: 'Self-hosted computer vision: projects, media, snapshots, runs, models and predictions.',
          license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
        },
        servers: [{ url: basePath }],
      }),
    ),
  );
  app.route(basePath, api);
  app.all('/api/*', (c) => {
    const known = methodsAt(app, c.req.path);
    if (known.length > 0) {
      throw new FoveaError('method_not_allowed', `${c.req.path} takes ${known.join(', ')}, not ${c.req.method}.`, {
        known,
      });
    }
    throw new FoveaError('unknown_route', `There is no route ${c.req.path}; ${basePath}/openapi.json lists all.`);
  });
  app.all('*', serveWebApp(options.webFolder));
  return app;
}

/** Methods of the routes whose pattern fits a path. */
function methodsAt(app: OpenAPIHono, path: string): string[] {
  const methods = app.routes
    .filter((route) => route.method !== 'ALL' && route.path.startsWith(basePath))
    .filter((route) => new RegExp(`^${route.path.replace(/:[^/]+/g, '[^/]+')}$`).test(path))
    .map((route) => route.method);
  return [...new Set(methods)].sort();
}
