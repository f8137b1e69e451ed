import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, type DuckDBValue, StatementType } from '@duckdb/node-api';
import { FoveaError } from '@fovea/annotations';
import type { Home } from '@fovea/store';
import { withMirror } from '../mirror/mirrors.js';
import { views } from '../mirror/tables.js';
import type { MediaFilter } from './filter.js';

/** Options of {@link runQuery} and {@link exportQuery}. */
export interface QueryOptions {
  /** Default 30. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Rows that a query gave. */
export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Values as JSON has them: whole numbers beyond 2^53 and moments as text. */
  readonly rows: readonly (readonly unknown[])[];
  /** There are more rows than `maxRows`. */
  readonly truncated: boolean;
  readonly elapsedMs: number;
}

/** The tables a query can name. */
export const QUERY_TABLES = Object.keys(views);

/** What a result can be written as. */
export const EXPORT_FORMATS = ['parquet', 'csv', 'jsonl'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/**
 * Answers one SELECT over a project's tables, as they are now. It can change nothing, reach no file, and is ended when it
 * takes too long or too much memory.
 *
 * @param maxRows - default 1000
 * @throws FoveaError `bad_query` with what DuckDB says, `query_timeout`, `query_memory`
 */
export async function runQuery(
  home: Home,
  projectId: number,
  sql: string,
  options: QueryOptions & { readonly maxRows?: number } = {},
): Promise<QueryResult> {
  const { maxRows = 1000 } = options;
  return withSelect(home, projectId, sql, options, async (duck) => {
    const started = performance.now();
    const reader = await duck.streamAndReadUntil(sql, maxRows + 1);
    const rows = reader.getRows();
    return {
      columns: reader.columnNames().map((name, at) => ({ name, type: String(reader.columnType(at)) })),
      rows: rows.slice(0, maxRows).map((row) => row.map(plain)),
      truncated: rows.length > maxRows,
      elapsedMs: performance.now() - started,
    };
  });
}

/**
 * Writes all rows of one SELECT to a file, and has `use` take it; it is gone afterwards.
 *
 * @throws FoveaError as {@link runQuery}
 */
export async function exportQuery<T>(
  home: Home,
  projectId: number,
  sql: string,
  format: ExportFormat,
  use: (file: string, rows: number) => Promise<T>,
  options: QueryOptions = {},
): Promise<T> {
  const how = { parquet: 'format parquet, compression zstd', csv: 'format csv, header', jsonl: 'format json' }[format];
  let file: string | undefined;
  try {
    const { path, rows } = await withSelect(home, projectId, sql, options, async (duck, exchange) => {
      file = join(exchange, `result-${randomUUID()}`);
      // On a line of its own: the query may end in a comment.
      const written = await duck.runAndReadAll(
        `copy (${sql.replace(/;\s*$/, '')}\n) to '${file.replaceAll("'", "''")}' (${how})`,
      );
      return { path: file, rows: Number(written.getRows()[0]![0]) };
    });
    return await use(path, rows);
  } finally {
    if (file !== undefined) await rm(file, { force: true });
  }
}

/**
 * Asks what has a filter's condition in it: where the filter has SQL of its own, only if that is one SELECT, and not for
 * longer than a query may take.
 *
 * @throws FoveaError as {@link runQuery}
 */
export async function withFilterSql<T>(
  duck: DuckDBConnection,
  { sql }: MediaFilter,
  use: () => Promise<T>,
  timeoutSeconds = 30,
): Promise<T> {
  if (sql === undefined) return use();
  await checkSelect(duck, sql);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    duck.interrupt();
  }, timeoutSeconds * 1000);
  try {
    return await use();
  } catch (error) {
    throw explain(error, isLate ? timeoutSeconds : undefined);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether a query asks for vectors; read off the text: what it is wrong about costs a look at vectors nobody needs. */
export function asksEmbeddings(sql: string | undefined): boolean {
  return /\bembeddings\b/i.test(sql ?? '');
}

async function withSelect<T>(
  home: Home,
  projectId: number,
  sql: string,
  options: QueryOptions,
  use: (duck: DuckDBConnection, exchange: string) => Promise<T>,
): Promise<T> {
  const { timeoutSeconds = 30, signal } = options;
  const embeddings = asksEmbeddings(sql);
  return withMirror(home, projectId, (mirror) =>
    mirror.read(
      async (duck) => {
        await checkSelect(duck, sql);
        let isLate = false;
        const timer = setTimeout(() => {
          isLate = true;
          duck.interrupt();
        }, timeoutSeconds * 1000);
        const stop = () => duck.interrupt();
        signal?.addEventListener('abort', stop);
        try {
          signal?.throwIfAborted();
          return await use(duck, mirror.exchange);
        } catch (error) {
          signal?.throwIfAborted();
          throw explain(error, isLate ? timeoutSeconds : undefined);
        } finally {
          clearTimeout(timer);
          signal?.removeEventListener('abort', stop);
        }
      },
      { embeddings },
    ),
  );
}

/** Only one statement that reads goes on. */
async function checkSelect(duck: DuckDBConnection, sql: string): Promise<void> {
  const only = 'One SELECT is answered here';
  try {
    const statements = await duck.extractStatements(sql);
    if (statements.count !== 1) {
      throw new FoveaError('bad_query', `${only}, and there are ${statements.count} statements.`, {
        statements: statements.count,
      });
    }
    const prepared = await statements.prepare(0);
    const { statementType, parameterCount } = prepared;
    prepared.destroySync();
    if (statementType !== StatementType.SELECT && statementType !== StatementType.EXPLAIN) {
      throw new FoveaError(
        'bad_query',
        `${only}, and this is ${StatementType[statementType]}: nothing is changed by a query.`,
      );
    }
    if (parameterCount > 0) throw new FoveaError('bad_query', `${only} without parameters; write the values into it.`);
  } catch (error) {
    if (error instanceof FoveaError) throw error;
    throw explain(error);
  }
}

function explain(error: unknown, timeoutSeconds?: number): unknown {
  if (error instanceof FoveaError || !(error instanceof Error)) return error;
  const text = error.message.trim();
  if (timeoutSeconds !== undefined) {
    return new FoveaError(
      'query_timeout',
      `The query was ended after ${timeoutSeconds} seconds: ask for less, or allow it more time.`,
      { timeoutSeconds },
      { cause: error },
    );
  }
  if (/^Out of Memory/i.test(text) || /max_temp_directory_size/i.test(text)) {
    return new FoveaError(
      'query_memory',
      'The query needs more memory than a query may have: ask for fewer rows or columns at once, or group them.',
      { reason: text.split('\n')[0] },
      { cause: error },
    );
  }
  const hint = /Table with name/i.test(text) ? ` The tables are ${QUERY_TABLES.join(', ')}.` : '';
  const [first = ''] = text.split('\n');
  const sentence = `The query cannot be answered: ${first.replace(/[.!?]?$/, '.')}${hint}`;
  return new FoveaError('bad_query', sentence, { reason: text }, { cause: error });
}

/** A value of DuckDB as JSON has it. */
function plain(value: DuckDBValue): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if ('items' in value && Array.isArray(value.items)) return value.items.map((each: DuckDBValue) => plain(each));
  if ('entries' in value && typeof value.entries === 'object' && !Array.isArray(value.entries)) {
    return Object.fromEntries(
      Object.entries(value.entries as Record<string, DuckDBValue>).map(([key, each]) => [key, plain(each)]),
    );
  }
  return String(value);
}
