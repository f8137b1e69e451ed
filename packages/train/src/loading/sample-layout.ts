import { shardBytes } from './sample-shard.js';

/** A shard grows to about this. */
export const usualShardBytes = 256 * 2 ** 20;

/** How records are divided among shards. */
export interface SampleLayout {
  /** The first record of each shard. */
  readonly firsts: readonly number[];
  /** Records that fit the limit: all before this one. */
  readonly keepable: number;
  /** Bytes of all shards when full. */
  readonly bytes: number;
  /** The shard of a record. */
  shardOf(at: number): number;
}

/**
 * Divides records among shards by the most bytes each may have: the same records lie in the same place in every process
 * that asks.
 *
 * @param capacities of the records in order
 * @param limitBytes room there is
 */
export async function layOut(
  capacities: AsyncIterable<number>,
  bytesOfShard: number,
  limitBytes = Number.POSITIVE_INFINITY,
): Promise<SampleLayout> {
  const firsts: number[] = [];
  let [at, filled, bytes, keepable] = [0, Number.POSITIVE_INFINITY, 0, 0];
  for await (const capacity of capacities) {
    const own = shardBytes(1, capacity) - shardBytes(0, 0);
    if (filled + own > bytesOfShard) {
      firsts.push(at);
      filled = shardBytes(0, 0);
      bytes += filled;
    }
    filled += own;
    bytes += own;
    at++;
    if (bytes <= limitBytes) keepable = at;
  }
  function shardOf(record: number): number {
    let [low, high] = [0, firsts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (firsts[middle]! <= record) low = middle;
      else high = middle - 1;
    }
    return low;
  }
  return { firsts, keepable, bytes, shardOf };
}
