import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import type { BlobStore } from './blob.js';
import { openBlobStore } from './blob-store.js';
import { freeBytes, RESERVED_BYTES } from './draft.js';
import { diskFull, StoreError, storageError, systemCode } from './error.js';
import { restoreCondemned } from './folder-blobs.js';
import { migrate } from './migrate.js';
import { connectToHome, leave, type Presence, reconnectToHome } from './postgres/server.js';
import { isAlive } from './process.js';
import * as schema from './schema/index.js';

/** The database handle of a {@link Home}. */
export type Database = NodePgDatabase<typeof schema>;

/** One connection out of a pool, for a transaction written in SQL. */
export type DatabaseClient = pg.PoolClient;

/** An open home: one folder with the database, the bytes and the work in progress of a Fovea. */
export interface Home {
  /** Absolute path of the folder. */
  readonly path: string;
  readonly db: Database;
  readonly pool: pg.Pool;
  readonly blobs: BlobStore;
  /** Where blobs lie, if not in the folder, for processes that open them themselves; without secrets. */
  readonly blobsUrl: string | null;
  /** A further pool of connections to the same database, for engines that want their own; whoever asks for it ends it. */
  createPool(config?: { readonly max?: number; readonly options?: string }): pg.Pool;
  /** Folder for a run's checkpoints and work files, `runs/<id>`; not created. */
  runFolder(runId: string): string;
  /** Turns a failure of the database or the disk into a sentence where it can: see {@link explainFailure}. */
  explain(error: unknown): Promise<unknown>;
  /**
   * Does `attempt` again while the connection to the database is lost, for up to half a minute, as when its process was
   * killed and is started anew. For what may be done twice: an upsert, or a transaction that looks first.
   */
  persist<T>(attempt: () => Promise<T>): Promise<T>;
  /**
   * Does `work` in one transaction on a connection of its own: all of it is saved when it answers, or, where it throws,
   * nothing is.
   *
   * @param begin - how it begins, for another isolation than PostgreSQL's own
   */
  transaction<T>(work: (client: DatabaseClient) => Promise<T>, begin?: string): Promise<T>;
  /** Has `close` called before the home is closed: for what is opened once a home, by whoever comes first. */
  onClose(close: () => Promise<void>): void;
  /** Lets go of everything; an embedded PostgreSQL stops some seconds after the last process that used it. */
  close(): Promise<void>;
}

/** Options of {@link openHome}. */
export interface OpenHomeOptions {
  /** An external PostgreSQL instead of the embedded one; default `FOVEA_DATABASE_URL`, if set. Null: the embedded one. */
  readonly databaseUrl?: string | null;
  /**
   * Where the bytes of pictures, models and the like lie, instead of the home's folder: `s3://bucket/prefix`, see
   * `parseS3Url`; default `FOVEA_BLOBS_URL`, if set. Null: the home's folder.
   */
  readonly blobsUrl?: string | null;
  /** Told when something takes long: creating and starting the database. */
  readonly onProgress?: (text: string) => void;
}

/**
 * Opens a home folder, creating it and its database where they do not exist. Any number of processes on one machine may
 * have the same home open.
 *
 * @throws StoreError `home_not_writable`, `disk_full`, `home_newer`, `database_not_started`, `database_unreachable`,
 *   `bad_storage_url`, `bad_credentials`, …
 */
export async function openHome(path: string, options: OpenHomeOptions = {}): Promise<Home> {
  const home = resolve(path);
  await prepareFolders(home);
  const blobsUrl = (options.blobsUrl === undefined ? process.env.FOVEA_BLOBS_URL : options.blobsUrl) || null;
  const blobs = openBlobStore(home, blobsUrl);
  const url = options.databaseUrl === undefined ? process.env.FOVEA_DATABASE_URL : options.databaseUrl;
  const database = !url ? await openEmbedded(home, options.onProgress) : await openExternal(url);
  const closers: (() => Promise<void>)[] = [];
  return {
    path: home,
    db: drizzle(database.pool, { schema }),
    pool: database.pool,
    blobs,
    blobsUrl,
    createPool: database.createPool,
    runFolder: (runId) => join(home, 'runs', runId),
    explain: (error) => explainFailure(error, home),
    persist: (attempt) => persist(home, attempt),
    transaction: (work, begin) => transaction(database.pool, work, begin),
    onClose: (close) => void closers.push(close),
    close: async () => {
      for (const close of closers.splice(0).reverse()) await close();
      await database.close();
    },
  };
}

async function transaction<T>(
  pool: pg.Pool,
  work: (client: DatabaseClient) => Promise<T>,
  begin = 'begin',
): Promise<T> {
  const client = await pool.connect();
  let broken: unknown;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    broken = error;
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release(broken instanceof Error ? broken : undefined);
  }
}

