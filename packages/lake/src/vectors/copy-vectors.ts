import type { DatabaseClient } from '@fovea/store';
import { to as copyTo } from 'pg-copy-streams';

/** Some pictures and their vectors, side by side. */
export interface VectorBatch {
  readonly mediaIds: Float64Array;
  /** [mediaIds.length, dimensions], row by row; each of length 1. */
  readonly vectors: Float32Array;
  readonly dimensions: number;
}

/** What {@link copyVectors} read: those that have a vector, and the ids of those that have none. */
export interface CopiedVectors extends VectorBatch {
  readonly without: number[];
}

const SIGNATURE_BYTES = 19;

/**
 * Reads the rows of a query of PostgreSQL, a bigint and a bytea (which may be null), in PostgreSQL's binary COPY format:
 * the bytes go into one array as they come, where the usual way makes a text, a buffer and an object of every row.
 *
 * @param query SQL without parameters, which COPY does not take
 * @param rows most rows the query gives
 * @param dimensions length of every vector; other rows count as without
 */
export async function copyVectors(
  client: DatabaseClient,
  query: string,
  rows: number,
  dimensions: number,
): Promise<CopiedVectors> {
  const size = dimensions * 4;
  const mediaIds = new Float64Array(rows);
  const vectors = new Float32Array(rows * dimensions);
  const bytes = new Uint8Array(vectors.buffer);
  const without: number[] = [];
  let count = 0;
  let skip = SIGNATURE_BYTES;
  let rest: Buffer = Buffer.alloc(0);

  /** Takes whole rows off the front; what is left waits for more. */
  const take = (chunk: Buffer): Buffer => {
    let at = 0;
    while (chunk.length - at >= 2) {
      // -1 ends the rows.
      if (chunk.readInt16BE(at) < 0) return chunk.subarray(at + 2);
      if (chunk.length - at < 18) break;
      const id = Number(chunk.readBigInt64BE(at + 6));
      const length = chunk.readInt32BE(at + 14);
      const end = at + 18 + Math.max(0, length);
      if (end > chunk.length) break;
      if (length === size) {
        mediaIds[count] = id;
        bytes.set(chunk.subarray(at + 18, end), count * size);
        count++;
      } else without.push(id);
      at = end;
    }
    return chunk.subarray(at);
  };
  for await (const part of client.query(copyTo(`copy (${query}) to stdout (format binary)`))) {
    let chunk = rest.length === 0 ? (part as Buffer) : Buffer.concat([rest, part as Buffer]);
    if (skip > 0) {
      const skipped = Math.min(skip, chunk.length);
      skip -= skipped;
      chunk = chunk.subarray(skipped);
    }
    rest = take(chunk);
  }
  return {
    mediaIds: mediaIds.subarray(0, count),
    vectors: vectors.subarray(0, count * dimensions),
    dimensions,
    without,
  };
}
