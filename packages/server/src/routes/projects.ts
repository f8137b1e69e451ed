import * as routes from '@fovea/api/routes';
import { createProject, createSnapshot, getProject, listProjects, listSnapshots } from '@fovea/lake';
import { presentProject, presentSnapshot } from '../present-lake.js';
import type { Services } from '../services.js';
import { createRouter } from './router.js';

/** Projects and their snapshots. */
export function projectRoutes({ home }: Services) {
  return createRouter()
    .openapi(routes.listProjects, async (c) =>
      c.json({ projects: (await listProjects(home)).map(presentProject) }, 200),
    )
    .openapi(routes.createProject, async (c) => {
      const body = c.req.valid('json');
      await createProject(home, body);
      return c.json(presentProject(await getProject(home, body.name)), 201);
    })
    .openapi(routes.getProject, async (c) =>
      c.json(presentProject(await getProject(home, c.req.valid('param').project)), 200),
    )
    .openapi(routes.listSnapshots, async (c) =>
      c.json({ snapshots: (await listSnapshots(home, c.req.valid('param').project)).map(presentSnapshot) }, 200),
    )
    .openapi(routes.createSnapshot, async (c) =>
      c.json(presentSnapshot(await createSnapshot(home, c.req.valid('param').project, c.req.valid('json'))), 201),
    );
}
