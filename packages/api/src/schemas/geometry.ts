import { z } from '@hono/zod-openapi';

/** A box as `[xmin, ymin, xmax, ymax]`, pixels from the top-left corner of the oriented picture. */
export const xyxySchema = z
  .tuple([z.number(), z.number(), z.number(), z.number()])
  .describe('[xmin, ymin, xmax, ymax], pixels from the top-left corner');

/** SHA-256 of a medium's bytes, lower-case hex. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');

/** Moments travel as ISO 8601 in UTC. */
export const timeSchema = z.string().describe('ISO 8601, UTC');

const outline = z.array(z.number()).min(6).max(200_000);

/** An object's shape beyond its box, in pixels; see ObjectShape of annotations. */
const shapeFields = {
  polygons: z.array(outline).max(10_000).optional().describe('Outlines of its parts: x0, y0, x1, y1, …'),
  holes: z.array(outline).max(10_000).optional().describe('Outlines cut out of them.'),
  mask: z
    .object({
      size: z.tuple([z.number().int(), z.number().int()]).describe('[height, width]'),
      counts: z.union([z.string(), z.array(z.number().int())]),
    })
    .optional()
    .describe("COCO's run lengths."),
  rotatedBox: z
    .object({ center: z.tuple([z.number(), z.number()]), width: z.number(), height: z.number(), angle: z.number() })
    .optional()
    .describe('Radians, clockwise as seen.'),
  keypoints: z.array(z.number()).max(3000).optional().describe('x, y, v for each: v 0 not labelled, 1 hidden, 2 seen.'),
  trackId: z.string().max(200).optional(),
};

/** A box someone or something drew on a picture, without confidence: it is held to be true. */
export const boxAnnotationSchema = z
  .object({
    className: z.string(),
    classIndex: z.number().int().describe("Position in the project's class list."),
    box: xyxySchema,
    isCrowd: z.boolean().optional(),
    ...shapeFields,
    attributes: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi('BoxAnnotation');

/** A box as it is sent in: the class by name alone; its index is the project's business. */
export const newBoxAnnotationSchema = z
  .object({
    className: z.string().min(1).max(200),
    box: xyxySchema,
    isCrowd: z.boolean().optional(),
    ...shapeFields,
    attributes: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi('NewBoxAnnotation');

/** A box a model found, with its confidence from 0 to 1. */
export const detectionSchema = z
  .object({
    className: z.string(),
    classIndex: z.number().int(),
    box: xyxySchema,
    confidence: z.number().min(0).max(1),
  })
  .openapi('Detection');
