import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { FoveaError } from '@fovea/annotations';
import { type DatabaseClient, type Home, storageError } from '@fovea/store';
import { copyQuery, copyRows, type IdRange, idRanges, loadRows, unloadRows } from './load.js';
import { copyEmbeddings } from './load-embeddings.js';
import { createStatements, mirrorTables } from './tables.js';

/** The layout of the tables; a file of another one is made anew. */
const LAYOUT = '3';
const MEMORY_LIMIT = '500MB';
const MAX_SPILL = '2GB';
/** Processes that can each have a mirror of one project. */
const SLOTS = 8;

/** Files this process has open: DuckDB's lock keeps only other processes out. */
const openFiles = new Set<string>();

/** How far the making of a mirror is, in pictures. */
export interface MirrorProgress {
  readonly done: number;
  readonly total: number;
}

/**
 * A project's rows in columns: a DuckDB file that follows PostgreSQL and answers what is asked of many pictures at once.
 * All in it is derived: it may be deleted at any time, and is then made again. Each process has its own.
 */
export interface Mirror {
  readonly projectId: number;
  /** Where files may be written that DuckDB reads or writes. */
  readonly exchange: string;
  /** Another one where the rows may be others than before. */
  readonly version: number;
  /**
   * Gives `use` a connection to rows that hold all that was saved before the call. The connection is closed after it.
   *
   * @param options.embeddings - the vectors too, which are otherwise not brought up to date
   */
  read<T>(use: (duck: DuckDBConnection) => Promise<T>, options?: ReadMirrorOptions): Promise<T>;
  /** Makes it anew from PostgreSQL. */
  rebuild(onProgress?: (progress: MirrorProgress) => void): Promise<void>;
  close(): Promise<void>;
}

/** Options of {@link Mirror.read}. */
export interface ReadMirrorOptions {
  readonly embeddings?: boolean;
  readonly onProgress?: (progress: MirrorProgress) => void;
}

