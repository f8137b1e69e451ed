import * as routes from '@fovea/api/routes';
import { createProject, getProject, listProjects } from '@fovea/lake';
import { presentProject } from '../present-lake.js';
import type { Services } from '../services.js';
import { createRouter } from './router.js';

/** Projects. */
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
    );
}
