import * as routes from '@fovea/api/routes';
import {
  computeProjectMap,
  findLabelMistakes,
  findNearDuplicates,
  findOutliers,
  findSimilar,
  PIXELS,
} from '@fovea/curation';
import { listEmbeddingModels, projectIdOf } from '@fovea/lake';
import { listModels } from '@fovea/registry';
import type { Home } from '@fovea/store';
import type { Context } from 'hono';
import { listPretrained } from '../pretrained.js';
import { maxPictureBytes, readBody } from '../request-body.js';
import type { Services } from '../services.js';
import { createRouter } from './router.js';

/** Taking in, and finding one's way among many pictures: similar ones, duplicates, the map, outliers, likely mistakes. */
export function curationRoutes({ home, lake, vectors, closing }: Services) {
  const signalOf = (c: Context) => AbortSignal.any([c.req.raw.signal, closing]);
  return createRouter()
    .openapi(routes.startIngest, async (c) => {
      const { project } = c.req.valid('param');
      await projectIdOf(home, project);
      return c.json({ jobId: await lake.startIngest(project, c.req.valid('json')) }, 202);
    })
    .openapi(routes.uploadIngest, async (c) => {
      const { project } = c.req.valid('param');
      const { name, every } = c.req.valid('query');
      await projectIdOf(home, project);
      const sampling = every === undefined ? undefined : ({ kind: 'interval', seconds: every } as const);
      return c.json({ jobId: await lake.startUploadedIngest(project, name, c.req.raw.body ?? none(), sampling) }, 202);
    })
    .openapi(routes.getEmbeddings, async (c) => {
      const { project } = c.req.valid('param');
      return c.json({ models: await listEmbeddingModels(home, project), available: await embeddersOf(home) }, 200);
    })
    .openapi(routes.startEmbedding, async (c) => {
      const { project } = c.req.valid('param');
      await projectIdOf(home, project);
      return c.json({ jobId: await lake.startEmbedding(project, c.req.valid('json').model) }, 202);
    })
    .openapi(routes.startPrediction, async (c) => {
      const { project } = c.req.valid('param');
      const { model, confidence } = c.req.valid('json');
      await projectIdOf(home, project);
      return c.json({ jobId: await lake.startPrediction(project, model, confidence) }, 202);
    })
    .openapi(routes.findSimilar, async (c) => {
      const { project, sha256 } = c.req.valid('param');
      const { model, region, count } = c.req.valid('query');
      const to = { sha256, ...(region && { region }) };
      const items = await findSimilar(home, vectors, project, to, { model, count, signal: signalOf(c) });
      return c.json({ items: items.map(({ mediaId: _, ...item }) => item) }, 200);
    })
    .openapi(routes.findSimilarTo, async (c) => {
      const { project } = c.req.valid('param');
      const { model, region, count } = c.req.valid('query');
      const to = { bytes: await readBody(c, maxPictureBytes), ...(region && { region }) };
      const items = await findSimilar(home, vectors, project, to, { model, count, signal: signalOf(c) });
      return c.json({ items: items.map(({ mediaId: _, ...item }) => item) }, 200);
    })
    .openapi(routes.findNearDuplicates, async (c) => {
      const { project } = c.req.valid('param');
      const { model, distance, limit } = c.req.valid('query');
      const signal = signalOf(c);
      const groups = await findNearDuplicates(
        home,
        project,
        model === undefined
          ? { by: 'hash', signal, ...(distance !== undefined && { distance }) }
          : { by: 'embedding', model, indexes: vectors, signal, ...(distance !== undefined && { distance }) },
      );
      return c.json(
        {
          groups: groups.slice(0, limit).map(({ media }) => media.map(({ sha256, name }) => ({ sha256, name }))),
          groupCount: groups.length,
          pictureCount: groups.reduce((sum, { media }) => sum + media.length, 0),
        },
        200,
      );
    })
    .openapi(routes.getMap, async (c) => {
      const { project } = c.req.valid('param');
      const { model } = c.req.valid('query');
      const id = await projectIdOf(home, project);
      const { mediaIds, points } = await computeProjectMap(home, project, { model, signal: signalOf(c) });
      const { sha256s, classIndices } = await describePoints(home, id, mediaIds);
      const axis = (offset: 0 | 1) => Array.from(mediaIds, (_, at) => Math.round(points[2 * at + offset]! * 1e5) / 1e5);
      return c.json({ model, x: axis(0), y: axis(1), sha256s, classIndices }, 200);
    })
    .openapi(routes.findOutliers, async (c) => {
      const { project } = c.req.valid('param');
      const { model, count } = c.req.valid('query');
      const items = await findOutliers(home, vectors, project, { model, count, signal: signalOf(c) });
      return c.json({ items: items.map(({ mediaId: _, ...item }) => item) }, 200);
    })
    .openapi(routes.findMistakes, async (c) => {
      const { project } = c.req.valid('param');
      const { of, model, count } = c.req.valid('query');
      const asked = { model, count, signal: signalOf(c) };
      const items = await findLabelMistakes(
        home,
        project,
        of === 'classes' ? { of, indexes: vectors, ...asked } : { of, ...asked },
      );
      return c.json({ items: items.map(({ mediaId: _, ...item }) => item) } as never, 200);
    })
    .openapi(routes.cancelJob, async (c) => {
      const { id } = c.req.valid('param');
      await lake.cancelJob(id);
      return c.json({ id }, 202);
    });
}

async function* none(): AsyncGenerator<Uint8Array> {}

/** Models at hand that can embed: the descriptor that needs none, pretrained ones whose files are here, registered ones. */
async function embeddersOf(home: Home): Promise<string[]> {
  const pretrained = (await listPretrained(home.path)).filter(({ available }) => available).map(({ name }) => name);
  const registered = (await listModels(home)).flatMap(({ name, versions }) => {
    const latest = versions.at(-1);
    return latest && ['embedding', 'classification'].includes(latest.card.task) ? [name] : [];
  });
  return [...pretrained, ...registered, PIXELS];
}

/** The pictures of a map's points: what to show of them, and the class each has most of. */
async function describePoints(
  home: Home,
  projectId: number,
  mediaIds: Float64Array,
): Promise<{ sha256s: string[]; classIndices: number[] }> {
  const { rows } = await home.pool.query<{ sha256: string; class_index: number | null }>(
    `select m.sha256, coalesce(
         (select c.class_index from fovea.media_classes c where c.media_id = m.id order by c.class_index limit 1),
         (select a.class_index from fovea.annotations a where a.media_id = m.id group by 1 order by count(*) desc, 1 limit 1)
       ) as class_index
     from unnest($2::bigint[]) with ordinality as t (id, at) join fovea.media m on m.id = t.id and m.project_id = $1 order by at`,
    [projectId, [...mediaIds]],
  );
  return { sha256s: rows.map(({ sha256 }) => sha256), classIndices: rows.map((row) => row.class_index ?? -1) };
}
