import { FoveaError } from '@fovea/annotations';
import type * as api from '@fovea/api';
import * as routes from '@fovea/api/routes';
import { projectIdOf } from '@fovea/lake';
import { getLog, getMetrics, getRun, listRuns, readArtifact } from '@fovea/registry';
import type { Home } from '@fovea/store';
import { presentMetrics, presentRun } from '../present.js';
import { sampleEpochs, streamRunEvents } from '../run-events.js';
import type { Services } from '../services.js';
import { createRouter } from './router.js';

/** Runs: submit, watch, stop, resume; and the jobs behind them. */
export function runRoutes(services: Services) {
  const { home, closing } = services;
  return createRouter()
    .openapi(routes.createRun, async (c) => {
      const { project } = c.req.valid('param');
      await projectIdOf(home, project);
      return c.json(presentRun(await services.submitRun(project, c.req.valid('json'))), 201);
    })
    .openapi(routes.listProjectRuns, async (c) => {
      const { project } = c.req.valid('param');
      await projectIdOf(home, project);
      return c.json({ runs: (await listRuns(home, project)).map(presentRun) }, 200);
    })
    .openapi(routes.listRuns, async (c) => {
      const { project } = c.req.valid('query');
      if (project !== undefined) await projectIdOf(home, project);
      return c.json({ runs: (await listRuns(home, project)).map(presentRun) }, 200);
    })
    .openapi(routes.getRun, async (c) => c.json(presentRun(await getRun(home, c.req.valid('param').id)), 200))
    .openapi(routes.getRunMetrics, async (c) => {
      const { id } = await getRun(home, c.req.valid('param').id);
      return c.json(presentMetrics(await getMetrics(home, id, { sinceId: c.req.valid('query').since })), 200);
    })
    .openapi(routes.getRunLog, async (c) => {
      const { id } = await getRun(home, c.req.valid('param').id);
      const { lines } = await getLog(home, id);
      return c.json({ lines: lines.map(({ time, text }) => ({ time: time.toISOString(), text })) }, 200);
    })
    .openapi(routes.listRunSamples, async (c) => {
      const { id } = await getRun(home, c.req.valid('param').id);
      const epochs = await sampleEpochs(home, id);
      const latest = epochs.at(-1);
      return c.json({ epochs, latest: latest === undefined ? null : await readSamples(home, id, latest) }, 200);
    })
    .openapi(routes.getRunSamples, async (c) => {
      const { id, epoch } = c.req.valid('param');
      await getRun(home, id);
      const epochs = await sampleEpochs(home, id);
      if (!epochs.includes(epoch)) {
        throw new FoveaError(
          'unknown_epoch',
          `Run ${id} has no samples of epoch ${epoch}; ${epochs.length > 0 ? `there are those of ${epochs.join(', ')}` : 'there are none yet'}.`,
          { run: id, epoch, known: epochs },
        );
      }
      return c.json(await readSamples(home, id, epoch), 200);
    })
    .openapi(routes.followRunEvents, (c) =>
      streamRunEvents(c, home, c.req.valid('param').id, c.req.valid('query').since, closing),
    )
    .openapi(routes.stopRun, async (c) => {
      const { id } = c.req.valid('param');
      await services.stopRun(id);
      return c.json(presentRun(await getRun(home, id)), 202);
    })
    .openapi(routes.resumeRun, async (c) => {
      const run = await getRun(home, c.req.valid('param').id);
      if (run.state !== 'stopped' && run.state !== 'failed') {
        throw new FoveaError(
          run.state === 'finished' ? 'run_finished' : 'run_running',
          `Run ${run.id} is ${run.state}: only a stopped or failed run can be resumed.`,
          { run: run.id, state: run.state },
        );
      }
      return c.json(presentRun(await services.resumeRun(run.id)), 202);
    })
    .openapi(routes.listJobs, async (c) => {
      const jobs = await services.listJobs();
      return c.json({ jobs: jobs.map((job) => ({ ...job, createdAt: job.createdAt?.toISOString() ?? null })) }, 200);
    });
}

async function readSamples(home: Home, runId: string, epoch: number): Promise<api.SampleSet> {
  const { bytes } = await readArtifact(home, runId, `samples/${String(epoch).padStart(4, '0')}.json`);
  return JSON.parse(new TextDecoder().decode(bytes)) as api.SampleSet;
}
