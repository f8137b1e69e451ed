import { FoveaError, type Xyxy } from '@fovea/annotations';
import { readImageSize } from '@fovea/image';
import { projectIdOf, readEmbeddings, type VectorIndexes } from '@fovea/lake';
import type { Home } from '@fovea/store';
import { embedPicture } from './embed.js';
import { type Embedder, openEmbedder } from './embedder.js';
import { type ProjectPicture, readPicture } from './project-pictures.js';

/** What others are to be like: a picture of the project, a part of one, a picture from outside, or a vector. */
export type SimilarTo =
  | { readonly sha256: string; readonly region?: Xyxy }
  | { readonly bytes: Uint8Array; readonly region?: Xyxy }
  | { readonly vector: Float32Array };

/** Choices of {@link findSimilar}. */
export interface SimilarOptions {
  /** As it is written beside the vectors, or what `openEmbedder` knows it by. */
  readonly model: string | Embedder;
  /** Most pictures found, default 50. */
  readonly count?: number;
  /** Only these, by id; the rest of the project does not take their places. */
  readonly only?: Iterable<number>;
  readonly signal?: AbortSignal;
}

/** A picture like another. */
export interface SimilarPicture {
  readonly mediaId: number;
  readonly sha256: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Cosine, in [-1, 1]; 1 for the same. */
  readonly similarity: number;
}

/**
 * Pictures of a project that look like another, most alike first; the picture itself is not among them.
 *
 * A whole picture of the project is looked up by its stored vector where it has one; all else is embedded now.
 *
 * @throws FoveaError `unknown_project`, `unknown_media`, as `VectorIndexes.search`, `openEmbedder` and `embedPicture`
 */
export async function findSimilar(
  home: Home,
  indexes: VectorIndexes,
  project: string,
  to: SimilarTo,
  options: SimilarOptions,
): Promise<SimilarPicture[]> {
  const projectId = await projectIdOf(home, project);
  const { count = 50, only, signal } = options;
  const picture = 'sha256' in to ? await pictureOf(home, project, projectId, to.sha256) : undefined;
  const own = picture?.id;
  const { vector, model } = await vectorOf(home, projectId, to, picture, options.model);
  signal?.throwIfAborted();
  const found = await indexes.search(projectId, model, vector, own === undefined ? count : count + 1, {
    ...(only && { only }),
    ...(signal && { signal }),
  });
  const others = found.filter(({ mediaId }) => mediaId !== own).slice(0, count);
  const { rows } = await home.pool.query<Omit<SimilarPicture, 'mediaId' | 'similarity'> & { id: string }>(
    'select id, sha256, name, width, height from fovea.media where id = any($1)',
    [others.map(({ mediaId }) => mediaId)],
  );
  const media = new Map(rows.map(({ id, ...row }) => [Number(id), row]));
  // One that was deleted in this very moment has no row any more.
  return others.flatMap((each) => {
    const row = media.get(each.mediaId);
    return row ? [{ ...each, ...row }] : [];
  });
}

async function pictureOf(home: Home, project: string, projectId: number, sha256: string): Promise<ProjectPicture> {
  const { rows } = await home.pool.query<Omit<ProjectPicture, 'id'> & { id: string }>(
    `select id, sha256, name, width, height, video_id is not null as "isFrame" from fovea.media
     where project_id = $1 and sha256 = $2`,
    [projectId, sha256],
  );
  if (rows[0]) return { ...rows[0], id: Number(rows[0].id) };
  throw new FoveaError('unknown_media', `The project "${project}" has no picture ${sha256}.`, { project, sha256 });
}

async function vectorOf(
  home: Home,
  projectId: number,
  to: SimilarTo,
  own: ProjectPicture | undefined,
  given: string | Embedder,
): Promise<{ vector: Float32Array; model: string }> {
  const name = typeof given === 'string' ? given : given.model;
  if ('vector' in to) return { vector: to.vector, model: name };
  if (own && !to.region) {
    for await (const { vectors } of readEmbeddings(home, projectId, name, { mediaIds: [own.id] }))
      return { vector: vectors, model: name };
  }
  const embedder = typeof given === 'string' ? await openEmbedder(home, given) : given;
  try {
    const { bytes, region } = 'bytes' in to ? to : await bytesOf(home, own!, to.region);
    return { vector: await embedPicture(home, embedder, bytes, region), model: embedder.model };
  } finally {
    if (typeof given === 'string') await embedder.close();
  }
}

/** A picture's bytes, and the region in pixels of what these show: of a video's frame that may be the thumbnail. */
async function bytesOf(
  home: Home,
  picture: ProjectPicture,
  region: Xyxy | undefined,
): Promise<{ bytes: Uint8Array; region?: Xyxy }> {
  const read = await readPicture(home, picture);
  const bytes = read instanceof Uint8Array ? read : read.bytes;
  if (!region) return { bytes };
  const shown = read instanceof Uint8Array ? await readImageSize(bytes) : read;
  const [across, down] = [shown.width / picture.width, shown.height / picture.height];
  return { bytes, region: [region[0] * across, region[1] * down, region[2] * across, region[3] * down] };
}
