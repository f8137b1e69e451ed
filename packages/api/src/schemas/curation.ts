import { z } from '@hono/zod-openapi';
import { sha256Schema, xyxySchema } from './geometry.js';

/** What videos give pictures of. */
export const samplingSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('interval'), seconds: z.number().min(0.001).max(86_400) }).strict(),
    z.object({ kind: z.literal('scenes') }).strict(),
    z.object({ kind: z.literal('all') }).strict(),
  ])
  .openapi('VideoSampling');

/** What is to be taken in. */
export const newIngestSchema = z
  .object({
    source: z
      .string()
      .min(1)
      .max(4000)
      .describe('An http(s) URL or s3:// URL; or a path on the server, below a folder named by --ingest-root.'),
    sampling: samplingSchema.optional(),
    copyFrames: z.boolean().optional(),
  })
  .strict()
  .openapi('NewIngest');

/** How a file to be taken in is called, and what becomes of it if it is a video. */
export const uploadQuerySchema = z.object({
  name: z.string().min(1).max(500).describe("The file's name: a video or an archive by its ending."),
  every: z.coerce
    .number<number>()
    .min(0.001)
    .max(86_400)
    .optional()
    .describe('Of a video, a frame each so many seconds.'),
});

/** A job that was put into the queue. */
export const startedJobSchema = z.object({ jobId: z.string() }).openapi('StartedJob');

/** A model that embeds or predicts on all of a project's pictures. */
export const projectModelSchema = z
  .object({
    model: z
      .string()
      .min(1)
      .max(300)
      .describe("`pixels`, a pretrained model's name, or name@alias of a registered one."),
    confidence: z.number().min(0).max(1).optional().describe('Of predictions.'),
  })
  .strict()
  .openapi('ProjectModel');

/** Models whose vectors a project has. */
export const embeddingsSchema = z
  .object({
    models: z.array(
      z.object({
        model: z.string(),
        dimensions: z.number().int(),
        embedded: z.number().int(),
        missing: z.number().int(),
      }),
    ),
    available: z.array(z.string()).describe('Models at hand that can embed.'),
  })
  .openapi('Embeddings');

/** What others are to be like. */
export const similarQuerySchema = z.object({
  model: z.string().min(1).max(300),
  region: z
    .string()
    .max(120)
    .optional()
    .transform((text, context) => {
      if (text === undefined) return undefined;
      const parts = text.split(',').map(Number);
      if (parts.length !== 4 || !parts.every((each) => Number.isFinite(each))) {
        context.addIssue({ code: 'custom', message: 'expected xmin,ymin,xmax,ymax in pixels' });
        return z.NEVER;
      }
      return parts as [number, number, number, number];
    }),
  count: z.coerce.number<number>().int().min(1).max(500).default(60),
});

const named = { sha256: sha256Schema, name: z.string() };

/** Pictures like another, most alike first. */
export const similarSchema = z
  .object({
    items: z.array(z.object({ ...named, width: z.number().int(), height: z.number().int(), similarity: z.number() })),
  })
  .openapi('Similar');

/** Groups of pictures that are nearly the same. */
export const nearDuplicatesSchema = z
  .object({ groups: z.array(z.array(z.object(named))), groupCount: z.number().int(), pictureCount: z.number().int() })
  .openapi('NearDuplicates');

/** A project's pictures as points of the plane, side by side in columns. */
export const mapSchema = z
  .object({
    model: z.string(),
    x: z.array(z.number()).describe('In [0, 1].'),
    y: z.array(z.number()),
    sha256s: z.array(sha256Schema),
    classIndices: z.array(z.number().int()).describe('The commonest class of each, -1 for none.'),
  })
  .openapi('EmbeddingMap');

/** Pictures unlike the others, strangest first. */
export const outliersSchema = z
  .object({ items: z.array(z.object({ ...named, score: z.number() })) })
  .openapi('Outliers');

const box = z.object({ className: z.string(), box: xyxySchema });
const foundBox = box.extend({ confidence: z.number() });

/** Labels that are likely wrong, likeliest first. */
export const mistakesSchema = z
  .object({
    items: z.array(
      z.discriminatedUnion('kind', [
        z.object({ ...named, kind: z.literal('class'), given: z.string(), likely: z.string(), score: z.number() }),
        z.object({ ...named, kind: z.literal('missing'), score: z.number(), found: foundBox }),
        z.object({ ...named, kind: z.literal('spurious'), score: z.number(), truth: box }),
        z.object({ ...named, kind: z.literal('confused'), score: z.number(), truth: box, found: foundBox }),
        z.object({ ...named, kind: z.literal('misplaced'), score: z.number(), truth: box, found: foundBox }),
      ]),
    ),
  })
  .openapi('LabelMistakes');
