import { FoveaError, type Xyxy } from '@fovea/annotations';
import { projectIdOf, type VectorIndexes } from '@fovea/lake';
import type { Home } from '@fovea/store';
import { type BoxMistake, findBoxMistakes, type PictureBoxes } from './box-mistakes.js';
import { computeNeighbourProbabilities, findClassMistakes } from './class-mistakes.js';
import { computeNeighbourGraph, type LongWork } from './neighbour-graph.js';
import { withNames } from './outliers.js';

/** A likely mistake in the labels of a project, with its picture. */
export type LabelMistake = { readonly mediaId: number; readonly sha256: string; readonly name: string } & (
  | {
      readonly kind: 'class';
      readonly given: string;
      readonly likely: string;
      readonly score: number;
      readonly isConfident: boolean;
    }
  | BoxMistake
);

/** Options of {@link findLabelMistakes}: which labels, and what speaks against them. */
export type LabelMistakeOptions = LongWork & { /** Most told, default 200. */ readonly count?: number } & (
    | {
        /** Classes of pictures, against those of the pictures most like them. */
        readonly of: 'classes';
        readonly indexes: VectorIndexes;
        /** Whose vectors. */
        readonly model: string;
        /** Neighbours that vote, default 15. */
        readonly neighbours?: number;
      }
    | {
        /** Classes of pictures, against a classifier's stored predictions; one that was not trained on them, or it agrees. */
        readonly of: 'predicted-classes';
        readonly model: string;
      }
    | {
        /** Boxes, against a detector's stored predictions. */
        readonly of: 'boxes';
        readonly model: string;
        /** See `findBoxMistakes`. */
        readonly confidence?: number;
      }
  );

/**
 * Labels of a project that are likely wrong, likeliest first. Classes: pictures with exactly one are looked at. Boxes:
 * pictures that were labelled with boxes and that the model has seen are.
 *
 * @throws FoveaError `unknown_project`; `no_predictions` where the model has not predicted on the project; as
 *   `computeNeighbourGraph`
 */
export async function findLabelMistakes(
  home: Home,
  project: string,
  options: LabelMistakeOptions,
): Promise<LabelMistake[]> {
  const projectId = await projectIdOf(home, project);
  const { count = 200 } = options;
  switch (options.of) {
    case 'classes': {
      const { indexes, model, neighbours = 15 } = options;
      const graph = await computeNeighbourGraph(home, indexes, projectId, model, neighbours, options);
      const given = await readClasses(home, projectId);
      const labels = Int32Array.from(graph.mediaIds, (id) => given.classOf.get(id) ?? -1);
      const probabilities = computeNeighbourProbabilities(graph, labels, given.names.length);
      return tellClasses(home, graph.mediaIds, labels, probabilities, given.names, count);
    }
    case 'predicted-classes': {
      await requirePredictions(home, projectId, options.model);
      const given = await readClasses(home, projectId);
      const ids = Float64Array.from(given.classOf.keys());
      const labels = Int32Array.from(given.classOf.values());
      const probabilities = await readProbabilities(home, projectId, options.model, ids, given.names);
      return tellClasses(home, ids, labels, probabilities, given.names, count);
    }
    case 'boxes': {
      await requirePredictions(home, projectId, options.model);
      const { ids, pictures } = await readBoxes(home, projectId, options.model);
      const mistakes = findBoxMistakes(
        pictures,
        options.confidence === undefined ? {} : { confidence: options.confidence },
      );
      const ranked = mistakes.slice(0, count).map(({ at, ...mistake }) => ({ mediaId: ids[at]!, ...mistake }));
      return withNames(home, ranked);
    }
  }
}

async function tellClasses(
  home: Home,
  ids: Float64Array,
  labels: Int32Array,
  probabilities: Float64Array,
  names: readonly string[],
  count: number,
): Promise<LabelMistake[]> {
  const mistakes = findClassMistakes(labels, probabilities, names.length).slice(0, count);
  return withNames(
    home,
    mistakes.map(({ at, given, likely, score, isConfident }) => ({
      mediaId: ids[at]!,
      kind: 'class' as const,
      given: names[given]!,
      likely: names[likely]!,
      score,
      isConfident,
    })),
  );
}

