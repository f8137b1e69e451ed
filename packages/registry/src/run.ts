import { randomBytes } from 'node:crypto';
import { type Home, modelVersions, projects, type RunState, runs, snapshots } from '@fovea/store';
import { and, desc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import { RegistryError } from './error.js';
import { type LatestMetric, latestMetrics } from './metric.js';

/** One execution of training, as it stands. */
export interface Run {
  readonly id: string;
  readonly projectId: number;
  /** The project's name. */
  readonly project: string;
  readonly name: string;
  readonly task: string;
  readonly state: RunState;
  readonly params: Record<string, unknown>;
  readonly snapshot: { id: string; name: string; counts: Record<string, number> } | null;
  /** What the run last said about itself; null before it started. */
  readonly progress: Record<string, unknown> | null;
  /** Why it failed, in a sentence. */
  readonly error: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** The model version it registered. */
  readonly model: { name: string; version: number } | null;
  /** The latest value of each metric, by name. */
  readonly metrics: Record<string, LatestMetric>;
}

/** What a new run starts from. */
export interface NewRun {
  readonly projectId: number;
  readonly snapshotId?: string | null;
  readonly name: string;
  readonly task: string;
  readonly params: Record<string, unknown>;
}

/** Creates a run in state `queued`. */
export async function createRun(home: Home, run: NewRun): Promise<Run> {
  // Sorts by time of creation, and is short enough to type.
  const id = `${Math.floor(Date.now() / 1000).toString(36)}${BigInt(`0x${randomBytes(5).toString('hex')}`)
    .toString(36)
    .padStart(8, '0')}`;
  await home.db.insert(runs).values({
    id,
    projectId: run.projectId,
    snapshotId: run.snapshotId ?? null,
    name: run.name,
    task: run.task,
    params: run.params,
  });
  return getRun(home, id);
}

/** One run. @throws RegistryError `unknown_run`, which names the latest ones. */
export async function getRun(home: Home, id: string): Promise<Run> {
  const [run] = await selectRuns(home, eq(runs.id, id));
  if (run !== undefined) return run;
  const known = await home.db.select({ id: runs.id }).from(runs).orderBy(desc(runs.createdAt)).limit(5);
  throw new RegistryError(
    'unknown_run',
    `There is no run "${id}"; ${known.length === 0 ? 'there are none yet' : `the latest are ${known.map((run) => run.id).join(', ')}`}.`,
    { run: id },
  );
}

/** All runs, or a project's, latest first. */
export async function listRuns(home: Home, projectName?: string): Promise<Run[]> {
  return selectRuns(home, projectName === undefined ? undefined : eq(projects.name, projectName));
}

async function selectRuns(home: Home, where: SQL | undefined): Promise<Run[]> {
  const rows = await home.db
    .select({
      run: runs,
      project: projects.name,
      snapshotName: snapshots.name,
      counts: snapshots.counts,
      modelName: modelVersions.modelName,
      version: modelVersions.version,
    })
    .from(runs)
    .innerJoin(projects, eq(projects.id, runs.projectId))
    .leftJoin(snapshots, eq(snapshots.id, runs.snapshotId))
    .leftJoin(modelVersions, eq(modelVersions.runId, runs.id))
    .where(where)
    .orderBy(desc(runs.createdAt), desc(runs.id));
  const metrics = await latestMetrics(
    home,
    rows.map((row) => row.run.id),
  );
  return rows.map(({ run, project, snapshotName, counts, modelName, version }) => ({
    id: run.id,
    projectId: run.projectId,
    project,
    name: run.name,
    task: run.task,
    state: run.state,
    params: run.params,
    snapshot:
      run.snapshotId === null || snapshotName === null || counts === null
        ? null
        : { id: run.snapshotId, name: snapshotName, counts: { classified: 0, labelMaps: 0, ...(counts as object) } },
    progress: run.progress,
    error: run.error,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    model: modelName === null || version === null ? null : { name: modelName, version },
    metrics: metrics.get(run.id) ?? {},
  }));
}

const ENDED: readonly RunState[] = ['stopped', 'finished', 'failed'];

/**
 * Moves a run to a state; the first `running` sets its start, an end state its finish, and `running` clears both its
 * finish and its error.
 *
 * @param options.error - why it failed
 * @param options.from - only from these states; otherwise the run is given back as it is
 */
export async function setRunState(
  home: Home,
  id: string,
  state: RunState,
  options: { error?: string; from?: readonly RunState[] } = {},
): Promise<Run> {
  const change = home.db
    .update(runs)
    .set({
      state,
      error: options.error ?? (state === 'failed' ? sql`${runs.error}` : null),
      ...(state === 'running' ? { startedAt: sql`coalesce(${runs.startedAt}, now())` } : {}),
      finishedAt: ENDED.includes(state) ? sql`now()` : null,
    })
    .where(and(eq(runs.id, id), options.from === undefined ? undefined : inArray(runs.state, [...options.from])));
  await home.persist(() => change.execute());
  return getRun(home, id);
}

/** Remembers what a run says about itself; cheap enough for several times a second. */
export async function updateRunProgress(home: Home, id: string, progress: object): Promise<void> {
  await home.persist(() =>
    home.db
      .update(runs)
      .set({ progress: { ...progress } })
      .where(eq(runs.id, id)),
  );
}
