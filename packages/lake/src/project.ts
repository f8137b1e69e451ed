import { classColor, FoveaError, type Skeleton } from '@fovea/annotations';
import { classes, type Home, projects } from '@fovea/store';
import { asc, eq, sql } from 'drizzle-orm';

/** A class of a project; its colour is the same wherever it is drawn. */
export interface ProjectClass {
  /** From 0, never changing. */
  readonly index: number;
  readonly name: string;
  /** `#rrggbb` */
  readonly color: string;
  /** Boxes of this class. */
  readonly count: number;
  /** Pictures that are of this class as a whole. */
  readonly pictures: number;
  /** Label maps with pixels of this class. */
  readonly labelMaps: number;
}

/** What one team works on, with its numbers. */
export interface Project {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly createdAt: Date;
  readonly counts: {
    readonly media: number;
    /** Boxes. */
    readonly annotations: number;
    /** Pictures with classes as a whole. */
    readonly classified: number;
    /** Pictures with a label map. */
    readonly labelMaps: number;
    readonly classes: number;
    readonly runs: number;
    readonly models: number;
  };
  readonly classes: readonly ProjectClass[];
  /** Up to four pictures to show it by, SHA-256 each: the first that have labels. */
  readonly cover: readonly string[];
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u;

/** Creates a project. @throws FoveaError `bad_name`, `project_exists` */
export async function createProject(
  home: Home,
  project: { readonly name: string; readonly description?: string },
): Promise<Project> {
  if (!(await insertProject(home, project))) {
    throw new FoveaError('project_exists', `There is a project "${project.name}" already.`, { project: project.name });
  }
  return getProject(home, project.name);
}

/** The project's row id; the project is created where there is none. @throws FoveaError `bad_name` */
export async function ensureProject(home: Home, name: string): Promise<number> {
  await insertProject(home, { name });
  return projectIdOf(home, name);
}

async function insertProject(home: Home, project: { name: string; description?: string }): Promise<boolean> {
  if (!NAME.test(project.name)) {
    throw new FoveaError(
      'bad_name',
      `"${project.name}" cannot name a project: letters, digits, blanks, dots, hyphens and underscores can, ` +
        'at most 100, a letter or digit first.',
      { name: project.name },
    );
  }
  const inserted = await home.db
    .insert(projects)
    .values({ name: project.name, description: project.description ?? '' })
    .onConflictDoNothing()
    .returning({ id: projects.id });
  return inserted.length === 1;
}

/** A project's row id. @throws FoveaError `unknown_project`, which names the known ones. */
export async function projectIdOf(home: Home, name: string): Promise<number> {
  const [row] = await home.db.select({ id: projects.id }).from(projects).where(eq(projects.name, name));
  if (row !== undefined) return row.id;
  const known = await home.db.select({ name: projects.name }).from(projects).orderBy(asc(projects.name));
  const names = known.map((project) => project.name);
  throw new FoveaError(
    'unknown_project',
    `There is no project "${name}"; ${names.length === 0 ? 'there are none yet' : `known are ${names.slice(0, 30).join(', ')}`}.`,
    { project: name, known: names },
  );
}

/** One project with its numbers. @throws FoveaError `unknown_project` */
export async function getProject(home: Home, name: string): Promise<Project> {
  const id = await projectIdOf(home, name);
  const [project] = await selectProjects(home, id);
  return project!;
}

/** All projects with their numbers, by name. */
export async function listProjects(home: Home): Promise<Project[]> {
  return selectProjects(home);
}

async function selectProjects(home: Home, id?: number): Promise<Project[]> {
  // Drizzle drops table names in a selection from one table, so subqueries spell them out.
  const count = (table: string, where = 'true') =>
    sql<number>`(select count(*)::integer from ${sql.raw(table)} t where t.project_id = projects.id and ${sql.raw(where)})`;
  const rows = await home.db
    .select({
      id: projects.id,
      name: projects.name,
      description: projects.description,
      createdAt: projects.createdAt,
      media: count('fovea.media', 't.removed_at is null'),
      annotations: count('fovea.annotations'),
      classified: sql<number>`(
        select count(distinct c.media_id)::integer from fovea.media_classes c where c.project_id = projects.id
      )`,
      labelMaps: count('fovea.label_maps'),
      runs: count('fovea.runs'),
      models: count('fovea.models'),
      cover: sql<string[]>`array(
        (select m.sha256 from fovea.media m where m.project_id = projects.id and m.removed_at is null
          and (exists (select 1 from fovea.annotations a where a.media_id = m.id)
            or m.labelled and not coalesce(m.boxed, true)) order by m.id limit 4)
        union all (select m.sha256 from fovea.media m where m.project_id = projects.id and m.removed_at is null order by m.id limit 4)
      )`,
    })
    .from(projects)
    .where(id === undefined ? undefined : eq(projects.id, id))
    .orderBy(asc(projects.name));
  return Promise.all(
    rows.map(async ({ media, annotations, classified, labelMaps, runs, models, cover, ...project }) => {
      const projectClasses = await countsByClass(home, project.id);
      return {
        ...project,
        counts: { media, annotations, classified, labelMaps, classes: projectClasses.length, runs, models },
        classes: projectClasses,
        cover: [...new Set(cover)].slice(0, 4),
      };
    }),
  );
}

/** A project's classes by index, each with the numbers of its labels. */
export async function countsByClass(home: Home, projectId: number): Promise<ProjectClass[]> {
  const count = (table: string) =>
    sql<number>`(
      select count(*)::integer from ${sql.raw(table)} t
      where t.project_id = classes.project_id and t.class_index = classes.index
    )`;
  const rows = await home.db
    .select({
      index: classes.index,
      name: classes.name,
      count: count('fovea.annotations'),
      pictures: count('fovea.media_classes'),
      labelMaps: count('fovea.label_map_classes'),
    })
    .from(classes)
    .where(eq(classes.projectId, projectId))
    .orderBy(asc(classes.index));
  return rows.map((row) => ({ ...row, color: classColor(row.index) }));
}

/**
 * Index by class name, after adding the names the project does not have, in their order, behind those it has.
 */
export async function ensureClasses(
  home: Home,
  projectId: number,
  names: Iterable<string>,
): Promise<Map<string, number>> {
  const wanted = new Set(names);
  const known = await readClasses(home.db, projectId);
  if ([...wanted].every((name) => known.has(name))) return known;
  return home.db.transaction(async (tx) => {
    // Two imports at once must not give one index twice.
    await tx.select({ id: projects.id }).from(projects).where(eq(projects.id, projectId)).for('update');
    const current = await readClasses(tx, projectId);
    for (const name of wanted) {
      if (current.has(name)) continue;
      const index = current.size;
      await tx.insert(classes).values({ projectId, index, name });
      current.set(name, index);
    }
    return current;
  });
}

async function readClasses(db: Pick<Home['db'], 'select'>, projectId: number): Promise<Map<string, number>> {
  const rows = await db.select().from(classes).where(eq(classes.projectId, projectId)).orderBy(asc(classes.index));
  return new Map(rows.map((row) => [row.name, row.index]));
}

/** Remembers the key points of classes that have none yet; those they have stay. */
export async function writeSkeletons(
  home: Home,
  projectId: number,
  skeletons: Readonly<Record<string, Skeleton>>,
): Promise<void> {
  for (const [name, skeleton] of Object.entries(skeletons)) {
    await home.pool.query(
      'update fovea.classes set skeleton = $3 where project_id = $1 and name = $2 and skeleton is null',
      [projectId, name, JSON.stringify(skeleton)],
    );
  }
}
