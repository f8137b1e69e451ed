import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { DatabaseClient } from '@fovea/store';
import { to as copyTo } from 'pg-copy-streams';
import { type MirrorTable, selectRows } from './tables.js';

/** Pictures whose rows travel at once: what lies on disk meanwhile is some hundred megabytes at the most. */
export const LOAD_PICTURES = 100_000;

const MAX_LINE_BYTES = 8 * 2 ** 20;

/** A part of a project's pictures, by their ids: above `after`, up to and with `upTo`. */
export interface IdRange {
  readonly after: string;
  readonly upTo: string;
}

/**
 * Copies the rows of some pictures from PostgreSQL into a table of the mirror, through a file in `folder`: neither side's
 * rows pass through JavaScript.
 *
 * @param chosen - PostgreSQL's condition on `m`, the pictures
 */
export async function copyRows(
  client: DatabaseClient,
  duck: DuckDBConnection,
  table: MirrorTable,
  chosen: string,
  folder: string,
): Promise<void> {
  await loadRows(duck, table, await unloadRows(client, table, chosen, folder));
}

/** The first half of {@link copyRows}: gives the file. */
export function unloadRows(
  client: DatabaseClient,
  table: MirrorTable,
  chosen: string,
  folder: string,
): Promise<string> {
  return unloadQuery(client, selectRows(table, chosen), folder);
}

/** The second half of {@link copyRows}: the file is gone afterwards. */
export async function loadRows(duck: DuckDBConnection, table: MirrorTable, file: string): Promise<void> {
  const columns = table.columns.map(({ name, type }) => `'${name}': '${type}'`).join(', ');
  await loadFile(duck, `mirror.${table.name}`, `{${columns}}`, file);
}

/** Appends the rows of a query of PostgreSQL to a table of the mirror. @param columns - DuckDB's struct of names and types */
export async function copyQuery(
  client: DatabaseClient,
  duck: DuckDBConnection,
  query: string,
  table: string,
  columns: string,
  folder: string,
): Promise<void> {
  await loadFile(duck, table, columns, await unloadQuery(client, query, folder));
}

async function unloadQuery(client: DatabaseClient, query: string, folder: string): Promise<string> {
  const file = join(folder, `rows-${randomUUID()}.csv`);
  try {
    await pipeline(client.query(copyTo(`copy (${query}) to stdout (format csv)`)), createWriteStream(file));
    return file;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

async function loadFile(duck: DuckDBConnection, table: string, columns: string, file: string): Promise<void> {
  try {
    // Quoted, an empty text is one; unquoted it is null.
    await duck.run(
      `insert into ${table} select * from read_csv('${file.replaceAll("'", "''")}', columns = ${columns}, header = false,
        auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false,
        max_line_size = ${MAX_LINE_BYTES}, buffer_size = ${2 * MAX_LINE_BYTES}, strict_mode = true, encoding = 'utf-8')`,
    );
  } finally {
    await rm(file, { force: true });
  }
}

/** The ids of a project's pictures, or of those `where` chooses, in parts of {@link LOAD_PICTURES}. */
export async function idRanges(client: DatabaseClient, idsQuery: string): Promise<IdRange[]> {
  const { rows } = await client.query<{ id: string; last: boolean }>(
    `select id, n = total as last from (
       select id, row_number() over (order by id) as n, count(*) over () as total from (${idsQuery}) ids
     ) numbered where n % ${LOAD_PICTURES} = 0 or n = total order by n`,
  );
  return rows.map(({ id }, at) => ({ after: at === 0 ? '-1' : rows[at - 1]!.id, upTo: id }));
}
