import { createRoute, z } from '@hono/zod-openapi';
import {
  createdSnapshotSchema,
  newSnapshotSchema,
  snapshotComparisonSchema,
  snapshotDifferenceQuerySchema,
  snapshotDifferenceSchema,
  snapshotLineageSchema,
  snapshotPicturesQuerySchema,
  snapshotPicturesSchema,
  snapshotSchema,
} from '../schemas/index.js';
import { answers, bytes, json, projectParams } from './answer.js';

const snapshotParams = projectParams.extend({ snapshot: z.string().min(1).describe('Its id or its name.') });
const pairParams = snapshotParams.extend({ later: z.string().min(1).describe('Id or name of the one compared with.') });

export const listSnapshots = createRoute({
  method: 'get',
  path: '/projects/{project}/snapshots',
  operationId: 'listSnapshots',
  tags: ['snapshots'],
  summary: "A project's snapshots, newest first",
  request: { params: projectParams },
  responses: answers(z.object({ snapshots: z.array(snapshotSchema) }), 'The snapshots.'),
});

export const createSnapshot = createRoute({
  method: 'post',
  path: '/projects/{project}/snapshots',
  operationId: 'createSnapshot',
  tags: ['snapshots'],
  summary:
    'Freeze the project as it stands, or the pictures of a filter or a query; the same content gives the same snapshot',
  request: { params: projectParams, body: json(newSnapshotSchema) },
  responses: answers(createdSnapshotSchema, 'The snapshot.', 201),
});

export const getSnapshot = createRoute({
  method: 'get',
  path: '/projects/{project}/snapshots/{snapshot}',
  operationId: 'getSnapshot',
  tags: ['snapshots'],
  summary: 'One snapshot with the runs that used it and the models they made',
  request: { params: snapshotParams },
  responses: answers(snapshotLineageSchema, 'The snapshot.'),
});

export const deleteSnapshot = createRoute({
  method: 'delete',
  path: '/projects/{project}/snapshots/{snapshot}',
  operationId: 'deleteSnapshot',
  tags: ['snapshots'],
  summary: 'Delete a snapshot that no run uses; its pictures stay in the project',
  request: { params: snapshotParams },
  responses: answers(snapshotSchema, 'What it was.'),
});

export const listSnapshotPictures = createRoute({
  method: 'get',
  path: '/projects/{project}/snapshots/{snapshot}/pictures',
  operationId: 'listSnapshotPictures',
  tags: ['snapshots'],
  summary: "A page of a snapshot's pictures with their labels",
  request: { params: snapshotParams, query: snapshotPicturesQuerySchema },
  responses: answers(snapshotPicturesSchema, 'The page.'),
});

export const getSnapshotManifest = createRoute({
  method: 'get',
  path: '/projects/{project}/snapshots/{snapshot}/manifest',
  operationId: 'getSnapshotManifest',
  tags: ['snapshots'],
  summary: 'All of a snapshot as a Parquet file: a row for each picture, its objects in a list',
  request: { params: snapshotParams },
  responses: bytes('application/vnd.apache.parquet', 'The manifest.'),
});

export const compareSnapshots = createRoute({
  method: 'get',
  path: '/projects/{project}/snapshots/{snapshot}/compare/{later}',
  operationId: 'compareSnapshots',
  tags: ['snapshots'],
  summary: 'What differs from one snapshot to another, in numbers and words',
  request: { params: pairParams },
  responses: answers(snapshotComparisonSchema, 'What differs.'),
});

export const listSnapshotDifference = createRoute({
  method: 'get',
  path: '/projects/{project}/snapshots/{snapshot}/compare/{later}/pictures',
  operationId: 'listSnapshotDifference',
  tags: ['snapshots'],
  summary: 'A page of the pictures behind a number of a comparison',
  request: { params: pairParams, query: snapshotDifferenceQuerySchema },
  responses: answers(snapshotDifferenceSchema, 'The page.'),
});
