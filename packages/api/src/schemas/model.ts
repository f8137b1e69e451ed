import { z } from '@hono/zod-openapi';
import { detectionSchema, timeSchema } from './geometry.js';
import { taskSchema } from './run.js';

/** What a model version is: input, classes, figures, lineage. Rooms may add fields. */
export const modelCardSchema = z
  .looseObject({
    task: z.string(),
    classNames: z.array(z.string()),
    input: z.looseObject({ width: z.number(), height: z.number() }),
    metrics: z
      .record(z.string(), z.unknown())
      .describe(
        'As evaluated on held-out pictures: AP, AP50 and AP75, accuracy, mIoU or rank1, by task, and the rest.',
      ),
    parameters: z.number().optional().describe('Number of learnt weights.'),
    snapshotId: z.string().nullish(),
    runId: z.string().nullish(),
    seed: z.number().nullish(),
    recipe: z.unknown().optional(),
    license: z.string().nullish(),
    createdWith: z.string().optional(),
  })
  .openapi('ModelCard');

/** A model of the catalogue, made elsewhere, to start training from. */
export const pretrainedSchema = z
  .object({
    name: z.string().describe('What `from` of a run takes.'),
    task: taskSchema.describe('What it was trained for.'),
    job: z.string().describe('What it does, for people.'),
    licence: z.string(),
    sizeBytes: z.number().int(),
    available: z.boolean().describe("Whether its file is in a folder of the server's FOVEA_MODEL_PATH or in its home."),
  })
  .openapi('Pretrained');

/** One immutable version of a model. */
export const modelVersionSchema = z
  .object({
    version: z.number().int(),
    createdAt: timeSchema,
    sizeBytes: z.number().int(),
    runId: z.string().nullable(),
    card: modelCardSchema,
    aliases: z.array(z.string()),
  })
  .openapi('ModelVersion');

/** A model: its versions, newest first, and where its aliases point. */
export const modelSchema = z
  .object({
    name: z.string(),
    project: z.string().nullable(),
    versions: z.array(modelVersionSchema),
    aliases: z.record(z.string(), z.number().int()),
  })
  .openapi('Model');

/** Which version predicts, and how much is kept. */
export const predictQuerySchema = z.object({
  version: z.coerce.number<number>().int().min(1).optional(),
  alias: z.string().optional(),
  confidence: z.coerce.number<number>().min(0).max(1).optional().describe('Least confidence kept, default 0.25.'),
  iou: z.coerce
    .number<number>()
    .min(0)
    .max(1)
    .optional()
    .describe('Overlap above which the weaker box goes, default 0.6.'),
  maxDetections: z.coerce.number<number>().int().min(1).max(1000).optional().describe('Default 100.'),
});

/** What a model sees in one picture. */
export const predictionSchema = z
  .object({
    model: z.object({ name: z.string(), version: z.number().int() }),
    image: z.object({ width: z.number().int(), height: z.number().int() }),
    predictions: z.array(detectionSchema),
    timings: z
      .object({
        decodeMs: z.number().optional(),
        queueMs: z.number().optional(),
        preprocessMs: z.number(),
        inferenceMs: z.number(),
        postprocessMs: z.number(),
      })
      .describe('Milliseconds; those of inference are the whole batch the picture rode in.'),
  })
  .openapi('Prediction');
