import { projectIdOf, type VectorIndexes } from '@fovea/lake';
import type { Home } from '@fovea/store';
import { computeNeighbourGraph, type LongWork, type NeighbourGraph } from './neighbour-graph.js';

/** Ways to say how far a picture is from the others. */
export type OutlierMethod = 'lof' | 'distance';

/** A picture unlike the others. */
export interface Outlier {
  readonly mediaId: number;
  readonly sha256: string;
  readonly name: string;
  /** Higher is stranger; `lof`: 1 is usual; `distance`: 1 - cosine. */
  readonly score: number;
}

/** Options of {@link findOutliers}. */
export interface OutlierOptions extends LongWork {
  readonly model: string;
  /** Default `lof`. */
  readonly method?: OutlierMethod;
  /** Neighbours that are looked at, default 10. */
  readonly neighbours?: number;
  /** Most pictures told, default 100. */
  readonly count?: number;
}

/** Distance to the furthest of the neighbours (Ramaswamy, Rastogi and Shim 2000), per picture. */
export function computeNeighbourDistances({ distances, count }: NeighbourGraph): Float64Array {
  return Float64Array.from({ length: distances.length / count }, (_, at) => distances[(at + 1) * count - 1]!);
}

/**
 * Local outlier factors (Breunig et al. 2000, "LOF: Identifying Density-Based Local Outliers"), per picture: how much
 * thinner the pictures lie around it than around its neighbours. 1 is usual.
 */
export function computeLocalOutlierFactors({ neighbours, distances, count }: NeighbourGraph): Float64Array {
  const size = distances.length / count;
  const reach = (of: number, distance: number) => Math.max(distances[(of + 1) * count - 1]!, distance);
  const densities = Float64Array.from({ length: size }, (_, at) => {
    let sum = 0;
    for (let i = at * count; i < (at + 1) * count; i++) sum += reach(neighbours[i]!, distances[i]!);
    // So many copies of one picture that their density has no bound still are as dense as each other.
    return 1 / (sum / count + 1e-10);
  });
  return Float64Array.from({ length: size }, (_, at) => {
    let sum = 0;
    for (let i = at * count; i < (at + 1) * count; i++) sum += densities[neighbours[i]!]!;
    return sum / count / densities[at]!;
  });
}

/**
 * The pictures of a project that are least like the others, strangest first.
 *
 * @throws FoveaError `unknown_project`, as `computeNeighbourGraph`
 */
export async function findOutliers(
  home: Home,
  indexes: VectorIndexes,
  project: string,
  options: OutlierOptions,
): Promise<Outlier[]> {
  const { model, method = 'lof', neighbours = 10, count = 100 } = options;
  const projectId = await projectIdOf(home, project);
  const graph = await computeNeighbourGraph(home, indexes, projectId, model, neighbours, options);
  const scores = method === 'lof' ? computeLocalOutlierFactors(graph) : computeNeighbourDistances(graph);
  const ranked = Array.from(scores, (score, at) => ({ mediaId: graph.mediaIds[at]!, score }))
    .sort((a, b) => b.score - a.score || a.mediaId - b.mediaId)
    .slice(0, count);
  return withNames(home, ranked);
}

/** Adds to rows what their pictures are called; those of pictures that were deleted meanwhile go. */
export async function withNames<T extends { readonly mediaId: number }>(
  home: Home,
  rows: readonly T[],
): Promise<(T & { readonly sha256: string; readonly name: string })[]> {
  const found = await home.pool.query<{ id: string; sha256: string; name: string }>(
    'select id, sha256, name from fovea.media where id = any($1)',
    [rows.map(({ mediaId }) => mediaId)],
  );
  const media = new Map(found.rows.map(({ id, ...row }) => [Number(id), row]));
  return rows.flatMap((row) => {
    const known = media.get(row.mediaId);
    return known ? [{ ...row, ...known }] : [];
  });
}
