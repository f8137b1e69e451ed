import { createRoute, z } from '@hono/zod-openapi';
import {
  embeddingsSchema,
  mapSchema,
  mistakesSchema,
  nearDuplicatesSchema,
  newIngestSchema,
  outliersSchema,
  projectModelSchema,
  similarQuerySchema,
  similarSchema,
  startedJobSchema,
  uploadQuerySchema,
} from '../schemas/index.js';
import { answers, json, mediaParams, projectParams } from './answer.js';

const ofModel = z.object({ model: z.string().min(1).max(300) });
const fileBody = {
  required: true as const,
  content: { 'application/octet-stream': { schema: { type: 'string' as const, format: 'binary' } } },
};

export const startIngest = createRoute({
  method: 'post',
  path: '/projects/{project}/ingest',
  operationId: 'startIngest',
  tags: ['lake'],
  summary: 'Take pictures and videos in from a URL, S3, or a path on the server, as a job',
  request: { params: projectParams, body: json(newIngestSchema) },
  responses: answers(startedJobSchema, 'The job.', 202),
});

export const uploadIngest = createRoute({
  method: 'post',
  path: '/projects/{project}/ingest/upload',
  operationId: 'uploadIngest',
  tags: ['lake'],
  summary: 'Send a video or an archive, to be taken in as a job',
  description: 'The body is the file itself. It is on disk when this answers.',
  request: { params: projectParams, query: uploadQuerySchema, body: fileBody },
  responses: answers(startedJobSchema, 'The job.', 202),
});

export const getEmbeddings = createRoute({
  method: 'get',
  path: '/projects/{project}/embeddings',
  operationId: 'getEmbeddings',
  tags: ['curation'],
  summary: 'Of which models the pictures have vectors, and which models are at hand',
  request: { params: projectParams },
  responses: answers(embeddingsSchema, 'The models.'),
});

export const startEmbedding = createRoute({
  method: 'post',
  path: '/projects/{project}/embeddings',
  operationId: 'startEmbedding',
  tags: ['curation'],
  summary: 'Compute the vectors that are missing, as a job',
  request: { params: projectParams, body: json(projectModelSchema) },
  responses: answers(startedJobSchema, 'The job.', 202),
});

export const startPrediction = createRoute({
  method: 'post',
  path: '/projects/{project}/predictions',
  operationId: 'startPrediction',
  tags: ['curation'],
  summary: "Have a model predict on all of a project's pictures, as a job",
  request: { params: projectParams, body: json(projectModelSchema) },
  responses: answers(startedJobSchema, 'The job.', 202),
});

export const findSimilar = createRoute({
  method: 'get',
  path: '/projects/{project}/media/{sha256}/similar',
  operationId: 'findSimilar',
  tags: ['curation'],
  summary: 'Pictures like this one, or like a region of it',
  request: { params: mediaParams, query: similarQuerySchema },
  responses: answers(similarSchema, 'The pictures.'),
});

export const findSimilarTo = createRoute({
  method: 'post',
  path: '/projects/{project}/similar',
  operationId: 'findSimilarTo',
  tags: ['curation'],
  summary: 'Pictures like the one in the body',
  request: { params: projectParams, query: similarQuerySchema, body: fileBody },
  responses: answers(similarSchema, 'The pictures.'),
});

export const findNearDuplicates = createRoute({
  method: 'get',
  path: '/projects/{project}/near-duplicates',
  operationId: 'findNearDuplicates',
  tags: ['curation'],
  summary: 'Groups of pictures that are nearly the same, by perceptual hash or by the vectors of a model',
  request: {
    params: projectParams,
    query: z.object({
      model: z.string().max(300).optional(),
      distance: z.coerce.number<number>().min(0).max(15).optional(),
      limit: z.coerce.number<number>().int().min(1).max(1000).default(200).describe('Most groups told.'),
    }),
  },
  responses: answers(nearDuplicatesSchema, 'The groups, largest first.'),
});

export const getMap = createRoute({
  method: 'get',
  path: '/projects/{project}/map',
  operationId: 'getMap',
  tags: ['curation'],
  summary: "A project's pictures as points of the plane; those alike lie near each other",
  request: { params: projectParams, query: ofModel },
  responses: answers(mapSchema, 'The map.'),
});

export const findOutliers = createRoute({
  method: 'get',
  path: '/projects/{project}/outliers',
  operationId: 'findOutliers',
  tags: ['curation'],
  summary: 'Pictures unlike the others',
  request: {
    params: projectParams,
    query: ofModel.extend({ count: z.coerce.number<number>().int().min(1).max(1000).default(100) }),
  },
  responses: answers(outliersSchema, 'The pictures.'),
});

export const findMistakes = createRoute({
  method: 'get',
  path: '/projects/{project}/mistakes',
  operationId: 'findMistakes',
  tags: ['curation'],
  summary: 'Labels that are likely wrong: classes by their neighbours or by predictions, boxes by predictions',
  request: {
    params: projectParams,
    query: ofModel.extend({
      of: z.enum(['classes', 'predicted-classes', 'boxes']),
      count: z.coerce.number<number>().int().min(1).max(1000).default(200),
    }),
  },
  responses: answers(mistakesSchema, 'The labels.'),
});

export const cancelJob = createRoute({
  method: 'post',
  path: '/jobs/{id}/cancel',
  operationId: 'cancelJob',
  tags: ['jobs'],
  summary: 'Take a waiting job out of the queue, or stop a running one',
  request: { params: z.object({ id: z.string().min(1).max(300) }) },
  responses: answers(z.object({ id: z.string() }), 'It is asked to stop.', 202),
});
