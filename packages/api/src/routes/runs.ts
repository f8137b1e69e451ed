import { createRoute, z } from '@hono/zod-openapi';
import {
  jobSchema,
  metricsPageSchema,
  newRunSchema,
  runLogSchema,
  runSchema,
  sampleListSchema,
  sampleSetSchema,
} from '../schemas/index.js';
import { answers, failure, json, projectParams, runParams } from './answer.js';

const runList = z.object({ runs: z.array(runSchema) });

export const createRun = createRoute({
  method: 'post',
  path: '/projects/{project}/runs',
  operationId: 'createRun',
  tags: ['runs'],
  summary: 'Train: freezes a snapshot and puts a run in the queue, or takes up a stopped run of the same request',
  request: { params: projectParams, body: json(newRunSchema) },
  responses: answers(runSchema, 'The run, queued.', 201),
});

export const listProjectRuns = createRoute({
  method: 'get',
  path: '/projects/{project}/runs',
  operationId: 'listProjectRuns',
  tags: ['runs'],
  summary: "A project's runs, newest first",
  request: { params: projectParams },
  responses: answers(runList, 'The runs.'),
});

export const listRuns = createRoute({
  method: 'get',
  path: '/runs',
  operationId: 'listRuns',
  tags: ['runs'],
  summary: 'All runs, newest first',
  request: { query: z.object({ project: z.string().optional() }) },
  responses: answers(runList, 'The runs.'),
});

export const getRun = createRoute({
  method: 'get',
  path: '/runs/{id}',
  operationId: 'getRun',
  tags: ['runs'],
  summary: 'One run',
  request: { params: runParams },
  responses: answers(runSchema, 'The run.'),
});

export const getRunMetrics = createRoute({
  method: 'get',
  path: '/runs/{id}/metrics',
  operationId: 'getRunMetrics',
  tags: ['runs'],
  summary: "A run's metrics, all or those after `since`",
  request: { params: runParams, query: z.object({ since: z.coerce.number<number>().int().min(0).optional() }) },
  responses: answers(metricsPageSchema, 'The points.'),
});

export const getRunLog = createRoute({
  method: 'get',
  path: '/runs/{id}/log',
  operationId: 'getRunLog',
  tags: ['runs'],
  summary: "A run's log",
  request: { params: runParams },
  responses: answers(runLogSchema, 'The lines.'),
});

export const listRunSamples = createRoute({
  method: 'get',
  path: '/runs/{id}/samples',
  operationId: 'listRunSamples',
  tags: ['runs'],
  summary: 'Epochs with sample predictions, and the latest set',
  request: { params: runParams },
  responses: answers(sampleListSchema, 'The epochs and the latest set.'),
});

export const getRunSamples = createRoute({
  method: 'get',
  path: '/runs/{id}/samples/{epoch}',
  operationId: 'getRunSamples',
  tags: ['runs'],
  summary: 'Sample predictions of one epoch',
  request: { params: runParams.extend({ epoch: z.coerce.number<number>().int().min(0) }) },
  responses: answers(sampleSetSchema, 'The set.'),
});

export const followRunEvents = createRoute({
  method: 'get',
  path: '/runs/{id}/events',
  operationId: 'followRunEvents',
  tags: ['runs'],
  summary: 'Server-sent events: `state` (Run), `progress` (RunProgress), `metrics` (MetricsPage), `samples` ({epochs})',
  request: { params: runParams, query: z.object({ since: z.coerce.number<number>().int().min(0).optional() }) },
  responses: {
    200: { description: 'The events.', content: { 'text/event-stream': { schema: z.string() } } },
    default: failure,
  },
});

export const stopRun = createRoute({
  method: 'post',
  path: '/runs/{id}/stop',
  operationId: 'stopRun',
  tags: ['runs'],
  summary: 'Stop a run at its next step, with a checkpoint to resume from',
  request: { params: runParams },
  responses: answers(runSchema, 'The run, stopping or stopped.', 202),
});

export const resumeRun = createRoute({
  method: 'post',
  path: '/runs/{id}/resume',
  operationId: 'resumeRun',
  tags: ['runs'],
  summary: 'Put a stopped or failed run back in the queue',
  request: { params: runParams },
  responses: answers(runSchema, 'The run, queued.', 202),
});

export const listJobs = createRoute({
  method: 'get',
  path: '/jobs',
  operationId: 'listJobs',
  tags: ['jobs'],
  summary: 'Long work, waiting, active and done',
  responses: answers(z.object({ jobs: z.array(jobSchema) }), 'The jobs.'),
});
