import { availableParallelism } from 'node:os';
import { FoveaError, type Xyxy } from '@fovea/annotations';
import { projectIdOf } from '@fovea/lake';
import { exportPretrained, type ModelResult, openModel } from '@fovea/models';
import type { Home } from '@fovea/store';
import { findModel, type ModelOptions } from './embedder.js';
import { type OverPicturesOptions, overPictures, type PictureReport, type ProjectPicture } from './project-pictures.js';

/** Options of {@link predictProject}. */
export interface PredictProjectOptions extends OverPicturesOptions, ModelOptions {
  /** `name@alias` of a registered classifier or detector, or the name of a pretrained one whose classes are known. */
  readonly model: string;
  /** Least confidence kept; a detector's own by default, 0.05 for classes of pictures. */
  readonly confidence?: number | undefined;
  /** Whether pictures the model has seen are predicted anew, true by default: what it said of them is replaced. */
  readonly again?: boolean | undefined;
}

const LEAST_PROBABILITY = 0.05;

/** What a model says of one picture, in pixels of what it was shown. */
interface PicturePredictions {
  readonly width: number;
  readonly height: number;
  readonly found: readonly NewPrediction[];
}

interface NewPrediction {
  readonly className: string;
  readonly confidence: number;
  readonly box: Xyxy | null;
}

/**
 * Has a model predict on the pictures of a project. What it says of a batch replaces what it said before in one
 * transaction, so that no picture is ever without, or with both.
 *
 * @throws FoveaError `unknown_project`; `not_predicting` for models whose answers are neither boxes nor classes, as
 *   `findModel`; the signal's reason
 */
export async function predictProject(
  home: Home,
  project: string,
  options: PredictProjectOptions,
): Promise<PictureReport> {
  const projectId = await projectIdOf(home, project);
  const { confidence, again = true, signal, threads = availableParallelism(), device } = options;
  if (confidence !== undefined && !(confidence >= 0 && confidence <= 1))
    throw new FoveaError('bad_confidence', `A confidence is between 0 and 1, not ${confidence}.`, { confidence });
  signal?.throwIfAborted();
  const found = await findModel(home, options.model);
  const opened = await openModel(found.kind === 'registered' ? found.path : exportPretrained(found.source), {
    threads,
    device,
  });
  try {
    if (opened.task !== 'detection' && opened.task !== 'classification')
      throw new FoveaError(
        'not_predicting',
        `${found.name} is a model for ${opened.task}; predictions are kept of models for detection and classification.`,
        { model: found.name, task: opened.task },
      );
    const choices = opened.task === 'detection' ? { ...(confidence !== undefined && { confidence }) } : { topK: 1000 };
    const least = confidence ?? LEAST_PROBABILITY;
    const seen =
      'exists (select from fovea.media_predicted p where p.project_id = $1 and p.model = $2 and p.media_id = m.id)';
    // Those seen since it began are not seen again, so that the pages come to an end either way.
    const missing = again ? 'true' : `not ${seen}`;
    return await overPictures(
      home,
      projectId,
      found.name,
      missing,
      options,
      async (pictures) =>
        (await opened.predict(pictures, choices)).map((result) => ({
          width: result.width,
          height: result.height,
          found: predictionsOf(result, least),
        })),
      (rows) => writePredictions(home, projectId, found.name, rows),
    );
  } finally {
    await opened.close();
  }
}

function predictionsOf(result: ModelResult, least: number): NewPrediction[] {
  if (result.task === 'detection')
    return result.detections.map(({ className, confidence, box }) => ({ className, confidence, box }));
  if (result.task !== 'classification') throw new Error(`internal: a prediction for ${result.task}`);
  return result.classes
    .filter(({ probability }) => probability >= least)
    .map(({ className, probability }) => ({ className, confidence: probability, box: null }));
}

async function writePredictions(
  home: Home,
  projectId: number,
  model: string,
  rows: readonly { picture: ProjectPicture; result: PicturePredictions }[],
): Promise<void> {
  const client = await home.pool.connect();
  let broken: unknown;
  try {
    await client.query('begin');
    // Those deleted meanwhile are passed over; the others stay until the end.
    const { rows: kept } = await client.query<{ id: string }>(
      'select id from fovea.media where id = any($1) and project_id = $2 order by id for key share',
      [rows.map(({ picture }) => picture.id), projectId],
    );
    const ids = new Set(kept.map(({ id }) => Number(id)));
    const present = rows.filter(({ picture }) => ids.has(picture.id));
    await client.query('delete from fovea.predictions where media_id = any($1) and project_id = $2 and model = $3', [
      [...ids],
      projectId,
      model,
    ]);
    const flat = present.flatMap(({ picture, result }) => {
      // A video's frame may have been shown as its thumbnail.
      const [across, down] = [picture.width / result.width, picture.height / result.height];
      return result.found.map(({ box, ...each }) => ({
        mediaId: picture.id,
        ...each,
        box: box && ([box[0] * across, box[1] * down, box[2] * across, box[3] * down] as const),
      }));
    });
    await client.query(
      `insert into fovea.predictions (media_id, project_id, model, class_name, confidence, box)
       select media_id, $1, $2, class_name, confidence,
         case when xmin is null then null else array[xmin, ymin, xmax, ymax] end
       from unnest($3::bigint[], $4::text[], $5::real[], $6::double precision[], $7::double precision[],
         $8::double precision[], $9::double precision[]) given (media_id, class_name, confidence, xmin, ymin, xmax, ymax)`,
      [
        projectId,
        model,
        flat.map(({ mediaId }) => mediaId),
        flat.map(({ className }) => className),
        flat.map(({ confidence }) => confidence),
        ...[0, 1, 2, 3].map((side) => flat.map(({ box }) => box?.[side] ?? null)),
      ],
    );
    await client.query(
      `insert into fovea.media_predicted (media_id, project_id, model) select id, $1, $2 from unnest($3::bigint[]) id
       on conflict (project_id, model, media_id) do update set predicted_at = now()`,
      [projectId, model, [...ids]],
    );
    await client.query('commit');
  } catch (error) {
    broken = error;
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release(broken instanceof Error ? broken : undefined);
  }
}