async function prepareFolders(home: string): Promise<void> {
  try {
    for (const name of ['blobs', 'runs', 'tmp']) await mkdir(join(home, name), { recursive: true });
    const probe = join(home, 'tmp', `probe-${process.pid}-${randomUUID()}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    if (['ENOTDIR', 'EEXIST'].includes(systemCode(error) ?? '')) {
      throw new StoreError('home_not_writable', `${home} cannot be a home: it, or a folder above it, is a file.`);
    }
    throw storageError(error, home);
  }
  await restoreCondemned(home);
  await removeDrafts(join(home, 'tmp'));
}

/** Removes what killed processes left in `tmp`: files whose writer, named in the file's name, is gone, or a day old. */
export async function removeDrafts(tmp: string): Promise<void> {
  for (const name of await readdir(tmp)) {
    // Bytes that a collection of garbage is deciding about: no draft, however old.
    if (name.startsWith('condemned-')) continue;
    const writer = /^(?:blob|probe|source)-(\d+)-/.exec(name)?.[1];
    const path = join(tmp, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    const old = Date.now() - found.mtimeMs > 24 * 3600_000;
    if (old || (writer !== undefined && !isAlive(Number(writer)))) await rm(path, { recursive: true, force: true });
  }
}

interface OpenDatabase {
  readonly pool: pg.Pool;
  createPool: Home['createPool'];
  close(): Promise<void>;
}

async function openExternal(url: string): Promise<OpenDatabase> {
  const config = { connectionString: url, connectionTimeoutMillis: 15_000 };
  const pool = makePool(config);
  try {
    const client = await pool.connect();
    try {
      await migrate(client);
    } finally {
      client.release();
    }
  } catch (cause) {
    await pool.end();
    if (cause instanceof StoreError) throw cause;
    throw new StoreError(
      'database_unreachable',
      `The PostgreSQL of FOVEA_DATABASE_URL (${withoutPassword(url)}) could not be used: ${(cause as Error).message || systemCode(cause)}`,
      undefined,
      { cause },
    );
  }
  return { pool, createPool: (more) => makePool({ ...config, ...more }), close: () => pool.end() };
}

function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  } catch {
    return 'which is no URL';
  }
}

async function openEmbedded(home: string, onProgress?: (text: string) => void): Promise<OpenDatabase> {
  let closed = false;
  let presence = await openPresence(home, onProgress);
  const pools = new Set<pg.Pool>();
  const createPool: Home['createPool'] = (more) => {
    const pool = makePool({ ...presence.config, ...more });
    pools.add(pool);
    return pool;
  };
  const pool = createPool();

  // The database may be started anew under us (its process killed): take hold of it again, so that it stays.
  const watch = (held: Presence): void => {
    // @types/pg leaves it out; the connection alone must not keep a process from ending.
    (held.client as pg.Client & { unref(): void }).unref();
    held.client.once('end', () => {
      if (!closed) void reconnect();
    });
  };
  const reconnect = async (): Promise<void> => {
    for (let waitMs = 100; !closed; waitMs = Math.min(waitMs * 2, 5000)) {
      const next = await reconnectToHome(home).catch(() => undefined);
      if (next !== undefined) {
        if (closed) return void (await next.client.end().catch(() => undefined));
        presence = next;
        // Connections made from now on go where PostgreSQL now is.
        for (const each of pools) Object.assign(each.options, next.config);
        return watch(next);
      }
      await sleep(waitMs, undefined, { ref: false });
    }
  };
  watch(presence);
  return {
    pool,
    createPool,
    close: async () => {
      if (closed) return;
      closed = true;
      await pool.end();
      await leave(home, presence);
    },
  };
}

/** Connects and migrates; once more where PostgreSQL was just being stopped by its keeper. */
async function openPresence(home: string, onProgress?: (text: string) => void): Promise<Presence> {
  for (let attempt = 1; ; attempt++) {
    const presence = await connectToHome(home, onProgress);
    try {
      await migrate(presence.client);
      return presence;
    } catch (error) {
      await presence.client.end().catch(() => undefined);
      if (attempt === 5 || !isLostConnection(error)) throw await explainFailure(error, home);
      await sleep(100 * attempt);
    }
  }
}

function makePool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ max: 10, idleTimeoutMillis: 30_000, application_name: 'fovea', ...config });
  // An idle connection that breaks is replaced by the pool; without a listener the process would end.
  pool.on('error', () => undefined);
  // The pool takes its listener off a connection while it is lent, so one that breaks between two queries of a
  // transaction would end the process too. The next query on it fails and says so.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

function isLostConnection(error: unknown): boolean {
  const code = systemCode(error) ?? '';
  return /^(57P|08|ECONN|EPIPE|ENOENT)/.test(code) || /terminated|Connection ended|not queryable/i.test(String(error));
}

const PERSIST_MS = 30_000;

async function persist<T>(home: string, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PERSIST_MS;
  for (let waitMs = 100; ; waitMs = Math.min(2 * waitMs, 2000)) {
    try {
      return await attempt();
    } catch (error) {
      const why = await explainFailure(error, home);
      const lost = why instanceof StoreError && why.code === 'database_lost';
      if (!lost || Date.now() + waitMs > deadline) throw why;
      await sleep(waitMs);
    }
  }
}

/**
 * The sentence behind a failure: `disk_full`, `home_not_writable`, or `database_lost` where PostgreSQL went away, which
 * on a full disk is `disk_full` too. Any other error is given back as it came.
 */
export async function explainFailure(error: unknown, home: string): Promise<unknown> {
  const known = storageError(error, home);
  if (known !== error || error instanceof StoreError) return known;
  if (!isLostConnection(error) && !isLostConnection((error as Error | undefined)?.cause)) return error;
  const free = await freeBytes(home).catch(() => undefined);
  if (free !== undefined && free < RESERVED_BYTES) return diskFull(home, error);
  return new StoreError(
    'database_lost',
    'The connection to the database was lost. Nothing saved before is lost: try again.',
    undefined,
    { cause: error },
  );
}