/** The class of each picture that has exactly one, by number in `names`: the project's classes of pictures. */
async function readClasses(home: Home, projectId: number): Promise<{ names: string[]; classOf: Map<number, number> }> {
  const { rows } = await home.pool.query<{ id: string; name: string }>(
    `select c.media_id as id, min(k.name) as name from fovea.media_classes c
     join fovea.media m on m.id = c.media_id and m.removed_at is null
     join fovea.classes k on k.project_id = c.project_id and k.index = c.class_index
     where c.project_id = $1 group by c.media_id having count(*) = 1 order by c.media_id`,
    [projectId],
  );
  const names = [...new Set(rows.map(({ name }) => name))].sort();
  const numbers = new Map(names.map((name, at) => [name, at]));
  return { names, classOf: new Map(rows.map(({ id, name }) => [Number(id), numbers.get(name)!])) };
}

async function requirePredictions(home: Home, projectId: number, model: string): Promise<void> {
  const { rows } = await home.pool.query<{ model: string }>(
    'select distinct model from fovea.media_predicted where project_id = $1 order by 1',
    [projectId],
  );
  const known = rows.map((row) => row.model);
  if (known.includes(model)) return;
  throw new FoveaError(
    'no_predictions',
    `${model} has not predicted on this project; ${known.length > 0 ? `${known.join(', ')} did` : 'no model did yet'}.`,
    { model, known },
  );
}

async function readProbabilities(
  home: Home,
  projectId: number,
  model: string,
  ids: Float64Array,
  names: readonly string[],
): Promise<Float64Array> {
  const { rows } = await home.pool.query<{ id: string; name: string; confidence: number }>(
    `select media_id as id, class_name as name, confidence from fovea.predictions
     where project_id = $1 and model = $2 and box is null`,
    [projectId, model],
  );
  const positions = new Map(Array.from(ids, (id, at) => [id, at]));
  const numbers = new Map(names.map((name, at) => [name, at]));
  const probabilities = new Float64Array(ids.length * names.length);
  for (const { id, name, confidence } of rows) {
    const [at, number] = [positions.get(Number(id)), numbers.get(name)];
    if (at !== undefined && number !== undefined) probabilities[at * names.length + number] = confidence;
  }
  return probabilities;
}

async function readBoxes(
  home: Home,
  projectId: number,
  model: string,
): Promise<{ ids: number[]; pictures: PictureBoxes[] }> {
  const seen = `from fovea.media m join fovea.media_predicted p on p.media_id = m.id and p.project_id = $1 and p.model = $2
    where m.project_id = $1 and m.removed_at is null and coalesce(m.boxed, m.labelled)`;
  const [media, truths, finds] = await Promise.all([
    home.pool.query<{ id: string }>(`select m.id ${seen} order by m.id`, [projectId, model]),
    home.pool.query<{ id: string; className: string; box: Xyxy; isCrowd: boolean }>(
      `select a.media_id as id, k.name as "className", a.box, a.is_crowd as "isCrowd" from fovea.annotations a
       join fovea.classes k on k.project_id = a.project_id and k.index = a.class_index
       where a.media_id in (select m.id ${seen}) order by a.id`,
      [projectId, model],
    ),
    home.pool.query<{ id: string; className: string; box: Xyxy; confidence: number }>(
      `select media_id as id, class_name as "className", box, confidence from fovea.predictions
       where project_id = $1 and model = $2 and box is not null order by id`,
      [projectId, model],
    ),
  ]);
  const byId = new Map(
    media.rows.map(({ id }) => [
      id,
      { truth: [] as PictureBoxes['truth'][number][], found: [] as PictureBoxes['found'][number][] },
    ]),
  );
  for (const { id, ...truth } of truths.rows) byId.get(id)?.truth.push(truth);
  for (const { id, ...found } of finds.rows) byId.get(id)?.found.push(found);
  return { ids: [...byId.keys()].map(Number), pictures: [...byId.values()] };
}
