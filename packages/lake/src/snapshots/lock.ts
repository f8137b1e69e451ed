import type { DatabaseClient, Home } from '@fovea/store';

/**
 * Advisory lock of PostgreSQL. Who makes a snapshot holds it, shared, from before it reads the project until the
 * snapshot's row is saved; the garbage collector holds it alone while it decides what is garbage. So what it decides by
 * holds every snapshot that saw the project before, and a snapshot that begins later sees what the collector left.
 */
export const SNAPSHOT_LOCK = 1_178_949_131;

/**
 * Lends a connection that holds {@link SNAPSHOT_LOCK} shared. Where the connection breaks the lock is lost with it, and
 * so is what `use` had begun, as it works on the same connection.
 */
export async function withSnapshotLock<T>(home: Home, use: (client: DatabaseClient) => Promise<T>): Promise<T> {
  const client = await home.pool.connect();
  let broken: unknown;
  try {
    await client.query('select pg_advisory_lock_shared($1)', [SNAPSHOT_LOCK]);
    const result = await use(client);
    await client.query('select pg_advisory_unlock_shared($1)', [SNAPSHOT_LOCK]);
    return result;
  } catch (error) {
    broken = error;
    throw error;
  } finally {
    // A connection that may still hold it is not given back.
    client.release(broken instanceof Error ? broken : broken !== undefined);
  }
}

/** Does `work` in a transaction on a connection that is held anyway. */
export async function inTransaction<T>(client: DatabaseClient, begin: string, work: () => Promise<T>): Promise<T> {
  await client.query(begin);
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
