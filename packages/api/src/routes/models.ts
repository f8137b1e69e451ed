import { createRoute, z } from '@hono/zod-openapi';
import { modelSchema, predictionSchema, predictQuerySchema, pretrainedSchema } from '../schemas/index.js';
import { aliasParams, answers, bytes, json, modelParams, versionParams } from './answer.js';

const binary = { type: 'string' as const, format: 'binary' };

// Plain schemas, not zod's: the server reads the picture itself, with its own limits, instead of through the validator.
const pictureBody = {
  required: true as const,
  content: {
    'multipart/form-data': {
      schema: { type: 'object' as const, required: ['image'], properties: { image: binary } },
    },
    'image/*': { schema: binary },
    'application/octet-stream': { schema: binary },
  },
};

export const listModels = createRoute({
  method: 'get',
  path: '/models',
  operationId: 'listModels',
  tags: ['models'],
  summary: 'All models with their versions',
  request: { query: z.object({ project: z.string().optional() }) },
  responses: answers(z.object({ models: z.array(modelSchema) }), 'The models.'),
});

export const listPretrained = createRoute({
  method: 'get',
  path: '/pretrained',
  operationId: 'listPretrained',
  tags: ['models'],
  summary: 'Models of the catalogue that training can start from',
  responses: answers(z.object({ pretrained: z.array(pretrainedSchema) }), 'The models.'),
});

export const getModel = createRoute({
  method: 'get',
  path: '/models/{name}',
  operationId: 'getModel',
  tags: ['models'],
  summary: 'One model with its versions',
  request: { params: modelParams },
  responses: answers(modelSchema, 'The model.'),
});

export const setModelAlias = createRoute({
  method: 'put',
  path: '/models/{name}/aliases/{alias}',
  operationId: 'setModelAlias',
  tags: ['models'],
  summary: 'Point an alias at a version',
  request: { params: aliasParams, body: json(z.object({ version: z.number().int().min(1) }).strict()) },
  responses: answers(modelSchema, 'The model, with the alias where it now points.'),
});

export const getModelFile = createRoute({
  method: 'get',
  path: '/models/{name}/versions/{version}/file',
  operationId: 'getModelFile',
  tags: ['models'],
  summary: 'The ONNX file of a version, never changing',
  request: { params: versionParams },
  responses: bytes('application/octet-stream', 'The ONNX file.'),
});

export const predict = createRoute({
  method: 'post',
  path: '/models/{name}/predict',
  operationId: 'predict',
  tags: ['models'],
  summary: 'What a model sees in one picture: boxes, classes, the class of every pixel, or a vector',
  description:
    "The body is the picture itself (`Content-Type: image/*` or `application/octet-stream`), or multipart/form-data with the picture as `image`. Without `version` or `alias` the model's champion predicts, or its latest version. The answer's `task` says which of `predictions`, `classes`, `segmentation` and `embedding` it has.",
  request: { params: modelParams, query: predictQuerySchema, body: pictureBody },
  responses: answers(predictionSchema, 'What the model sees.'),
});
