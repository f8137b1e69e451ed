import { FoveaError } from '@fovea/annotations';
import { readEmbeddings, type VectorIndexes } from '@fovea/lake';
import type { Home } from '@fovea/store';

/** Each picture's nearest others, nearest first. */
export interface NeighbourGraph {
  /** Ids of the pictures; all else counts by position in it. */
  readonly mediaIds: Float64Array;
  /** Neighbours of each. */
  readonly count: number;
  /** [mediaIds.length, count], positions. */
  readonly neighbours: Int32Array;
  /** [mediaIds.length, count], 1 - cosine, ascending along a row. */
  readonly distances: Float32Array;
}

/** What long work can be told, and tells. */
export interface LongWork {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Queries on their way at once. */
const IN_FLIGHT = 64;

/**
 * The `count` nearest others of every picture of a project that has a vector; of all others where there are fewer. As
 * exact as the index that is searched.
 *
 * @throws FoveaError as `VectorIndexes.search`; `too_few_pictures` where there are not two; the signal's reason
 */
export async function computeNeighbourGraph(
  home: Home,
  indexes: VectorIndexes,
  projectId: number,
  model: string,
  count: number,
  { signal, onProgress }: LongWork = {},
): Promise<NeighbourGraph> {
  const { size } = await indexes.prepare(projectId, model, { ...(signal && { signal }) });
  const rows = new Map<number, { mediaId: number; similarity: number }[]>();
  for await (const { mediaIds, vectors, dimensions } of readEmbeddings(home, projectId, model, { signal })) {
    let next = 0;
    const walk = async () => {
      while (next < mediaIds.length) {
        const at = next++;
        const own = mediaIds[at]!;
        const query = vectors.subarray(at * dimensions, (at + 1) * dimensions);
        const found = await indexes.search(projectId, model, query, count + 1, { ...(signal && { signal }) });
        rows.set(
          own,
          found.filter(({ mediaId }) => mediaId !== own),
        );
        if (rows.size % 256 === 0) onProgress?.(rows.size, size);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, walk));
  }
  // Pictures that went while it was computed are neighbours of nobody.
  const positions = new Map([...rows.keys()].sort((a, b) => a - b).map((id, at) => [id, at]));
  const present = [...positions.keys()].map((id) => rows.get(id)!.filter(({ mediaId }) => positions.has(mediaId)));
  const width = Math.min(count, ...present.map((row) => row.length));
  if (positions.size < 2 || width === 0)
    throw new FoveaError(
      'too_few_pictures',
      `Of ${model}, ${positions.size} pictures have vectors: it takes two at least.`,
    );
  const neighbours = new Int32Array(positions.size * width);
  const distances = new Float32Array(positions.size * width);
  present.forEach((row, at) => {
    row.slice(0, width).forEach(({ mediaId, similarity }, i) => {
      neighbours[at * width + i] = positions.get(mediaId)!;
      distances[at * width + i] = Math.max(0, 1 - similarity);
    });
  });
  onProgress?.(size, size);
  return { mediaIds: Float64Array.from(positions.keys()), count: width, neighbours, distances };
}
