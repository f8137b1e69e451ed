import { FoveaError } from '@fovea/annotations';
import type { DatabaseClient, Home } from '@fovea/store';
import { projectIdOf } from '../project.js';
import { copyVectors, type VectorBatch } from './copy-vectors.js';

/** A picture's vector to be stored; any length but 0, it is stored at length 1. */
export interface NewEmbedding {
  readonly mediaId: number;
  readonly vector: Float32Array;
}

/** What embeddings of one model a project has. */
export interface EmbeddingModel {
  /** What made them: `name@version`, or the name of a pretrained one. */
  readonly model: string;
  readonly dimensions: number;
  /** Pictures of the project with a vector of it, and without; those taken out of the project aside. */
  readonly embedded: number;
  readonly missing: number;
}

/** Which vectors to read, and how many at a time. */
export interface ReadEmbeddingsOptions {
  /** Only those of these pictures. */
  readonly mediaIds?: readonly number[];
  /** Rows of a batch, by default as many as make 8 MB. */
  readonly batchRows?: number;
  readonly signal?: AbortSignal | undefined;
}

const BATCH_BYTES = 8e6;

/**
 * Stores vectors of pictures; a picture's earlier vector of the same model is replaced. All or none of them are there
 * afterwards. Pictures that are no longer in the project are passed over.
 *
 * @returns how many were stored
 * @throws FoveaError `wrong_dimensions` where vectors of the model have another length; `bad_vector` for one that has no
 *   direction: zeros, or numbers that are not finite
 */
export async function writeEmbeddings(
  home: Home,
  projectId: number,
  model: string,
  rows: readonly NewEmbedding[],
): Promise<number> {
  if (rows.length === 0) return 0;
  const dimensions = (await dimensionsOf(home, projectId, model)) ?? rows[0]!.vector.length;
  // A picture named twice keeps the last: one statement cannot write one row twice.
  const last = [...new Map(rows.map((row) => [row.mediaId, row])).values()];
  const packed = new Float32Array(last.length * dimensions);
  last.forEach(({ mediaId, vector }, at) => {
    if (vector.length !== dimensions)
      throw new FoveaError(
        'wrong_dimensions',
        `Vectors of ${model} have ${dimensions} numbers in this project; that of picture ${mediaId} has ${vector.length}.`,
        { model, dimensions, given: vector.length, mediaId },
      );
    packed.set(normalized(vector, mediaId), at * dimensions);
  });
  // One parameter for all vectors: it travels as bytes, where an array of them would travel as text.
  const { rowCount } = await home.pool.query(
    `insert into fovea.embeddings (media_id, project_id, model, vector)
     select m.id, $1, $2, substring($4::bytea from ((given.at - 1) * $5::bigint + 1)::integer for $5::integer)
     from unnest($3::bigint[]) with ordinality given (id, at)
     join fovea.media m on m.id = given.id and m.project_id = $1
     order by m.id
     on conflict (project_id, model, media_id) do update set vector = excluded.vector`,
    [projectId, model, last.map(({ mediaId }) => mediaId), Buffer.from(packed.buffer), dimensions * 4],
  );
  return rowCount ?? 0;
}

/** A copy of length 1. @throws FoveaError `bad_vector` */
function normalized(vector: Float32Array, mediaId: number): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.sqrt(sum);
  if (length > 0 && Number.isFinite(length)) return vector.map((value) => value / length);
  throw new FoveaError(
    'bad_vector',
    `The vector of picture ${mediaId} ${length === 0 ? 'is all zeros' : 'has numbers that are not finite'}: it has no direction.`,
    { mediaId },
  );
}

/** Forgets all vectors of a model in a project. @returns how many there were */
export async function deleteEmbeddings(home: Home, projectId: number, model: string): Promise<number> {
  const { rowCount } = await home.pool.query('delete from fovea.embeddings where project_id = $1 and model = $2', [
    projectId,
    model,
  ]);
  return rowCount ?? 0;
}

/**
 * The vectors of a project's pictures by ascending id, in batches; pictures taken out of the project have none. A batch
 * is read when it is asked for, so that slow work between two of them holds nothing up.
 */
