import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { diskFull, StoreError, storageError, systemCode } from '../error.js';
import { isAlive } from '../process.js';
import { type ClusterFolders, clusterFolders, ensureCluster } from './cluster.js';
import { CLIENT_LOCK, connectionTo, STOP_CHANNEL } from './connection.js';
import { lastLines } from './keeper.js';
import { readPostmaster, runsPostgres } from './postmaster.js';

const OPEN_TIMEOUT_MS = 90_000;

/** A connection that tells the keeper that this process uses the database, and how to make more. */
export interface Presence {
  readonly client: pg.Client;
  readonly config: pg.ClientConfig;
}

/**
 * Connects to the embedded PostgreSQL of a home, which is created and started where needed, and holds
 * {@link CLIENT_LOCK} on that connection: while it is open, the keeper leaves PostgreSQL running.
 *
 * @throws StoreError `database_not_started` with PostgreSQL's own words, `disk_full`, and those of creating it
 */
export async function connectToHome(home: string, onProgress?: (text: string) => void): Promise<Presence> {
  return connectTo(home, await ensureCluster(home, onProgress), onProgress);
}

/** As {@link connectToHome}, for a home that was open a moment ago: a database that has vanished is not made anew. */
export async function reconnectToHome(home: string): Promise<Presence> {
  return connectTo(home, clusterFolders(home));
}

async function connectTo(
  home: string,
  folders: ClusterFolders,
  onProgress?: (text: string) => void,
): Promise<Presence> {
  const password = await readFile(folders.password, 'utf8');
  const deadline = Date.now() + OPEN_TIMEOUT_MS;
  let keeper: ChildProcess | undefined;
  let keeperEnded: number | null | undefined;
  let lastError: unknown;
  while (Date.now() < deadline) {
    const postmaster = await readPostmaster(folders.data);
    if (postmaster?.ready && isAlive(postmaster.pid)) {
      const config = connectionTo(postmaster, password);
      const client = new pg.Client({ ...config, application_name: 'fovea presence' });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('select pg_advisory_lock_shared($1)', [CLIENT_LOCK]);
        if (!(await hasKeeper(client)) && keeper === undefined) keeper = startKeeper(home);
        return { client, config };
      } catch (error) {
        lastError = error;
        await client.end().catch(() => undefined);
        // A stale address may lead to somebody else's PostgreSQL, which the keeper finds out.
        if (systemCode(error) === '28P01' && runsPostgres(postmaster.pid, folders.data)) {
          throw new StoreError(
            'wrong_password',
            `The PostgreSQL of ${folders.root} does not take the password in ${folders.password}: ` +
              'put the file back that belongs to it.',
            undefined,
            { cause: error },
          );
        }
      }
    }
    if (keeper === undefined || (keeperEnded !== undefined && postmaster === undefined)) {
      if (keeperEnded !== undefined && keeperEnded !== 0) throw await notStarted(home, lastError);
      if (keeper === undefined) onProgress?.('Starting the database');
      keeperEnded = undefined;
      keeper = startKeeper(home);
      keeper.once('exit', (code) => {
        keeperEnded = code ?? 1;
      });
    }
    await sleep(40);
  }
  throw await notStarted(home, lastError);
}

async function notStarted(home: string, cause: unknown): Promise<StoreError> {
  const folders = clusterFolders(home);
  const reason = (await lastLines(folders.keeperLog, 3)) || (await lastLines(folders.log));
  if (/No space left on device|ENOSPC|quota exceeded/i.test(reason)) return diskFull(home, cause);
  return new StoreError(
    'database_not_started',
    `PostgreSQL could not be started in ${folders.root}: ${reason || 'it said nothing'} (more in ${folders.log})`,
    { log: folders.log },
    { cause },
  );
}

async function hasKeeper(client: pg.Client): Promise<boolean> {
  const found = await client.query(`select 1 from pg_stat_activity where application_name = 'fovea keeper' limit 1`);
  return found.rowCount !== 0;
}

/** Ends a presence, leaving a keeper behind who stops PostgreSQL: a new one, if the old one was killed. */
export async function leave(home: string, { client }: Presence): Promise<void> {
  try {
    if (!(await hasKeeper(client))) startKeeper(home);
  } catch {
    // PostgreSQL is gone already, or its folder: there is nothing to keep.
  }
  await client.end().catch(() => undefined);
}

/** Starts the keeper as a process of its own, in a session of its own: neither Ctrl-C nor our death reaches it. */
export function startKeeper(home: string): ChildProcess {
  const { NODE_OPTIONS: _ours, ...env } = process.env;
  const log = openKeeperLog(home);
  try {
    const keeper = spawn(process.execPath, [fileURLToPath(new URL('./keeper-main.js', import.meta.url)), home], {
      cwd: '/',
      detached: true,
      env,
      stdio: ['ignore', log, log],
      windowsHide: true,
    });
    keeper.on('error', () => undefined);
    keeper.unref();
    return keeper;
  } finally {
    closeSync(log);
  }
}

function openKeeperLog(home: string): number {
  const { keeperLog } = clusterFolders(home);
  try {
    return openSync(keeperLog, 'w', 0o600);
  } catch (error) {
    throw storageError(error, home);
  }
}

/**
 * Stops the embedded PostgreSQL of a home now and waits until it is gone; without one running, nothing happens. For
 * backups by copying, and for tests that remove their home. A process that still has the home open starts it again.
 */
export async function stopDatabase(home: string): Promise<void> {
  const folders = clusterFolders(home);
  const deadline = Date.now() + 30_000;
  for (;;) {
    const postmaster = await readPostmaster(folders.data);
    if (postmaster === undefined || !isAlive(postmaster.pid)) return;
    if (Date.now() > deadline) {
      throw new StoreError('database_not_stopped', `PostgreSQL (process ${postmaster.pid}) did not stop within 30 s.`);
    }
    await askToStop(connectionTo(postmaster, await readFile(folders.password, 'utf8')), home).catch(() => undefined);
    for (let waited = 0; waited < 20 && isAlive(postmaster.pid); waited++) await sleep(50);
  }
}

async function askToStop(config: pg.ClientConfig, home: string): Promise<void> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  try {
    if (!(await hasKeeper(client))) startKeeper(home);
    await client.query(`notify ${STOP_CHANNEL}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}
