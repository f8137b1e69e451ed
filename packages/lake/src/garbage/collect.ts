import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listValue } from '@duckdb/node-api';
import { FoveaError } from '@fovea/annotations';
import { type DatabaseClient, type Home, restoreCondemned } from '@fovea/store';
import { COMPARISONS_FOLDER, snapshotsOfComparison } from '../snapshots/comparison-file.js';
import { SNAPSHOT_LOCK } from '../snapshots/lock.js';
import { type Scratch, withScratch } from '../snapshots/scratch.js';
import { type Amount, entriesOf, removeAndCount, tabulateBlobs, tabulateThumbnails } from './files.js';
import { copyInto, createTables, nameRows, nameSnapshots } from './names.js';

/** What a collection removed, or with `dryRun` would. */
export interface GarbageReport {
  readonly dryRun: boolean;
  /** Bytes that nothing names. */
  readonly blobs: Readonly<Amount>;
  /** Bytes that nothing names and that stay for now: an import may be about to name them. */
  readonly kept: Readonly<Amount>;
  /** Pictures that had been taken out of their project and are in no snapshot. */
  readonly pictures: number;
  /** Videos none of whose frames is left. */
  readonly videos: number;
  /** Facts of pictures that are in no project; with `dryRun` without those of `pictures`, which still are. */
  readonly facts: number;
  readonly thumbnails: Readonly<Amount>;
  /** Caches of projects and snapshots that are gone. */
  readonly caches: Readonly<Amount>;
  /** Folders of runs that are gone. */
  readonly leftovers: Readonly<Amount>;
  /** True where `signal` ended it before the end: the next one does the rest. */
  readonly stopped: boolean;
}

/** How far a collection is. */
export interface GarbageProgress {
  readonly phase: 'snapshots' | 'pictures' | 'files' | 'removing';
  readonly done: number;
  readonly total: number;
}

/** Options of {@link collectGarbage}. */
export interface GarbageOptions {
  /** Counts, and removes nothing. */
  readonly dryRun?: boolean;
  /**
   * How long pictures that were taken out, and bytes that nothing names, stay; default 7. Bytes stay an hour in any case,
   * since they are written before what names them.
   */
  readonly graceDays?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: GarbageProgress) => void;
}

/** Advisory lock of the one collection at a time. */
const GARBAGE_LOCK = 1_178_949_132;
const DAY_MS = 24 * 3600_000;
/** What is stored counts as new for `REFRESH_MS` less than this, see `BlobStore.deleteUnused`. */
const MIN_AGE_MS = 3600_000;
const ROWS_AT_ONCE = 1000;
const FILES_AT_ONCE = 16;

/**
 * Removes what nothing needs any more: pictures that were taken out of their project longer ago than the grace period and
 * are in no snapshot, and then the bytes that no row and no manifest names.
 *
 * What a snapshot names stays, whatever else goes on. Decided is while no snapshot is in the making (`SNAPSHOT_LOCK`):
 * every snapshot that saw the project before has its row then, and its manifest is read; one that begins later finds only
 * pictures that were counted as named, or whose bytes were stored since. Bytes that were stored since stay, being young
 * (`BlobStore.deleteUnused`). Rows go before bytes: a collection that is killed leaves bytes that nothing names, for the
 * next one.
 *
 * @throws FoveaError `bad_grace`; `garbage_busy` where another collection runs; `garbage_uncertain` where a manifest
 *   cannot be read
 */
