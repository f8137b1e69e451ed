import { z } from '@hono/zod-openapi';
import { detectionSchema, sha256Schema, timeSchema, xyxySchema } from './geometry.js';
import { nameSchema } from './project.js';
import { snapshotSchema } from './snapshot.js';

/** Where a run is in its life. */
export const runStateSchema = z.enum(['queued', 'running', 'stopping', 'stopped', 'finished', 'failed']);

/** How far a run has come; durations in seconds. */
export const runProgressSchema = z
  .object({
    phase: z.enum(['preparing', 'training', 'evaluating', 'registering', 'done']),
    epoch: z.number(),
    epochs: z.number(),
    step: z.number(),
    steps: z.number(),
    loss: z.number().nullish(),
    imagesPerSecond: z.number().nullish(),
    secondsLeft: z.number().nullish(),
    metric: z.object({ name: z.string(), value: z.number().nullable() }).nullish(),
    kept: z
      .object({ pictures: z.number(), of: z.number(), bytes: z.number() })
      .nullish()
      .describe('While pictures are being decoded and kept on disk: how many are, of how many, in how many bytes.'),
  })
  .openapi('RunProgress');

/** What a model can learn to say of a picture. */
export const taskSchema = z.enum(['detection', 'classification', 'segmentation', 'embedding']);

const imageSideSchema = z.number().int().min(32).max(2048).multipleOf(32);

/** A model by name: of the catalogue, or registered, perhaps with `@version` or `@alias`. No path: requests name no files. */
const modelReferenceSchema = z
  .string()
  .max(200)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@-]*$/u, 'must be the name of a model, not a path')
  .refine((name) => !/\.onnx$/i.test(name), 'must be the name of a model, not of a file');

const patternsSchema = z.array(z.string().min(1).max(500)).max(100);

/** A request to train, without the project, which stands in the path. What is left out is chosen by task and data. */
export const newRunSchema = z
  .object({
    task: taskSchema,
    from: modelReferenceSchema.optional().describe('A pretrained model to start from; from scratch where left out.'),
    freeze: patternsSchema
      .optional()
      .describe("Patterns of the pretrained model's weights that stay as they are; `*` stands for anything."),
    cut: patternsSchema.optional().describe('Tensors at which the pretrained model is cut and a new head attached.'),
    epochs: z.number().int().min(1).max(10_000).optional(),
    seed: z.number().int().min(0).max(0x7fffffff).optional(),
    timeLimitSeconds: z.number().min(10).max(2_592_000).optional(),
    name: nameSchema.optional().describe("The model's name; the project's by default."),
    batchSize: z.number().int().min(2).max(4096).multipleOf(2).optional(),
    accumulate: z.number().int().min(1).max(1024).optional().describe('Turns into which a batch is divided.'),
    imageSize: z.object({ width: imageSideSchema, height: imageSideSchema }).optional(),
    learningRate: z.number().positive().max(10).optional(),
    optimizer: z.enum(['adamw', 'sgd', 'lion']).optional(),
    weightDecay: z.number().min(0).max(10).optional(),
    schedule: z.enum(['cosine', 'one-cycle', 'step', 'constant']).optional(),
    warmUp: z.number().min(0).lt(1).optional().describe('Part of the training in which the learning rate rises.'),
    loss: z.string().max(100).optional().describe("A loss of the task's; the answer to a wrong name lists them."),
    labelSmoothing: z.number().min(0).lt(1).optional(),
    box: z.enum(['giou', 'diou', 'ciou', 'iou']).optional().describe('Overlap that the box loss raises.'),
    teacher: modelReferenceSchema.optional().describe('A model whose answers are learnt along with the labels.'),
    augment: z
      .union([z.literal('none'), z.record(z.string(), z.unknown())])
      .optional()
      .describe("What differs from the task's usual augmentation, or `none`."),
    monitor: z.string().max(100).optional().describe('The metric that decides which weights are kept.'),
    patience: z.number().int().min(1).max(10_000).optional().describe('Evaluations without a better one to end after.'),
    device: z.string().max(50).optional(),
    cacheBytes: z
      .number()
      .int()
      .min(0)
      .optional()
      .describe('Bytes of decoded pictures kept on disk at the most, 0 for none; 50 GB where left out.'),
    allowEmptyClasses: z.boolean().optional().describe('Goes on where a class has no pictures to train on.'),
  })
  .strict()
  .openapi('NewRun');

/** One execution: what was asked, how far it came, what it made. */
export const runSchema = z
  .object({
    id: z.string(),
    project: z.string(),
    name: z.string(),
    task: z.string(),
    state: runStateSchema,
    params: z.record(z.string(), z.unknown()),
    snapshot: z
      .object({
        id: z.string(),
        name: z.string(),
        counts: snapshotSchema.shape.counts,
      })
      .nullable(),
    progress: runProgressSchema.nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    createdAt: timeSchema,
    startedAt: timeSchema.nullable(),
    finishedAt: timeSchema.nullable(),
    model: z.object({ name: z.string(), version: z.number().int() }).nullable(),
    metrics: z.record(z.string(), z.number().nullable()).describe('The latest value of each metric.'),
  })
  .openapi('Run');

/** One value of one metric; null where it was not a finite number. */
export const metricPointSchema = z
  .object({
    name: z.string(),
    step: z.number(),
    epoch: z.number().nullable(),
    value: z.number().nullable(),
    time: timeSchema,
  })
  .openapi('MetricPoint');

/** Points after `since`, and the `last` to ask on from. */
export const metricsPageSchema = z
  .object({
    points: z.array(metricPointSchema),
    last: z.number().int().describe('Pass it as `since` to get only what is new.'),
  })
  .openapi('MetricsPage');

/** A run's log, oldest line first. */
export const runLogSchema = z
  .object({ lines: z.array(z.object({ time: timeSchema, text: z.string() })) })
  .openapi('RunLog');

/** What the model of one epoch saw on pictures it never trained on, beside the truth: boxes, classes of the whole, or of its pixels. */
export const sampleSetSchema = z
  .object({
    epoch: z.number().int(),
    pictures: z.array(
      z.object({
        sha256: sha256Schema,
        name: z.string(),
        width: z.number(),
        height: z.number(),
        groundTruth: z.array(z.object({ className: z.string(), box: xyxySchema.optional() })),
        predictions: z.array(detectionSchema.extend({ box: xyxySchema.optional() })),
        labelMaps: z
          .object({
            truth: z.string().describe('An 8-bit grey PNG in base64: class indices, 255 unlabelled.'),
            predicted: z.string().describe('The same, as the model saw it.'),
            pixelAccuracy: z.number().nullable().describe('Of the labelled pixels of the whole picture.'),
          })
          .optional(),
      }),
    ),
  })
  .openapi('SampleSet');

/** The epochs that have samples, and the latest set. */
export const sampleListSchema = z
  .object({ epochs: z.array(z.number().int()), latest: sampleSetSchema.nullable() })
  .openapi('SampleList');
