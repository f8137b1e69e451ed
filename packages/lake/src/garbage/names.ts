import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { FoveaError } from '@fovea/annotations';
import type { DatabaseClient, Home } from '@fovea/store';
import { to as copyTo } from 'pg-copy-streams';
import { manifestRelation } from '../snapshots/manifest-file.js';
import { quote, type Scratch } from '../snapshots/scratch.js';

/** A column of the database that names blobs. */
export interface BlobColumn {
  readonly table: string;
  readonly column: string;
  /** The column that says of which picture it is; with a picture that goes, its names go. */
  readonly mediaId?: string;
}

/**
 * All columns that name blobs: what stands in one is kept. A test holds this list and {@link OTHER_COLUMNS} against the
 * database, so that a new column is in one of them.
 */
export const BLOB_COLUMNS: readonly BlobColumn[] = [
  { table: 'media', column: 'sha256', mediaId: 'id' },
  { table: 'label_maps', column: 'sha256', mediaId: 'media_id' },
  { table: 'videos', column: 'sha256' },
  { table: 'snapshots', column: 'manifest_sha256' },
  { table: 'artifacts', column: 'sha256' },
  { table: 'model_versions', column: 'sha256' },
];

/** Columns that hold a SHA-256 and keep nothing: what is known of bytes, and where they were seen. */
export const OTHER_COLUMNS: readonly BlobColumn[] = [
  { table: 'facts', column: 'sha256' },
  { table: 'sources', column: 'sha256' },
  { table: 'sources', column: 'location_sha256' },
];

/**
 * Makes the tables: `named`, blobs that something names; `held`, pictures that snapshots of a project have; `doomed`,
 * pictures that are to go for good.
 */
export async function createTables({ duck }: Scratch): Promise<void> {
  await duck.run('create table named (sha256 varchar)');
  await duck.run('create table held (project_id bigint, sha256 varchar)');
  await duck.run('create table doomed (id bigint, project_id bigint, sha256 varchar, video_id bigint)');
}

/**
 * Adds what the snapshots name that are not in `known` yet, and adds them to it.
 *
 * @throws FoveaError `garbage_uncertain` where a manifest cannot be read: nobody knows then what it names
 */
export async function nameSnapshots(home: Home, { duck }: Scratch, known: Set<string>): Promise<void> {
  const { rows } = await home.pool.query<{ id: string; name: string; project_id: string; manifest_sha256: string }>(
    'select id, name, project_id, manifest_sha256 from fovea.snapshots order by id',
  );
  for (const { id, name, project_id, manifest_sha256 } of rows) {
    if (known.has(id)) continue;
    known.add(id);
    try {
      const relation = await manifestRelation(home, manifest_sha256);
      await duck.run(`insert into held select ${project_id}::bigint, sha256 from ${relation}`);
      await duck.run(`insert into named select unnest([sha256, label_map_sha256, video_sha256]) from ${relation}`);
    } catch (error) {
      throw new FoveaError(
        'garbage_uncertain',
        `The manifest of the snapshot "${name}" (${id}) cannot be read, so it is not known what it names: nothing was removed. ` +
          'Bring the file back, or delete the snapshot.',
        { snapshot: id, manifestSha256: manifest_sha256 },
        { cause: error },
      );
    }
  }
}

/** Copies rows of PostgreSQL into a table of DuckDB by a file: as many as there are, without holding them. */
export async function copyInto(
  client: DatabaseClient,
  { duck, file }: Scratch,
  query: string,
  table: string,
): Promise<void> {
  const path = file();
  await pipeline(client.query(copyTo(`copy (${query}) to stdout (format csv)`)), createWriteStream(path));
  await duck.run(
    `insert into ${table} select * from read_csv(${quote(path)}, header = false, auto_detect = false, delim = ',',
       quote = '"', escape = '"', nullstr = '',
       columns = {${await columnsOf(duck, table)}})`,
  );
}

async function columnsOf(duck: Scratch['duck'], table: string): Promise<string> {
  const rows = (await duck.runAndReadAll(`describe ${table}`)).getRows();
  return rows.map(([name, type]) => `'${name}': '${type}'`).join(', ');
}

/** Adds what rows of the database name, but for the pictures in `doomed`. */
export async function nameRows(client: DatabaseClient, scratch: Scratch): Promise<void> {
  const { duck } = scratch;
  for (const { table, column, mediaId } of BLOB_COLUMNS) {
    await duck.run('create or replace table rows_of (id bigint, sha256 varchar)');
    await copyInto(client, scratch, `select ${mediaId ?? 'null::bigint'}, ${column} from fovea.${table}`, 'rows_of');
    await duck.run(
      'insert into named select sha256 from rows_of where id is null or id not in (select id from doomed)',
    );
  }
  await duck.run('drop table rows_of');
}