export async function collectGarbage(home: Home, options: GarbageOptions = {}): Promise<GarbageReport> {
  const { dryRun = false, graceDays = 7, signal, onProgress } = options;
  if (!(graceDays >= 0 && graceDays <= 36_500)) {
    throw new FoveaError('bad_grace', `The grace period is a number of days from 0, not ${graceDays}.`, { graceDays });
  }
  const graceMs = graceDays * DAY_MS;
  const putBefore = new Date(Date.now() - Math.max(graceMs, MIN_AGE_MS));
  return withGarbageLock(home, (client) =>
    withScratch(home, async (scratch) => {
      await restoreCondemned(home.path);
      const known = new Set<string>();
      await createTables(scratch);
      onProgress?.({ phase: 'snapshots', done: 0, total: 0 });
      // Most of them before anyone has to wait.
      await nameSnapshots(home, scratch, known);
      const gone = await withoutSnapshotsInTheMaking(client, signal, async () => {
        await nameSnapshots(home, scratch, known);
        await findDoomed(client, scratch, graceMs);
        const removed = await removeDoomed(home, scratch, graceMs, { dryRun, signal, onProgress });
        await nameRows(client, scratch);
        return removed;
      });
      const sweep = { dryRun, putBefore, signal, onProgress };
      const { blobs, kept, ...rest } = await sweepBlobs(home, scratch, sweep);
      const stopped = gone.stopped || rest.stopped;
      const facts = stopped ? 0 : await removeFacts(home, scratch, sweep);
      const thumbnails = stopped ? none() : await sweepThumbnails(home, scratch, sweep);
      const others = stopped ? { caches: none(), leftovers: none() } : await removeLeftovers(home, putBefore, dryRun);
      return {
        dryRun,
        blobs,
        kept,
        pictures: gone.pictures,
        videos: gone.videos,
        facts,
        thumbnails,
        ...others,
        stopped: stopped || signal?.aborted === true,
      };
    }),
  );
}

const none = (): Amount => ({ count: 0, bytes: 0 });

interface Sweep extends Pick<GarbageOptions, 'signal' | 'onProgress'> {
  readonly dryRun: boolean;
  readonly putBefore: Date;
}

async function withGarbageLock<T>(home: Home, use: (client: DatabaseClient) => Promise<T>): Promise<T> {
  const client = await home.pool.connect();
  let isClean = false;
  try {
    const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [GARBAGE_LOCK]);
    if (!rows[0]!.got) {
      throw new FoveaError('garbage_busy', 'Garbage is being collected already: wait until that is done.');
    }
    return await use(client);
  } finally {
    // Before anybody is told that it is over, so that the next may begin at once; in a transaction that failed nothing
    // else can be said.
    await client
      .query('rollback')
      .then(() => client.query('select pg_advisory_unlock_all()'))
      .then(() => {
        isClean = true;
      })
      .catch(() => undefined);
    // A connection that may still hold a lock is not given back.
    client.release(!isClean);
  }
}

/** Waits until no snapshot is in the making, and does `work` while none can begin. */
async function withoutSnapshotsInTheMaking<T>(
  client: DatabaseClient,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  for (let waitMs = 20; ; waitMs = Math.min(2 * waitMs, 500)) {
    signal?.throwIfAborted();
    const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [SNAPSHOT_LOCK]);
    if (rows[0]!.got) break;
    await sleep(waitMs);
  }
  // Where it throws, the connection is closed, and the lock goes with it.
  const result = await work();
  await client.query('select pg_advisory_unlock($1)', [SNAPSHOT_LOCK]);
  return result;
}

const removedBefore = (graceMs: number) => `removed_at < now() - interval '${Math.round(graceMs)} milliseconds'`;

/** Fills `doomed`: pictures that were taken out long enough ago and that no snapshot of their project has. */
async function findDoomed(client: DatabaseClient, scratch: Scratch, graceMs: number): Promise<void> {
  await scratch.duck.run('create table removed as select * from doomed');
  const query = `select id, project_id, sha256, video_id from fovea.media where ${removedBefore(graceMs)}`;
  await copyInto(client, scratch, query, 'removed');
  await scratch.duck.run('insert into doomed select * from removed anti join held using (project_id, sha256)');
}

