import { z } from '@hono/zod-openapi';
import { sha256Schema, timeSchema } from './geometry.js';

/** Names of projects, models and runs; which characters they may have is said by the room that stores them. */
export const nameSchema = z.string().trim().min(1).max(100);

/** One class of a project, with its colour everywhere and the numbers of its labels. */
export const projectClassSchema = z
  .object({
    index: z.number().int(),
    name: z.string(),
    color: z.string().describe('#rrggbb'),
    count: z.number().int().describe('Boxes of it.'),
    pictures: z.number().int().describe('Pictures that are of it as a whole.'),
    labelMaps: z.number().int().describe('Label maps with pixels of it.'),
  })
  .openapi('ProjectClass');

/** A project with what it holds, counted. */
export const projectSchema = z
  .object({
    name: z.string(),
    description: z.string(),
    createdAt: timeSchema,
    counts: z.object({
      media: z.number().int(),
      annotations: z.number().int().describe('Boxes.'),
      classified: z.number().int().describe('Pictures with classes as a whole.'),
      labelMaps: z.number().int().describe('Pictures with a label map.'),
      classes: z.number().int(),
      runs: z.number().int(),
      models: z.number().int(),
    }),
    classes: z.array(projectClassSchema),
    cover: z.array(sha256Schema).max(4).describe('Up to four pictures that show what the project is about.'),
  })
  .openapi('Project');

/** What creates a project. */
export const newProjectSchema = z
  .object({ name: nameSchema, description: z.string().max(2000).optional() })
  .strict()
  .openapi('NewProject');
