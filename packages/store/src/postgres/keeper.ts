import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, stat, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { systemCode } from '../error.js';
import { isAlive } from '../process.js';
import { type Account, chooseAccount } from './account.js';
import { loadBinaries } from './binaries.js';
import { type ClusterFolders, clusterFolders, commandFor } from './cluster.js';
import { CLIENT_LOCK, connectionTo, KEEPER_LOCK, STOP_CHANNEL } from './connection.js';
import { readPostmaster, removeStalePidFile, runsPostgres, SOCKET_PORT } from './postmaster.js';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 500;
const MAX_RESTARTS = 5;

/** Why the keeper gave up; its message is the last line of its log, which the opener shows. */
export class KeeperError extends Error {}

/**
 * Keeps the PostgreSQL of a home: starts it (or takes over one whose keeper was killed), starts it again when it dies
 * while it has clients, and stops it `lingerSeconds` after the last client is gone.
 *
 * A client is whoever holds {@link CLIENT_LOCK} in the database, shared; PostgreSQL gives it back when its process
 * dies, however it dies. To stop, the keeper takes that lock alone: who comes later waits, and finds PostgreSQL gone.
 * One keeper a home: it holds {@link KEEPER_LOCK}, and a second one leaves.
 */
export async function keep(home: string, lingerSeconds: number): Promise<void> {
  const folders = clusterFolders(home);
  for (let starts = 0; starts <= MAX_RESTARTS; starts++) {
    await startPostgres(folders);
    const startedAt = Date.now();
    const ending = await watch(folders, lingerSeconds);
    if (ending !== 'lost') return;
    if (Date.now() - startedAt > 10 * 60_000) starts = 0;
    await untilGone(folders);
    if (await isRemoved(folders)) return;
  }
  throw new KeeperError(`PostgreSQL ended unexpectedly ${MAX_RESTARTS + 1} times; see ${folders.log}`);
}

/** Watches a running PostgreSQL until it was stopped for want of clients, is another keeper's, or is lost. */
async function watch(folders: ClusterFolders, lingerSeconds: number): Promise<'stopped' | 'not ours' | 'lost'> {
  const connected = await connect(folders);
  if (connected === undefined) return 'lost';
  const { client, pid } = connected;
  let lost = false;
  let stopAsked = false;
  client.on('error', () => {
    lost = true;
  });
  client.on('end', () => {
    lost = true;
  });
  client.on('notification', () => {
    stopAsked = true;
  });
  try {
    const owned = await client.query('select pg_try_advisory_lock($1) as got', [KEEPER_LOCK]);
    if (!owned.rows[0].got) return 'not ours';
    await client.query(`listen ${STOP_CHANNEL}`);
    let idleSince = Date.now();
    while (!lost) {
      await sleep(POLL_MS);
      if (await isRemoved(folders)) break;
      const held = await client.query(
        `select 1 from pg_locks where locktype = 'advisory' and objid = $1 and granted limit 1`,
        [CLIENT_LOCK],
      );
      if (held.rowCount !== 0) idleSince = Date.now();
      if (!stopAsked && Date.now() - idleSince < lingerSeconds * 1000) continue;
      if (!stopAsked) {
        const alone = await client.query('select pg_try_advisory_lock($1) as got', [CLIENT_LOCK]);
        if (!alone.rows[0].got) continue;
      }
      await stopPostgres(folders, pid, 'SIGINT');
      return 'stopped';
    }
  } catch (error) {
    if (!lost && !isConnectionLoss(error) && !(await isRemoved(folders))) throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
  if (!(await isRemoved(folders))) return 'lost';
  // Nothing left to keep in order; PostgreSQL itself would notice within a minute.
  await stopPostgres(folders, pid, 'SIGQUIT');
  return 'stopped';
}

async function isRemoved(folders: ClusterFolders): Promise<boolean> {
  return stat(join(folders.data, 'PG_VERSION')).then(
    () => false,
    (error: unknown) => systemCode(error) === 'ENOENT',
  );
}

function isConnectionLoss(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? '';
  return /^(57P|08|ECONN|EPIPE)/.test(code) || /terminated|closed|not queryable/i.test(String(error));
}

async function connect(folders: ClusterFolders): Promise<{ client: pg.Client; pid: number } | undefined> {
  const password = await readFile(folders.password, 'utf8');
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const postmaster = await readPostmaster(folders.data);
    if (postmaster === undefined || !isAlive(postmaster.pid)) return undefined;
    const client = new pg.Client({ ...connectionTo(postmaster, password), application_name: 'fovea keeper' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return { client, pid: postmaster.pid };
    } catch {
      await client.end().catch(() => undefined);
      await sleep(100);
    }
  }
  return undefined;
}

/** Starts PostgreSQL and waits until it is ready, or leaves one that runs already alone. */
async function startPostgres(folders: ClusterFolders): Promise<void> {
  const binaries = await loadBinaries();
  const account = chooseAccount(binaries.postgres, folders.root, folders.data);
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    await removeStalePidFile(folders.data, folders.socket);
    const running = await readPostmaster(folders.data);
    if (running !== undefined && isAlive(running.pid) && runsPostgres(running.pid, folders.data)) return;
    const child = await spawnPostgres(folders, account, binaries.postgres);
    let ended = false;
    child.on('exit', () => {
      ended = true;
    });
    while (!ended && Date.now() < deadline) {
      // A killed one's file says "ready" too, until the new one has written its own.
      const now = await readPostmaster(folders.data);
      if (now?.ready && isAlive(now.pid) && child.exitCode === null) return;
      await sleep(20);
    }
    // It ends at once where another keeper's PostgreSQL runs, and while processes of a killed one are still about.
    const reason = await lastLines(folders.log);
    if (!/already exists|still in use|Is another postmaster|could not bind|could not create any/.test(reason)) {
      throw new KeeperError(reason);
    }
    await sleep(200);
  }
  throw new KeeperError(`PostgreSQL was not ready after ${START_TIMEOUT_MS / 1000} s: ${await lastLines(folders.log)}`);
}

