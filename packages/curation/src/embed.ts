import { FoveaError, type Xyxy } from '@fovea/annotations';
import { decodeImage, type RawImage, readImageSize, resample } from '@fovea/image';
import { projectIdOf, writeEmbeddings } from '@fovea/lake';
import type { Home } from '@fovea/store';
import { type Embedder, type ModelOptions, openEmbedder } from './embedder.js';
import { type OverPicturesOptions, overPictures, type PictureReport } from './project-pictures.js';

/** Options of {@link embedProject}. */
export interface EmbedOptions extends OverPicturesOptions, ModelOptions {
  /** `name@alias` of a registered model, a pretrained model's name, or `pixels`. */
  readonly model: string;
}

/**
 * Computes the vectors that pictures of a project do not have yet. What is written is done: work that was ended, by
 * `signal` or otherwise, goes on where it was when it is asked for again.
 *
 * @throws FoveaError `unknown_project`, as `openEmbedder`; the signal's reason
 */
export async function embedProject(home: Home, project: string, options: EmbedOptions): Promise<PictureReport> {
  const projectId = await projectIdOf(home, project);
  options.signal?.throwIfAborted();
  const embedder = await openEmbedder(home, options.model, options);
  const { model } = embedder;
  const missing =
    'not exists (select from fovea.embeddings e where e.project_id = $1 and e.model = $2 and e.media_id = m.id)';
  try {
    return await overPictures(home, projectId, model, missing, options, embedder.embed, async (rows) => {
      const vectors = rows.map(({ picture, result }) => ({ mediaId: picture.id, vector: result }));
      await writeEmbeddings(home, projectId, model, vectors);
    });
  } finally {
    await embedder.close();
  }
}

/**
 * The vector of one picture, or of a part of it.
 *
 * @param model what embeds it, open or by name; by name it is opened for this one picture
 * @param region xyxy in pixels of the upright picture; the part of it inside the picture is taken
 * @returns of length 1
 * @throws FoveaError `unreadable_image`; `bad_region` for one that holds no pixel of the picture
 */
export async function embedPicture(
  home: Home,
  model: string | Embedder,
  bytes: Uint8Array,
  region?: Xyxy,
): Promise<Float32Array> {
  // A whole picture is reduced while it is decoded, as those of a project are: the same picture has the same vector.
  const part = region
    ? await cropPicture(await decodeImage(bytes), region)
    : { bytes, ...(await readImageSize(bytes)) };
  const embedder = typeof model === 'string' ? await openEmbedder(home, model) : model;
  try {
    const [vector] = await embedder.embed([part]);
    return vector!;
  } finally {
    if (typeof model === 'string') await embedder.close();
  }
}

async function cropPicture(picture: RawImage, region: Xyxy): Promise<RawImage> {
  const clamp = (value: number, most: number) => Math.max(0, Math.min(most, Math.round(value)));
  const [left, top] = [clamp(region[0], picture.width), clamp(region[1], picture.height)];
  const width = clamp(region[2], picture.width) - left;
  const height = clamp(region[3], picture.height) - top;
  if (!(width > 0 && height > 0))
    throw new FoveaError(
      'bad_region',
      `The region ${region.map((value) => Math.round(value)).join(', ')} holds no pixel of the picture of ` +
        `${picture.width} x ${picture.height}: give its corners, left, top, right, bottom.`,
      { region, width: picture.width, height: picture.height },
    );
  return { data: await resample(picture, width, height, { area: { left, top, width, height } }), width, height };
}
