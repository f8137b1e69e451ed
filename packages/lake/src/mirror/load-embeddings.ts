import { ARRAY, BIGINT, type DuckDBArrayValue, type DuckDBConnection, DuckDBDataChunk, FLOAT } from '@duckdb/node-api';
import type { DatabaseClient } from '@fovea/store';

/** Rows of one chunk: what DuckDB takes at once. */
const CHUNK_ROWS = 2048;

/**
 * Copies the vectors of some pictures into the mirror. They are bytes in PostgreSQL and go into DuckDB's own memory as
 * they are; as text, each number would be printed and read again.
 *
 * @param chosen - PostgreSQL's condition on `m`, the pictures
 */
export async function copyEmbeddings(client: DatabaseClient, duck: DuckDBConnection, chosen: string): Promise<void> {
  const from = `fovea.embeddings e join fovea.media m on m.id = e.media_id where ${chosen} and m.removed_at is null`;
  const { rows: kinds } = await client.query<{ model: string; dimensions: number }>(
    `select distinct e.model, length(e.vector) / 4 as dimensions from ${from} order by 1, 2`,
  );
  for (const { model, dimensions } of kinds) {
    await duck.run(`create or replace temp table incoming (media_id bigint, vector float[${dimensions}])`);
    const appender = await duck.createAppender('incoming');
    for (let after = '-1'; ; ) {
      const { rows } = await client.query<{ id: string; vector: Buffer }>(
        `select m.id, e.vector from ${from} and e.model = $1 and length(e.vector) = $2 and m.id > $3
         order by m.id limit ${CHUNK_ROWS}`,
        [model, dimensions * 4, after],
      );
      if (rows.length === 0) break;
      after = rows.at(-1)!.id;
      const chunk = DuckDBDataChunk.create([BIGINT, ARRAY(FLOAT, dimensions)], rows.length);
      const [ids, vectors] = [chunk.getColumnVector(0), chunk.getColumnVector(1)];
      rows.forEach(({ id, vector }, at) => {
        ids.setItem(at, BigInt(id));
        // The vector wants something to index; copied, since bytes of the network need not lie where floats may.
        const items = new Float32Array(new Uint8Array(vector).buffer);
        vectors.setItem(at, { items } as unknown as DuckDBArrayValue);
      });
      ids.flush();
      vectors.flush();
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
    await duck.run('insert into mirror.embeddings select media_id, $1, vector::float[] from incoming', [model]);
    await duck.run('drop table incoming');
  }
}
