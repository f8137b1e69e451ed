import type { DatabaseClient, Home } from '@fovea/store';
import { type CopiedVectors, copyVectors, type VectorBatch } from './copy-vectors.js';
import { readEmbeddings, withClient } from './embeddings.js';

/** A moment of the database: what was written by the transactions that `snapshot` sees. */
export interface Moment {
  /** Which database it is, so that an index of another is not taken for one of this. */
  readonly database: string;
  /** `pg_snapshot` as text. */
  readonly snapshot: string;
}

/** The moment that is now. */
export async function readMoment(home: Home): Promise<Moment> {
  const { rows } = await home.pool.query<Moment>(
    `select (select system_identifier from pg_control_system()) || '/' ||
       (select oid from pg_database where datname = current_database()) as database, pg_current_snapshot()::text as snapshot`,
  );
  return rows[0]!;
}

/** Whether the database stands where it stood before a moment: it was put back from a copy. */
export function isBefore(now: Moment, then: Moment): boolean {
  const next = (moment: Moment) => BigInt(moment.snapshot.split(':')[1]!);
  return next(now) < next(then);
}

const SNAPSHOT = /^\d+:\d+:[\d,]*$/;

/** Condition on `c`, fovea.media_changes: what the transactions wrote that a moment does not see. */
function changedSince(projectId: number, { snapshot }: Moment): string {
  if (!SNAPSHOT.test(snapshot)) throw new Error('internal: not a snapshot of PostgreSQL');
  return `c.project_id = ${projectId} and c.xid >= pg_snapshot_xmin('${snapshot}'::pg_snapshot)
    and not pg_visible_in_snapshot(c.xid, '${snapshot}'::pg_snapshot)`;
}

/** The moment that is now, and whether any picture of a project changed between `last` and it. */
export async function lookForChanges(
  home: Home,
  projectId: number,
  last: Moment,
): Promise<{ snapshot: string; changed: boolean }> {
  const { rows } = await home.pool.query<{ snapshot: string; changed: boolean }>(
    `select pg_current_snapshot()::text as snapshot,
       exists (select from fovea.media_changes c where ${changedSince(projectId, last)}) as changed`,
  );
  return rows[0]!;
}

/** All vectors of a model in a project. */
export function readAllVectors(home: Home, projectId: number, model: string): AsyncGenerator<VectorBatch> {
  return readEmbeddings(home, projectId, model);
}

/**
 * The vectors of the pictures that changed since a moment, in batches: pictures that are gone, taken out, or have none
 * are `without`. They are read as they are now, which may be later than the next moment: then they are read once more.
 */
export async function* readChangedVectors(
  home: Home,
  projectId: number,
  model: string,
  dimensions: number,
  last: Moment,
): AsyncGenerator<CopiedVectors> {
  const rows = Math.max(1, Math.floor(8e6 / (dimensions * 4)));
  const query = (client: DatabaseClient, after: number) => `
    select c.media_id, e.vector from fovea.media_changes c
    left join fovea.media m on m.id = c.media_id and m.removed_at is null
    left join fovea.embeddings e on e.media_id = m.id and e.project_id = ${projectId} and e.model = ${client.escapeLiteral(model)}
    where ${changedSince(projectId, last)} and c.media_id > ${after} order by c.media_id limit ${rows}`;
  for (let after = -1; ; ) {
    const batch = await withClient(home, (client) => copyVectors(client, query(client, after), rows, dimensions));
    if (batch.mediaIds.length + batch.without.length > 0) yield batch;
    if (batch.mediaIds.length + batch.without.length < rows) return;
    after = Math.max(batch.mediaIds.at(-1) ?? -1, batch.without.at(-1) ?? -1);
  }
}
