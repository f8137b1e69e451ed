import { createRoute, z } from '@hono/zod-openapi';
import {
  importedMediaSchema,
  mediaItemSchema,
  mediaPageSchema,
  mediaQuerySchema,
  newProjectSchema,
  projectSchema,
} from '../schemas/index.js';
import { answers, bytes, json, mediaParams, projectParams } from './answer.js';

// A plain schema, not zod's: the server reads the form itself, with its own limits, instead of through the validator.
const uploadBody = {
  required: true as const,
  content: {
    'multipart/form-data': {
      schema: {
        type: 'object' as const,
        required: ['file'],
        properties: {
          file: { type: 'string' as const, format: 'binary' },
          name: { type: 'string' as const },
          annotations: { type: 'string' as const, description: 'A JSON list of NewBoxAnnotation.' },
          classes: { type: 'string' as const, description: 'A JSON list of class names of the whole picture.' },
          labelMap: {
            type: 'string' as const,
            format: 'binary',
            description: "A PNG of the picture's size, one channel, grey or palette: a class for each pixel.",
          },
          labelMapClasses: {
            type: 'string' as const,
            description: 'A JSON list: the class name of each value of the label map.',
          },
          split: { type: 'string' as const, enum: ['train', 'val', 'test'] },
        },
      },
    },
  },
};

export const listProjects = createRoute({
  method: 'get',
  path: '/projects',
  operationId: 'listProjects',
  tags: ['projects'],
  summary: 'All projects, by name',
  responses: answers(z.object({ projects: z.array(projectSchema) }), 'The projects.'),
});

export const createProject = createRoute({
  method: 'post',
  path: '/projects',
  operationId: 'createProject',
  tags: ['projects'],
  summary: 'Create a project',
  request: { body: json(newProjectSchema) },
  responses: answers(projectSchema, 'The new project.', 201),
});

export const getProject = createRoute({
  method: 'get',
  path: '/projects/{project}',
  operationId: 'getProject',
  tags: ['projects'],
  summary: 'One project with its classes and counts',
  request: { params: projectParams },
  responses: answers(projectSchema, 'The project.'),
});

export const listMedia = createRoute({
  method: 'get',
  path: '/projects/{project}/media',
  operationId: 'listMedia',
  tags: ['media'],
  summary: "A page of a project's pictures",
  request: { params: projectParams, query: mediaQuerySchema },
  responses: answers(mediaPageSchema, 'The page.'),
});

export const uploadMedia = createRoute({
  method: 'post',
  path: '/projects/{project}/media',
  operationId: 'uploadMedia',
  tags: ['media'],
  summary: 'Import one picture, with its labels or without',
  description:
    'multipart/form-data: `file` (the picture), `annotations` (JSON list of NewBoxAnnotation; an empty list says the ' +
    'picture is background; absent says nothing of boxes), `classes` (JSON list of class names of the whole picture), ' +
    '`labelMap` (a PNG whose values are classes, 255 unlabelled) with `labelMapClasses` (JSON list of class names by ' +
    'value), `name` (default: the file name), `split` (where its dataset has it). The same bytes again are answered `duplicate`.',
  request: { params: projectParams, body: uploadBody },
  responses: {
    ...answers(importedMediaSchema, 'It is new.', 201),
    ...answers(importedMediaSchema, 'The project has it already.'),
  },
});

export const getMedia = createRoute({
  method: 'get',
  path: '/projects/{project}/media/{sha256}',
  operationId: 'getMedia',
  tags: ['media'],
  summary: 'One picture with its labels',
  request: { params: mediaParams },
  responses: answers(mediaItemSchema, 'The picture.'),
});

export const getMediaContent = createRoute({
  method: 'get',
  path: '/projects/{project}/media/{sha256}/content',
  operationId: 'getMediaContent',
  tags: ['media'],
  summary: "The picture's own bytes, never changing",
  request: { params: mediaParams },
  responses: bytes('image/*', 'The bytes as they were imported.'),
});

export const getMediaThumbnail = createRoute({
  method: 'get',
  path: '/projects/{project}/media/{sha256}/thumbnail',
  operationId: 'getMediaThumbnail',
  tags: ['media'],
  summary: 'A small WebP of the picture, upright, never changing',
  request: { params: mediaParams },
  responses: bytes('image/*', 'The thumbnail: JPEG, or WebP where the picture has transparency.'),
});

export const getMediaLabelMap = createRoute({
  method: 'get',
  path: '/projects/{project}/media/{sha256}/label-map',
  operationId: 'getMediaLabelMap',
  tags: ['media'],
  summary: "A class for each of the picture's pixels: a palette PNG in the classes' colours",
  description:
    'The stored value of a pixel is its class index in the project, 255 where it is unlabelled (transparent).',
  request: { params: mediaParams },
  responses: bytes('image/png', 'The label map.'),
});