/** Deletes the rows of `doomed`, some at a time; those that were put back meanwhile stay. */
async function removeDoomed(
  home: Home,
  { duck }: Scratch,
  graceMs: number,
  { dryRun, signal, onProgress }: Omit<Sweep, 'putBefore'>,
): Promise<{ pictures: number; videos: number; stopped: boolean }> {
  const [[total, videos]] = (
    await duck.runAndReadAll('select count(*), count(distinct video_id) from doomed')
  ).getRows() as [[bigint, bigint]];
  if (dryRun) return { pictures: Number(total), videos: await countBareVideos(home, duck), stopped: false };
  let pictures = 0;
  let stopped = false;
  const ofVideos = new Set<string>();
  for await (const ids of columnOf(duck, 'select id::varchar from doomed order by id')) {
    for (let at = 0; at < ids.length; at += ROWS_AT_ONCE) {
      if (signal?.aborted) stopped = true;
      if (stopped) break;
      const { rows } = await home.pool.query<{ video_id: string | null }>(
        `delete from fovea.media where id = any($1) and ${removedBefore(graceMs)} returning video_id`,
        [ids.slice(at, at + ROWS_AT_ONCE)],
      );
      for (const { video_id } of rows) if (video_id !== null) ofVideos.add(video_id);
      pictures += rows.length;
      onProgress?.({ phase: 'pictures', done: pictures, total: Number(total) });
    }
  }
  // What was deleted names nothing any more, and what was put back does: the rows that are left say which.
  await duck.run('delete from doomed');
  if (Number(videos) === 0) return { pictures, videos: 0, stopped };
  const { rowCount } = await home.pool.query(
    `delete from fovea.videos v where id = any($1) and not exists (select 1 from fovea.media m where m.video_id = v.id)`,
    [[...ofVideos]],
  );
  return { pictures, videos: rowCount ?? 0, stopped };
}

async function countBareVideos(home: Home, duck: Scratch['duck']): Promise<number> {
  const counts = (
    await duck.runAndReadAll(
      'select video_id::varchar, count(*)::integer from doomed where video_id is not null group by all',
    )
  ).getRows() as [string, number][];
  let bare = 0;
  for (const [id, count] of counts) {
    const { rows } = await home.pool.query<{ frames: number }>(
      'select count(*)::integer as frames from fovea.media where video_id = $1',
      [id],
    );
    if (rows[0]!.frames === count) bare++;
  }
  return bare;
}

/** A column of texts, a chunk at a time. */
async function* columnOf(duck: Scratch['duck'], sql: string): AsyncGenerator<string[]> {
  const result = await duck.stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk.getColumnValues(0).map(String);
  }
}

async function sweepBlobs(
  home: Home,
  scratch: Scratch,
  { dryRun, putBefore, signal, onProgress }: Sweep,
): Promise<{ blobs: Amount; kept: Amount; stopped: boolean }> {
  const { duck } = scratch;
  onProgress?.({ phase: 'files', done: 0, total: 0 });
  await tabulateBlobs(home, scratch, signal);
  const unnamed = `files anti join named using (sha256)`;
  const old = `stored_ms < ${putBefore.getTime()}`;
  const amount = async (where: string): Promise<Amount> => {
    const rows = (
      await duck.runAndReadAll(`select count(*), coalesce(sum(size_bytes), 0)::bigint from ${unnamed} where ${where}`)
    ).getRows();
    return { count: Number(rows[0]![0]), bytes: Number(rows[0]![1]) };
  };
  const kept = await amount(`not ${old}`);
  const found = await amount(old);
  if (dryRun) return { blobs: found, kept, stopped: false };
  const blobs = none();
  let seen = 0;
  const lines = columnOf(duck, `select sha256 || ' ' || size_bytes from ${unnamed} where ${old}`);
  for await (const chunk of lines) {
    for (let at = 0; at < chunk.length; at += FILES_AT_ONCE) {
      if (signal?.aborted) return { blobs, kept, stopped: true };
      const some = chunk.slice(at, at + FILES_AT_ONCE);
      const removed = await Promise.all(some.map((line) => home.blobs.deleteUnused(line.slice(0, 64), putBefore)));
      some.forEach((line, index) => {
        const side = removed[index] ? blobs : kept;
        side.count++;
        side.bytes += Number(line.slice(65));
      });
      seen += some.length;
      onProgress?.({ phase: 'removing', done: seen, total: found.count });
    }
  }
  return { blobs, kept, stopped: false };
}