export async function* readEmbeddings(
  home: Home,
  projectId: number,
  model: string,
  options: ReadEmbeddingsOptions = {},
): AsyncGenerator<VectorBatch> {
  const dimensions = await dimensionsOf(home, projectId, model);
  if (dimensions === undefined) return;
  const { mediaIds, signal } = options;
  const rows = options.batchRows ?? Math.max(1, Math.floor(BATCH_BYTES / (dimensions * 4)));
  const sorted = mediaIds && [...new Set(mediaIds)].sort((a, b) => a - b);
  for (let after = -1, at = 0; ; at += rows) {
    signal?.throwIfAborted();
    const chosen = sorted?.slice(at, at + rows);
    if (chosen?.length === 0) return;
    const batch = await withClient(home, (client) => {
      const which = chosen ? `e.media_id = any('{${chosen.join(',')}}')` : `e.media_id > ${after}`;
      return copyVectors(client, vectorsQuery(client, projectId, model, which, rows), rows, dimensions);
    });
    if (batch.mediaIds.length > 0) yield batch;
    if (!chosen && batch.mediaIds.length + batch.without.length < rows) return;
    after = Math.max(after, batch.mediaIds.at(-1) ?? -1, batch.without.at(-1) ?? -1);
  }
}

function vectorsQuery(client: DatabaseClient, projectId: number, model: string, which: string, rows: number): string {
  return `select e.media_id, e.vector from fovea.embeddings e
    join fovea.media m on m.id = e.media_id and m.removed_at is null
    where e.project_id = ${projectId} and e.model = ${client.escapeLiteral(model)} and ${which}
    order by e.media_id limit ${rows}`;
}

/** Lends a connection; one on which something failed is closed, since rows may still be on their way. */
export async function withClient<T>(home: Home, use: (client: DatabaseClient) => Promise<T>): Promise<T> {
  const client = await home.pool.connect();
  let broken: unknown;
  try {
    return await use(client);
  } catch (error) {
    broken = error;
    throw error;
  } finally {
    client.release(broken instanceof Error ? broken : undefined);
  }
}

/** Numbers in a vector of a model; undefined where the project has none of it. */
export async function dimensionsOf(home: Home, projectId: number, model: string): Promise<number | undefined> {
  const { rows } = await home.pool.query<{ dimensions: number }>(
    `select length(vector) / 4 as dimensions from fovea.embeddings where project_id = $1 and model = $2 limit 1`,
    [projectId, model],
  );
  return rows[0]?.dimensions;
}

/** The models whose vectors a project has, by name. @throws FoveaError `unknown_project` */
export async function listEmbeddingModels(home: Home, project: string): Promise<EmbeddingModel[]> {
  const projectId = await projectIdOf(home, project);
  const { rows } = await home.pool.query<EmbeddingModel>(
    `select e.model, max(length(e.vector)) / 4 as dimensions, count(*)::integer as embedded,
       (select count(*) from fovea.media where project_id = $1 and removed_at is null)::integer - count(*)::integer as missing
     from fovea.embeddings e join fovea.media m on m.id = e.media_id and m.removed_at is null
     where e.project_id = $1 group by e.model order by e.model`,
    [projectId],
  );
  return rows;
}

/** A model's name, checked to have vectors in a project. @throws FoveaError `no_embeddings`, naming the models that have */
export async function requireEmbeddings(home: Home, projectId: number, model: string): Promise<number> {
  const dimensions = await dimensionsOf(home, projectId, model);
  if (dimensions !== undefined) return dimensions;
  const { rows } = await home.pool.query<{ model: string }>(
    'select distinct model from fovea.embeddings where project_id = $1 order by 1',
    [projectId],
  );
  const known = rows.map((row) => row.model);
  throw new FoveaError(
    'no_embeddings',
    `The project has no embeddings of "${model}"; ${
      known.length > 0 ? `it has those of ${known.join(', ')}` : 'none were computed yet'
    }.`,
    { model, known },
  );
}
