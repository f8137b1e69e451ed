import { createRoute } from '@hono/zod-openapi';
import { videoPageSchema, videoQuerySchema, videoSchema } from '../schemas/index.js';
import { answers, bytes, mediaParams, projectParams } from './answer.js';

export const listVideos = createRoute({
  method: 'get',
  path: '/projects/{project}/videos',
  operationId: 'listVideos',
  tags: ['videos'],
  summary: "A page of a project's videos, in the order they came",
  request: { params: projectParams, query: videoQuerySchema },
  responses: answers(videoPageSchema, 'The page.'),
});

export const getVideo = createRoute({
  method: 'get',
  path: '/projects/{project}/videos/{sha256}',
  operationId: 'getVideo',
  tags: ['videos'],
  summary: 'One video',
  request: { params: mediaParams },
  responses: answers(videoSchema, 'The video.'),
});

export const getVideoContent = createRoute({
  method: 'get',
  path: '/projects/{project}/videos/{sha256}/content',
  operationId: 'getVideoContent',
  tags: ['videos'],
  summary: "The video's own bytes, whole or a range of them, never changing",
  description: 'Takes a `Range` of bytes, as browsers ask for to play from any place; one range at a time.',
  request: { params: mediaParams },
  responses: {
    ...bytes('video/*', 'The bytes as they were ingested.'),
    206: { description: 'The range of bytes that was asked for.' },
  },
});
