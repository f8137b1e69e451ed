import { listProjects } from '@fovea/lake';
import { done, type Outcome } from '../outcome.js';
import { type CommonOptions, remoteOf, type Session, withHome } from '../session.js';
import { table } from '../terminal.js';

/** `fovea projects`: every project with its counts. */
export async function projectsCommand(options: CommonOptions, session: Session): Promise<Outcome> {
  const client = remoteOf(options);
  const projects = client
    ? await client.listProjects()
    : await withHome(options, session, async (home) =>
        (await listProjects(home)).map(({ name, description, createdAt, counts, classes }) => ({
          name,
          description,
          createdAt: createdAt.toISOString(),
          counts,
          classes,
        })),
      );
  if (projects.length === 0) return done({ projects }, ['There are no projects yet: fovea import makes one.']);
  const rows = projects.map(({ name, counts, classes }) => [
    name,
    counts.media,
    counts.annotations,
    counts.runs,
    counts.models,
    classes.map((each) => each.name).join(', ') || '–',
  ]);
  return done({ projects }, [table(['project', 'pictures', 'annotations', 'runs', 'models', 'classes'], rows)]);
}
