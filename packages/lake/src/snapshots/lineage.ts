import { FoveaError } from '@fovea/annotations';
import { type Home, modelVersions, type RunState, runs, snapshots } from '@fovea/store';
import { asc, eq } from 'drizzle-orm';
import { findById, type Snapshot } from '../snapshot.js';

/** A run that learnt from a snapshot. */
export interface SnapshotRun {
  readonly id: string;
  readonly name: string;
  readonly task: string;
  readonly state: RunState;
  readonly createdAt: Date;
  /** The model version it made, once it did. */
  readonly model: { readonly name: string; readonly version: number } | null;
}

/** A snapshot with what came of it. */
export interface SnapshotLineage extends Snapshot {
  /** Earliest first. */
  readonly runs: readonly SnapshotRun[];
}

/** One snapshot with the runs that used it and the model versions they made. @throws FoveaError `unknown_snapshot` */
export async function getSnapshot(home: Home, id: string): Promise<SnapshotLineage> {
  return { ...(await findById(home, id)), runs: await listRunsOf(home, id) };
}

async function listRunsOf(home: Home, snapshotId: string): Promise<SnapshotRun[]> {
  const rows = await home.db
    .select({
      id: runs.id,
      name: runs.name,
      task: runs.task,
      state: runs.state,
      createdAt: runs.createdAt,
      model: modelVersions.modelName,
      version: modelVersions.version,
    })
    .from(runs)
    .leftJoin(modelVersions, eq(modelVersions.runId, runs.id))
    .where(eq(runs.snapshotId, snapshotId))
    .orderBy(asc(runs.createdAt), asc(runs.id));
  return rows.map(({ model, version, ...run }) => ({
    ...run,
    model: model === null || version === null ? null : { name: model, version },
  }));
}

const NAMED_RUNS = 10;

/**
 * Deletes a snapshot that no run uses. Its pictures stay in the project; what nothing names any more goes with the next
 * collection of garbage.
 *
 * @throws FoveaError `unknown_snapshot`; `snapshot_in_use`, which names the runs
 */
export async function deleteSnapshot(home: Home, id: string): Promise<Snapshot> {
  const { runs: users, ...snapshot } = await getSnapshot(home, id);
  if (users.length > 0) throw inUse(snapshot, users);
  try {
    await home.db.delete(snapshots).where(eq(snapshots.id, id));
  } catch (error) {
    // A run that was queued in between.
    const since = await listRunsOf(home, id);
    throw since.length > 0 ? inUse(snapshot, since) : error;
  }
  return snapshot;
}

function inUse(snapshot: Snapshot, users: readonly SnapshotRun[]): FoveaError {
  const named = users.slice(0, NAMED_RUNS).map(({ id, name }) => `${id} (${name})`);
  const more = users.length > NAMED_RUNS ? ` and ${users.length - NAMED_RUNS} more` : '';
  return new FoveaError(
    'snapshot_in_use',
    `The snapshot "${snapshot.name}" cannot be deleted: the ${users.length === 1 ? 'run' : 'runs'} ${named.join(', ')}${more} learnt from it.`,
    { snapshot: snapshot.id, runs: users.map(({ id }) => id) },
  );
}