async function spawnPostgres(folders: ClusterFolders, account: Account, program: string): Promise<ChildProcess> {
  const address = (await socketWorks(folders.socket))
    ? ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${quoted(folders.socket)}`, '-p', String(SOCKET_PORT)]
    : ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-p', String(await freePort())];
  const [command, args] = commandFor(account, program, ['-D', folders.data, ...address, ...SETTINGS]);
  if (((await stat(folders.log).catch(() => undefined))?.size ?? 0) > 4 * 2 ** 20) await truncate(folders.log);
  const log = openSync(folders.log, 'a', 0o600);
  const child = spawn(command, args, {
    ...account.spawnOptions,
    cwd: '/',
    // PostgreSQL must not find a client's settings (PGDATA, PGPORT) in its surroundings.
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return child;
}

// Small machine, one writer or two: modest memory, a bounded log (48 MB of room is kept for it), no parallel workers.
// Durability stays at PostgreSQL's defaults: fsync, synchronous_commit and full_page_writes on.
const SETTINGS = Object.entries({
  shared_buffers: '64MB',
  max_connections: '100',
  max_wal_size: '256MB',
  min_wal_size: '32MB',
  max_parallel_workers_per_gather: '0',
  unix_socket_permissions: '0700',
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
  logging_collector: 'off',
  log_checkpoints: 'off',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  wal_level: 'minimal',
  max_wal_senders: '0',
}).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** The setting is a list, so a folder with a comma in its name needs quotes. */
function quoted(folder: string): string {
  return `"${folder.replaceAll('"', '""')}"`;
}

/** Whether a Unix socket can be made in this folder: its path must be short, and the file system must know sockets. */
async function socketWorks(folder: string): Promise<boolean> {
  if (process.platform === 'win32' || Buffer.byteLength(join(folder, `.s.PGSQL.${SOCKET_PORT}.lock`)) > 100)
    return false;
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(join(folder, `probe-${process.pid}`), () => probe.close(() => resolve(true)));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function stopPostgres(folders: ClusterFolders, pid: number, signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
  if (!isAlive(pid) || !runsPostgres(pid, folders.data)) return;
  process.kill(pid, signal);
  for (const deadline = Date.now() + STOP_TIMEOUT_MS; isAlive(pid) && Date.now() < deadline; ) await sleep(50);
  if (isAlive(pid) && runsPostgres(pid, folders.data)) process.kill(pid, 'SIGQUIT');
}

async function untilGone(folders: ClusterFolders): Promise<void> {
  const postmaster = await readPostmaster(folders.data);
  if (postmaster === undefined) return;
  for (const deadline = Date.now() + STOP_TIMEOUT_MS; isAlive(postmaster.pid) && Date.now() < deadline; ) {
    if (!runsPostgres(postmaster.pid, folders.data)) return;
    await sleep(50);
  }
}

/** The last lines of a log, on one line. */
export async function lastLines(log: string, count = 4): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-count).join(' ');
}