/**
 * Deletes facts of pictures that are in no project. Facts may be written just before the picture's row: while they are
 * deleted nobody writes any, and those whose bytes are young stay.
 */
async function removeFacts(home: Home, { duck }: Scratch, { dryRun, putBefore, signal }: Sweep): Promise<number> {
  let count = 0;
  let after = '';
  while (signal?.aborted !== true) {
    const { rows } = await home.pool.query<{ sha256: string }>(
      `select f.sha256 from fovea.facts f where f.sha256 > $1
       and not exists (select 1 from fovea.media m where m.sha256 = f.sha256) order by f.sha256 limit ${ROWS_AT_ONCE}`,
      [after],
    );
    if (rows.length === 0) break;
    after = rows.at(-1)!.sha256;
    const bare = rows.map(({ sha256 }) => sha256);
    const reader = await duck.runAndReadAll(
      `select sha256 from files where stored_ms >= ${putBefore.getTime()} and list_contains($1, sha256)`,
      [listValue(bare)],
    );
    const young = new Set(reader.getRows().map(([sha256]) => String(sha256)));
    const old = bare.filter((sha256) => !young.has(sha256));
    count += dryRun ? old.length : await deleteFacts(home, old);
  }
  return count;
}

async function deleteFacts(home: Home, sha256s: readonly string[]): Promise<number> {
  if (sha256s.length === 0) return 0;
  return home.transaction(async (client) => {
    await client.query('lock table fovea.facts in share row exclusive mode');
    const { rowCount } = await client.query(
      `delete from fovea.facts f where sha256 = any($1)
       and not exists (select 1 from fovea.media m where m.sha256 = f.sha256)`,
      [sha256s],
    );
    return rowCount ?? 0;
  });
}

async function sweepThumbnails(home: Home, scratch: Scratch, { dryRun, putBefore, signal }: Sweep): Promise<Amount> {
  const amount = none();
  await tabulateThumbnails(home, scratch, signal);
  const garbage = `select sha256[1:2] || '/' || name from thumbnails anti join named using (sha256) where stored_ms < ${putBefore.getTime()}`;
  for await (const paths of columnOf(scratch.duck, garbage)) {
    for (const path of paths) {
      if (signal?.aborted) return amount;
      await removeAndCount(join(home.path, 'cache', 'thumbnails', path), amount, dryRun);
    }
  }
  return amount;
}

/** Caches that follow a project, and folders of runs, where there is no such project or run. */
async function removeLeftovers(
  home: Home,
  before: Date,
  dryRun: boolean,
): Promise<{ caches: Amount; leftovers: Amount }> {
  const idsOf = async (table: string) =>
    new Set(
      (await home.pool.query<{ id: string }>(`select id::text as id from fovea.${table}`)).rows.map(({ id }) => id),
    );
  const caches = none();
  const leftovers = none();
  const isOld = async (path: string) =>
    ((await stat(path).catch(() => undefined))?.mtimeMs ?? Infinity) < before.getTime();
  // Names first: what is new by then is in the ids.
  for (const cache of ['mirror', 'vectors']) {
    const root = join(home.path, 'cache', cache);
    const names = (await entriesOf(root)).filter((name) => /^\d+$/.test(name));
    const projects = await idsOf('projects');
    for (const name of names) if (!projects.has(name)) await removeAndCount(join(root, name), caches, dryRun);
  }
  const comparisons = join(home.path, COMPARISONS_FOLDER);
  const compared = await entriesOf(comparisons);
  const snapshots = await idsOf('snapshots');
  for (const name of compared) {
    const of = snapshotsOfComparison(name);
    if (of?.every((id) => snapshots.has(id))) continue;
    await removeAndCount(join(comparisons, name), caches, dryRun);
  }
  const folders = await entriesOf(join(home.path, 'runs'));
  const runs = await idsOf('runs');
  for (const name of folders) {
    const path = join(home.path, 'runs', name);
    if (!runs.has(name) && (await isOld(path))) await removeAndCount(path, leftovers, dryRun);
  }
  return { caches, leftovers };
}
