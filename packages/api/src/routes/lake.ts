import { createRoute, z } from '@hono/zod-openapi';
import {
  actionReportSchema,
  facetsSchema,
  lakeExportSchema,
  lakeQuerySchema,
  mediaActionSchema,
  mediaFactsSchema,
  mediaFilterSchema,
  mediaListingSchema,
  queryResultSchema,
  statisticsSchema,
} from '../schemas/index.js';
import { answers, bytes, json, mediaParams, projectParams } from './answer.js';

export const getMediaFacts = createRoute({
  method: 'get',
  path: '/projects/{project}/media/{sha256}/facts',
  operationId: 'getMediaFacts',
  tags: ['media'],
  summary: 'Everything known of one picture besides its labels',
  request: { params: mediaParams },
  responses: answers(mediaFactsSchema, 'What is known.'),
});

export const getMediaLayout = createRoute({
  method: 'get',
  path: '/projects/{project}/media-layout',
  operationId: 'getMediaLayout',
  tags: ['media'],
  summary: 'Width by height of every picture of a listing, to lay out a wall before its pictures are loaded',
  request: { params: projectParams, query: mediaListingSchema },
  responses: bytes(
    'application/octet-stream',
    'A float32, little-endian, for each picture in the order of the listing.',
  ),
});

export const getFacets = createRoute({
  method: 'get',
  path: '/projects/{project}/facets',
  operationId: 'getFacets',
  tags: ['lake'],
  summary: 'How many pictures a filter leaves, and what each further value would leave',
  request: { params: projectParams, query: mediaFilterSchema },
  responses: answers(facetsSchema, 'The counts.'),
});

export const getStatistics = createRoute({
  method: 'get',
  path: '/projects/{project}/statistics',
  operationId: 'getStatistics',
  tags: ['lake'],
  summary: 'What the pictures that a filter chooses are like, as plots show it',
  request: { params: projectParams, query: mediaFilterSchema },
  responses: answers(statisticsSchema, 'The statistics.'),
});

export const changeMedia = createRoute({
  method: 'post',
  path: '/projects/{project}/actions',
  operationId: 'changeMedia',
  tags: ['media'],
  summary: 'Tag, review, split or remove all pictures that a filter chooses',
  request: { params: projectParams, body: json(mediaActionSchema) },
  responses: answers(actionReportSchema, 'What it did.'),
});

export const undoAction = createRoute({
  method: 'post',
  path: '/projects/{project}/actions/{action}/undo',
  operationId: 'undoAction',
  tags: ['media'],
  summary: 'Take back what an action did',
  request: { params: projectParams.extend({ action: z.coerce.number<number>().int().min(1) }) },
  responses: answers(z.object({ changed: z.number().int() }), 'How many pictures it changed.'),
});

export const queryLake = createRoute({
  method: 'post',
  path: '/projects/{project}/query',
  operationId: 'queryLake',
  tags: ['lake'],
  summary:
    'Answer one SELECT over the tables media, annotations, predictions, predicted, embeddings, tags, classes, videos',
  request: { params: projectParams, body: json(lakeQuerySchema) },
  responses: answers(queryResultSchema, 'The first rows.'),
});

export const exportLake = createRoute({
  method: 'post',
  path: '/projects/{project}/query/export',
  operationId: 'exportLake',
  tags: ['lake'],
  summary: 'All rows of one SELECT, or all pictures of a filter, as a file',
  request: { params: projectParams, body: json(lakeExportSchema) },
  responses: bytes('application/octet-stream', 'Parquet, CSV or JSON lines.'),
});

export const exportDataset = createRoute({
  method: 'get',
  path: '/projects/{project}/export',
  operationId: 'exportDataset',
  tags: ['lake'],
  summary: 'A snapshot, or the project as it stands, as a data set of some format, in a TAR',
  request: {
    params: projectParams,
    query: z.object({
      format: z.string().min(1).max(50).describe('coco, yolo, voc, …: an unknown one is answered with the known.'),
      snapshot: z.string().min(1).max(200).optional().describe('By name or id.'),
    }),
  },
  responses: bytes('application/x-tar', 'The archive.'),
});