/** Opens the mirror of a project, in the first of its files that no other process has open. */
export async function openMirror(home: Home, projectId: number): Promise<Mirror> {
  const root = join(home.path, 'cache', 'mirror', String(projectId));
  const { file, exchange, instance: opened } = await openSlot(root);
  let instance = opened;
  let version = 0;
  let queue: Promise<unknown> = Promise.resolve();

  /** One after another: who waits finds the work done. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work, work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  const fill = async (options: ReadMirrorOptions): Promise<void> => {
    const duck = await instance.connect();
    try {
      if (await follow(home, duck, projectId, exchange, options)) version++;
    } catch (error) {
      throw storageError(await home.explain(error), home.path);
    } finally {
      duck.closeSync();
    }
  };

  return {
    projectId,
    exchange,
    get version() {
      return version;
    },
    read: async (use, options = {}) => {
      await inTurn(() => fill(options));
      const duck = await instance.connect();
      try {
        return await use(duck);
      } finally {
        duck.closeSync();
      }
    },
    rebuild: (onProgress) =>
      inTurn(async () => {
        instance.closeSync();
        await removeFiles(file);
        instance = await openFile(file, exchange);
        version++;
        await fill({ onProgress });
      }),
    close: () =>
      inTurn(async () => {
        instance.closeSync();
        openFiles.delete(file);
      }),
  };
}

async function openSlot(root: string): Promise<{ file: string; exchange: string; instance: DuckDBInstance }> {
  for (let slot = 0; slot < SLOTS; slot++) {
    const exchange = join(root, `exchange-${slot}`);
    await mkdir(exchange, { recursive: true });
    const file = join(root, `${slot}.duckdb`);
    if (openFiles.has(file)) continue;
    openFiles.add(file);
    try {
      return { file, exchange, instance: await openOrMake(file, exchange, root) };
    } catch (error) {
      openFiles.delete(file);
      if (!isLocked(error)) throw error;
    }
  }
  throw new FoveaError(
    'mirror_busy',
    `${SLOTS} processes ask questions of this project at once, and no more can: end one of them, or ask a running server with --server.`,
    { slots: SLOTS },
  );
}

const isLocked = (error: unknown) => /set lock|being used by another process/i.test(String(error));

async function openOrMake(file: string, exchange: string, root: string): Promise<DuckDBInstance> {
  try {
    return await openFile(file, exchange);
  } catch (error) {
    if (isLocked(error)) throw error;
    if (storageError(error, root) !== error) throw storageError(error, root);
    // Broken, or of another version of DuckDB.
    await removeFiles(file);
    return openFile(file, exchange);
  }
}

async function openFile(file: string, exchange: string): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(file, {
    threads: String(Math.max(1, availableParallelism())),
    memory_limit: MEMORY_LIMIT,
    temp_directory: exchange,
    max_temp_directory_size: MAX_SPILL,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    preserve_insertion_order: 'false',
  });
  const duck = await instance.connect();
  try {
    // What people ask in SQL reaches no file but those of this folder, and no setting.
    await duck.run(`set allowed_directories = ['${exchange.replaceAll("'", "''")}']`);
    await duck.run('set enable_external_access = false');
    await duck.run('set lock_configuration = true');
    const found = await duck.runAndReadAll(
      `select count(*) from information_schema.schemata where schema_name = 'mirror'`,
    );
    const isNew = Number(found.getRows()[0]![0]) === 0;
    if (!isNew && (await readState(duck, 'layout')) === LAYOUT) return instance;
    if (!isNew) throw new Error('The mirror has another layout.');
    for (const statement of createStatements()) await duck.run(statement);
    await writeState(duck, { layout: LAYOUT });
    return instance;
  } catch (error) {
    duck.closeSync();
    instance.closeSync();
    throw error;
  } finally {
    duck.closeSync();
  }
}

async function removeFiles(file: string): Promise<void> {
  for (const end of ['', '.wal']) await rm(file + end, { force: true });
}

async function readState(duck: DuckDBConnection, name: string): Promise<string | undefined> {
  const rows = (await duck.runAndReadAll('select value from mirror.state where name = $1', [name])).getRows();
  return rows[0]?.[0] as string | undefined;
}

async function writeState(duck: DuckDBConnection, state: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(state)) {
    await duck.run('insert or replace into mirror.state values ($1, $2)', [name, value]);
  }
}

/** Brings the rows up to what PostgreSQL has now; says whether any changed. */
async function follow(
  home: Home,
  duck: DuckDBConnection,
  projectId: number,
  exchange: string,
  options: ReadMirrorOptions,
): Promise<boolean> {
  return home.transaction(async (client) => {
    const now = await readMoment(client);
    const context = { client, duck, projectId, exchange, now };
    const changed = await followGroup(context, 'rows', options.onProgress);
    if (!options.embeddings) return changed;
    return (await followGroup(context, 'embeddings', options.onProgress)) || changed;
  }, 'begin isolation level repeatable read read only');
}

interface Moment {
  /** Which database it is, so that a mirror of another is not taken for one of this. */
  readonly database: string;
  /** `pg_snapshot`: which transactions are seen. */
  readonly snapshot: string;
}

async function readMoment(client: DatabaseClient): Promise<Moment> {
  const { rows } = await client.query<{ database: string; snapshot: string }>(
    `select (select system_identifier from pg_control_system()) || '/' || (select oid from pg_database where datname = current_database())
       as database, pg_current_snapshot()::text as snapshot`,
  );
  return rows[0]!;
}

interface Following {
  readonly client: DatabaseClient;
  readonly duck: DuckDBConnection;
  readonly projectId: number;
  readonly exchange: string;
  readonly now: Moment;
}

/** Two groups follow at their own pace: the vectors are many bytes, and few ask for them. */
type Group = 'rows' | 'embeddings';

async function followGroup(context: Following, group: Group, onProgress?: MirrorProgressListener): Promise<boolean> {
  const { client, duck, projectId, now } = context;
  const last = await readLast(duck, group);
  const isSame = last !== undefined && last.database === now.database && !isBehind(now, last);
  if (isSame && last.snapshot === now.snapshot) return false;
  if (!isSame) {
    await loadAll(context, group, onProgress);
    return true;
  }
  const changed = `select c.media_id as id from fovea.media_changes c where c.project_id = ${projectId}
    and c.xid >= pg_snapshot_xmin('${last.snapshot}'::pg_snapshot)
    and not pg_visible_in_snapshot(c.xid, '${last.snapshot}'::pg_snapshot)`;
  const ranges = await idRanges(client, changed);
  if (ranges.length === 0) {
    // The moment stays what it was: to write it down would cost more than to look again.
    return group === 'rows' && (await loadLists(context));
  }
  await inTransaction(duck, async () => {
    await duck.run('create or replace temp table changed (id bigint)');
    await copyQuery(client, duck, changed, 'changed', `{'id': 'BIGINT'}`, context.exchange);
    await removeChanged(duck, group);
    for (const range of ranges) {
      await loadRange(context, group, `m.project_id = ${projectId} and m.id in (${changed}) and ${within(range)}`);
    }
    await duck.run('drop table changed');
    if (group === 'rows') await loadLists(context);
    await writeLast(duck, group, now);
  });
  return true;
}

type MirrorProgressListener = ReadMirrorOptions['onProgress'];

/** The database stands where it stood before the mirror did: it was put back from a copy. */
function isBehind(now: Moment, last: Moment): boolean {
  const next = (moment: Moment) => BigInt(moment.snapshot.split(':')[1]!);
  return next(now) < next(last);
}

async function readLast(duck: DuckDBConnection, group: Group): Promise<Moment | undefined> {
  const [database, snapshot] = [await readState(duck, `${group} database`), await readState(duck, `${group} snapshot`)];
  return database === undefined || snapshot === undefined ? undefined : { database, snapshot };
}

async function writeLast(duck: DuckDBConnection, group: Group, now: Moment): Promise<void> {
  await writeState(duck, { [`${group} database`]: now.database, [`${group} snapshot`]: now.snapshot });
}

function tablesOf(group: Group) {
  return group === 'rows' ? mirrorTables : [];
}

async function removeChanged(duck: DuckDBConnection, group: Group): Promise<void> {
  const keys = group === 'rows' ? mirrorTables.map(({ name, key }) => [name, key]) : [['embeddings', 'media_id']];
  for (const [name, key] of keys) {
    await duck.run(`delete from mirror.${name} where ${key} in (select id from changed)`);
  }
}

const within = ({ after, upTo }: IdRange) => `m.id > ${after} and m.id <= ${upTo}`;

async function loadRange(context: Following, group: Group, chosen: string): Promise<void> {
  const { client, duck, exchange } = context;
  for (const table of tablesOf(group)) await copyRows(client, duck, table, chosen, exchange);
  if (group === 'embeddings') await copyEmbeddings(client, duck, chosen);
}

/** From nothing. Each part is kept as it comes; the moment is written last, so that one cut short begins again. */
async function loadAll(context: Following, group: Group, onProgress?: MirrorProgressListener): Promise<void> {
  const { client, duck, projectId, exchange, now } = context;
  const names = group === 'rows' ? mirrorTables.map(({ name }) => name) : ['embeddings'];
  await duck.run('delete from mirror.state where name in ($1, $2)', [`${group} database`, `${group} snapshot`]);
  for (const name of names) await duck.run(`delete from mirror.${name}`);
  const ranges = await idRanges(client, `select id from fovea.media where project_id = ${projectId}`);
  // While DuckDB reads one file, PostgreSQL writes the next.
  let loading: Promise<void> = Promise.resolve();
  try {
    for (const [at, range] of ranges.entries()) {
      onProgress?.({ done: at, total: ranges.length });
      const chosen = `m.project_id = ${projectId} and ${within(range)}`;
      for (const table of tablesOf(group)) {
        const file = await unloadRows(client, table, chosen, exchange);
        await loading;
        loading = loadRows(duck, table, file);
        // Awaited a round later: a failure in between must not count as unhandled.
        loading.catch(() => undefined);
      }
      if (group === 'embeddings') await copyEmbeddings(client, duck, chosen);
    }
  } finally {
    await loading;
  }
  await inTransaction(duck, async () => {
    if (group === 'rows') await loadLists(context);
    await writeLast(duck, group, now);
  });
  await duck.run('checkpoint').catch(() => undefined);
}

/** The short lists of a project, anew where they changed; says whether they did. */
async function loadLists({ client, duck, projectId, exchange }: Following): Promise<boolean> {
  const { rows } = await client.query<{ mark: string }>(
    `select md5(coalesce((select string_agg(row(c.*)::text, ',' order by c.index) from fovea.classes c where project_id = $1), ''))
       || coalesce((select count(*) || '-' || max(id) from fovea.videos where project_id = $1), '') as mark`,
    [projectId],
  );
  const mark = rows[0]!.mark;
  if ((await readState(duck, 'lists')) === mark) return false;
  await writeState(duck, { lists: mark });
  await duck.run('delete from mirror.classes');
  await copyQuery(
    client,
    duck,
    `select index, name, skeleton from fovea.classes where project_id = ${projectId} order by index`,
    'mirror.classes',
    `{'index': 'INTEGER', 'name': 'VARCHAR', 'skeleton': 'JSON'}`,
    exchange,
  );
  await duck.run('delete from mirror.videos');
  await copyQuery(
    client,
    duck,
    `select sha256, name, format, width, height, size_bytes, duration_seconds, frame_count, frame_rate from fovea.videos
     where project_id = ${projectId} order by id`,
    'mirror.videos',
    `{'sha256': 'VARCHAR', 'name': 'VARCHAR', 'format': 'VARCHAR', 'width': 'INTEGER', 'height': 'INTEGER',
      'size_bytes': 'BIGINT', 'duration_seconds': 'DOUBLE', 'frame_count': 'INTEGER', 'frame_rate': 'DOUBLE'}`,
    exchange,
  );
  return true;
}

async function inTransaction(duck: DuckDBConnection, work: () => Promise<void>): Promise<void> {
  await duck.run('begin transaction');
  try {
    await work();
    await duck.run('commit');
  } catch (error) {
    await duck.run('rollback').catch(() => undefined);
    throw error;
  }
}
