import { z } from '@hono/zod-openapi';
import { sha256Schema, timeSchema } from './geometry.js';

/** A video of a project; frames of it are pictures of the project. */
export const videoSchema = z
  .object({
    sha256: sha256Schema,
    name: z.string(),
    format: z.string().openapi({ example: 'mp4' }),
    width: z.number().int(),
    height: z.number().int(),
    sizeBytes: z.number().int(),
    durationSeconds: z.number(),
    frameCount: z.number().int(),
    frameRate: z.number().nullable().describe('Frames a second; null where it varies.'),
    sampledFrames: z.number().int().describe('Frames of it that are pictures of the project.'),
    createdAt: timeSchema,
  })
  .openapi('Video');

/** Which videos of a project's list. */
export const videoQuerySchema = z.object({
  limit: z.coerce.number<number>().int().min(1).max(500).default(100),
  offset: z.coerce.number<number>().int().min(0).max(1e9).default(0),
});

/** Some of a project's videos. */
export const videoPageSchema = z
  .object({ videos: z.array(videoSchema), total: z.number().int().describe('All videos of the project.') })
  .openapi('VideoPage');
