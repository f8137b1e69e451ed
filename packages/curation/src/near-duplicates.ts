import {
  createUnion,
  groupNearDuplicates,
  type NearDuplicateOptions,
  projectIdOf,
  type VectorIndexes,
} from '@fovea/lake';
import type { Home } from '@fovea/store';
import { computeNeighbourGraph, type LongWork, type NeighbourGraph } from './neighbour-graph.js';

/** Pictures that are nearly the same. */
export interface NearDuplicateGroup {
  readonly media: readonly { readonly mediaId: number; readonly sha256: string; readonly name: string }[];
}

/** Options of {@link findNearDuplicates}: by perceptual hash, or by the vectors of a model. */
export type FindNearDuplicatesOptions =
  | (NearDuplicateOptions & { readonly by?: 'hash' })
  | (LongWork & {
      readonly by: 'embedding';
      readonly model: string;
      /** Most 1 - cosine of near duplicates, default 0.05. */
      readonly distance?: number;
      readonly indexes: VectorIndexes;
    });

/** Neighbours of each picture that are looked at when vectors are grouped. */
const NEIGHBOURS = 20;

interface Row {
  readonly mediaId: number;
  readonly sha256: string;
  readonly name: string;
  readonly hash: string | null;
}

/**
 * Groups of pictures of a project that are nearly the same, largest first, equals in the order they came. Within a group
 * none is further from its middle than twice the distance: see `groupNearDuplicates`.
 *
 * @throws FoveaError `unknown_project`, as `groupNearDuplicates` and `computeNeighbourGraph`; the signal's reason
 */
export async function findNearDuplicates(
  home: Home,
  project: string,
  options: FindNearDuplicatesOptions = {},
): Promise<NearDuplicateGroup[]> {
  const projectId = await projectIdOf(home, project);
  const { rows } = await home.pool.query<Omit<Row, 'mediaId'> & { id: string }>(
    `select m.id, m.sha256, m.name, f.perceptual_hash as hash from fovea.media m
     left join fovea.facts f on f.sha256 = m.sha256 where m.project_id = $1 and m.removed_at is null order by m.id`,
    [projectId],
  );
  const media = rows.map(({ id, ...row }): Row => ({ mediaId: Number(id), ...row }));
  let groups: Row[][];
  if (options.by === 'embedding') {
    const { indexes, model, distance = 0.05 } = options;
    const graph = await computeNeighbourGraph(home, indexes, projectId, model, NEIGHBOURS, options);
    const byId = new Map(media.map((row) => [row.mediaId, row]));
    groups = groupNeighbours(graph, distance).map((group) =>
      group.flatMap((at) => byId.get(graph.mediaIds[at]!) ?? []),
    );
  } else {
    const found = await groupNearDuplicates(
      media.map(({ hash }) => hash),
      options,
    );
    groups = found.map((group) => group.map((at) => media[at]!));
  }
  return groups
    .filter((group) => group.length > 1)
    .sort((a, b) => b.length - a.length || a[0]!.mediaId - b[0]!.mediaId)
    .map((group) => ({ media: group.map(({ mediaId, sha256, name }) => ({ mediaId, sha256, name })) }));
}

/**
 * Groups of positions whose vectors are at most `distance` (1 - cosine) apart, nearest pairs first. As chords of the unit
 * sphere, which unlike cosines keep the triangle inequality, none is further from its group's middle than twice that.
 */
export function groupNeighbours({ neighbours, distances, count }: NeighbourGraph, distance: number): number[][] {
  const size = distances.length / count;
  const chord = (apart: number) => Math.sqrt(2 * apart);
  const pairs: { a: number; b: number; apart: number }[] = [];
  const known = new Map<number, number>();
  for (let a = 0; a < size; a++) {
    for (let i = a * count; i < (a + 1) * count && distances[i]! <= distance; i++) {
      const b = neighbours[i]!;
      const key = Math.min(a, b) * size + Math.max(a, b);
      if (known.has(key)) continue;
      known.set(key, chord(distances[i]!));
      pairs.push({ a: Math.min(a, b), b: Math.max(a, b), apart: distances[i]! });
    }
  }
  pairs.sort((x, y) => x.apart - y.apart || x.a - y.a || x.b - y.b);
  // Of two that are no neighbours of each other only this is known: they are further apart than near duplicates are.
  const between = (a: number, b: number) =>
    known.get(Math.min(a, b) * size + Math.max(a, b)) ?? Number.POSITIVE_INFINITY;
  const union = createUnion(size, between, 2 * chord(distance));
  for (const { a, b } of pairs) union.join(a, b);
  const groups = new Map<number, number[]>();
  for (let at = 0; at < size; at++) groups.set(union.rootOf(at), [...(groups.get(union.rootOf(at)) ?? []), at]);
  return [...groups.values()].filter((group) => group.length > 1);
}
