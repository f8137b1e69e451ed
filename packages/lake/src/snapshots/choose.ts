import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FoveaError } from '@fovea/annotations';
import type { DatabaseClient, Home } from '@fovea/store';
import { from as copyFrom } from 'pg-copy-streams';
import type { MediaFilter } from '../query/filter.js';
import { selectMedia } from '../query/selection.js';
import { exportQuery } from '../query/sql.js';
import { quote, type Scratch } from './scratch.js';

/** Pictures a snapshot is made of, before anything is frozen: rows of `fovea.media`, or SHA-256s. */
export interface Choice {
  readonly column: 'id' | 'sha256';
  values(): AsyncIterable<string>;
}

const SQL_SECONDS = 300;

/** What a filter chooses now. @throws FoveaError `bad_filter` */
export async function chooseByFilter(home: Home, projectId: number, filter: MediaFilter): Promise<Choice> {
  const { ids } = await selectMedia(home, projectId, filter);
  return {
    column: 'id',
    values: async function* () {
      const step = 10_000;
      for (let at = 0; at < ids.length; at += step) yield `${ids.subarray(at, at + step).join('\n')}\n`;
    },
  };
}

/**
 * What a SELECT chooses now, by its column `media_id`, or else `sha256`.
 *
 * @throws FoveaError `bad_query`, `query_timeout`, `query_memory`
 */
export async function chooseBySql(
  home: Home,
  projectId: number,
  sql: string,
  { duck }: Scratch,
  signal?: AbortSignal,
): Promise<Choice> {
  const options = { timeoutSeconds: SQL_SECONDS, ...(signal && { signal }) };
  const column = await exportQuery(
    home,
    projectId,
    sql,
    'parquet',
    async (file) => {
      const described = await duck.runAndReadAll(`describe select * from read_parquet(${quote(file)})`);
      const names = described.getRows().map(([name]) => String(name));
      const found = (['media_id', 'sha256'] as const).find((name) => names.includes(name));
      if (found === undefined) {
        throw new FoveaError(
          'bad_query',
          `The query must give a column "media_id" or "sha256" that says which pictures are meant; it gives ${names.join(', ')}.`,
          { columns: names },
        );
      }
      const shape = found === 'media_id' ? '[0-9]{1,18}' : '[0-9a-f]{64}';
      await duck.run(
        `create or replace table chosen as select distinct "${found}"::varchar as value from read_parquet(${quote(file)})
         where regexp_full_match("${found}"::varchar, '${shape}')`,
      );
      return found === 'media_id' ? 'id' : found;
    },
    options,
  );
  return {
    column,
    values: async function* () {
      const result = await duck.stream('select value from chosen');
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        yield `${chunk.getColumnValues(0).join('\n')}\n`;
      }
    },
  };
}

/** Puts a choice into the temporary table `chosen` of the transaction, as rows of `fovea.media` of the project. */
export async function storeChoice(client: DatabaseClient, projectId: number, choice: Choice): Promise<void> {
  await client.query('create temporary table chosen (id bigint primary key) on commit drop');
  await client.query('create temporary table asked (value text) on commit drop');
  await pipeline(Readable.from(choice.values()), client.query(copyFrom('copy asked (value) from stdin')));
  const on = choice.column === 'id' ? 'm.id = a.value::bigint' : 'm.sha256 = a.value';
  await client.query(
    `insert into chosen select distinct m.id from asked a join fovea.media m on ${on} where m.project_id = $1`,
    [projectId],
  );
  await client.query('analyze chosen');
}
