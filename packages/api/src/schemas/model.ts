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

/** Which version predicts, and how much is kept; what belongs to another task than the model's is refused. */
export const predictQuerySchema = z.object({
  version: z.coerce.number<number>().int().min(1).optional(),
  alias: z.string().optional(),
  confidence: z.coerce
    .number<number>()
    .min(0)
    .max(1)
    .optional()
    .describe('Of detectors: least confidence kept, default 0.25.'),
  iou: z.coerce
    .number<number>()
    .min(0)
    .max(1)
    .optional()
    .describe('Of detectors: overlap above which the weaker box goes, default 0.6.'),
  maxDetections: z.coerce.number<number>().int().min(1).max(1000).optional().describe('Of detectors: default 100.'),
  topK: z.coerce
    .number<number>()
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('Of classifiers: how many of the likeliest classes, default 5.'),
});

/** A class a picture may be of, with its probability from 0 to 1. */
export const classConfidenceSchema = z
  .object({
    className: z.string(),
    classIndex: z.number().int(),
    confidence: z.number().min(0).max(1).describe('Those of all classes add up to 1.'),
  })
  .openapi('ClassConfidence');

/** The class of every pixel of a picture. */
export const segmentationSchema = z
  .object({
    labelMap: z
      .string()
      .describe(
        'A PNG of the size of the picture, in base64: one channel of 8 bits, whose value is the class index; 255 is none.',
      ),
    classes: z
      .array(
        z.object({
          className: z.string(),
          classIndex: z.number().int().describe('Its value in the label map.'),
          share: z.number().min(0).max(1).describe("Part of the picture's pixels."),
        }),
      )
      .describe('All classes of the model, in the order of their indices.'),
  })
  .openapi('Segmentation');

const answered = {
  model: z.object({ name: z.string(), version: z.number().int() }),
  image: z.object({ width: z.number().int(), height: z.number().int() }).describe('The size of the upright picture.'),
  timings: z
    .object({
      decodeMs: z.number().optional(),
      queueMs: z.number().optional(),
      preprocessMs: z.number(),
      inferenceMs: z.number(),
      postprocessMs: z.number(),
    })
    .describe('Milliseconds; those of inference are the whole batch the picture rode in.'),
};

/** What a model sees in one picture, by its task. */
export const predictionSchema = z
  .discriminatedUnion('task', [
    z
      .object({ ...answered, task: z.literal('detection'), predictions: z.array(detectionSchema) })
      .openapi('DetectionPrediction'),
    z
      .object({
        ...answered,
        task: z.literal('classification'),
        classes: z.array(classConfidenceSchema).describe('The likeliest, best first.'),
      })
      .openapi('ClassificationPrediction'),
    z
      .object({ ...answered, task: z.literal('segmentation'), segmentation: segmentationSchema })
      .openapi('SegmentationPrediction'),
    z
      .object({
        ...answered,
        task: z.literal('embedding'),
        dimensions: z.number().int(),
        embedding: z.array(z.number()).describe('Of length 1: the inner product of two is their cosine similarity.'),
      })
      .openapi('EmbeddingPrediction'),
  ])
  .openapi('Prediction');
