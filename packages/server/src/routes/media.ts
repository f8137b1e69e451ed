import { classColor, colourLabelMap, FoveaError } from '@fovea/annotations';
import * as routes from '@fovea/api/routes';
import {
  getMedia,
  importPicture,
  listMedia,
  mediaFile,
  projectIdOf,
  readThumbnail,
  thumbnailMediaType,
} from '@fovea/lake';
import { z } from 'zod';
import { sendFile } from '../blob-answer.js';
import { invalidRequest } from '../failure.js';
import { parseSort } from '../parse-sort.js';
import { presentMedia } from '../present-lake.js';
import { formFile, maxPictureBytes, readForm } from '../request-body.js';
import type { Services } from '../services.js';
import { createRouter } from './router.js';

const uploadFields = z.object({
  name: z.string().min(1).max(1000).optional(),
  split: z.enum(['train', 'val', 'test']).optional(),
});
const uploadAnnotations = z.array(routes.newBoxAnnotationSchema).max(10_000);
const uploadClasses = z.array(z.string().trim().min(1).max(200)).max(1000);

/** Pictures of a project: pages, one, its bytes, its thumbnail, its label map, upload. */
export function mediaRoutes({ home }: Services) {
  return createRouter()
    .openapi(routes.listMedia, async (c) => {
      const { limit, cursor, offset, sort, ...query } = c.req.valid('query');
      const page = await listMedia(home, c.req.valid('param').project, {
        ...routes.toMediaFilter(query),
        limit,
        cursor,
        offset,
        sort: parseSort(sort),
      });
      return c.json({ items: page.items.map(presentMedia), nextCursor: page.nextCursor, total: page.total }, 200);
    })
    .openapi(routes.uploadMedia, async (c) => {
      const { project } = c.req.valid('param');
      // The name before the picture: a wrong name is told without reading 64 MB first.
      await projectIdOf(home, project);
      const form = await readForm(c, maxPictureBytes);
      const file = await formFile(form, 'file');
      const fields = uploadFields.safeParse({ name: textOf(form, 'name'), split: textOf(form, 'split') });
      if (!fields.success) throw invalidRequest('form', fields.error.issues);
      const imported = await importPicture(home, project, {
        bytes: file.bytes,
        name: fields.data.name ?? file.name,
        annotations: readList(
          form,
          'annotations',
          uploadAnnotations,
          '[{"className": "car", "box": [10, 20, 110, 80]}]',
        ),
        classNames: readList(form, 'classes', uploadClasses, '["ant"]'),
        labelMap: await readLabelMap(form),
        split: fields.data.split,
      });
      const answer = { sha256: imported.sha256, status: imported.status, problems: [...imported.problems] };
      return imported.status === 'imported' ? c.json(answer, 201) : c.json(answer, 200);
    })
    .openapi(routes.getMedia, async (c) => {
      const { project, sha256 } = c.req.valid('param');
      return c.json(presentMedia(await getMedia(home, project, sha256)), 200);
    })
    .openapi(routes.getMediaContent, async (c) => {
      const { project, sha256 } = c.req.valid('param');
      const item = await getMedia(home, project, sha256);
      return (await sendFile(c, sha256, `image/${item.format}`, () => mediaFile(home, item))) as never;
    })
    .openapi(routes.getMediaThumbnail, async (c) => {
      const { project, sha256 } = c.req.valid('param');
      await getMedia(home, project, sha256);
      c.header('Cache-Control', 'private, max-age=31536000, immutable');
      c.header('ETag', `"${sha256}-thumbnail"`);
      if (c.req.header('if-none-match') === `"${sha256}-thumbnail"`) return c.body(null, 304) as never;
      const thumbnail = await readThumbnail(home, sha256);
      return c.body(new Uint8Array(thumbnail), 200, { 'Content-Type': thumbnailMediaType(thumbnail) }) as never;
    })
    .openapi(routes.getMediaLabelMap, async (c) => {
      const { project, sha256 } = c.req.valid('param');
      const { labelMap, name } = await getMedia(home, project, sha256);
      if (labelMap === null) {
        throw new FoveaError('unknown_label_map', `The picture ${name} has no label map.`, { project, sha256 });
      }
      // The picture may be given another map: asked each time, answered in full only where it is another.
      const etag = `"${labelMap.sha256}-colours"`;
      c.header('Cache-Control', 'private, no-cache');
      c.header('ETag', etag);
      if (c.req.header('if-none-match') === etag) return c.body(null, 304) as never;
      const png = colourLabelMap(await home.blobs.read(labelMap.sha256), classColor);
      return c.body(new Uint8Array(png), 200, { 'Content-Type': 'image/png' }) as never;
    });
}

/** A text field of a form; undefined where it is missing. */
function textOf(form: FormData, field: string): string | undefined {
  const value = form.get(field);
  return typeof value === 'string' ? value : undefined;
}

/** A JSON list in a field of the form; undefined where the field is missing or blank. */
function readList<T>(form: FormData, field: string, schema: z.ZodType<T>, example: string): T | undefined {
  const text = textOf(form, field);
  if (text === undefined || text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FoveaError(
      'invalid_form',
      `The field "${field}" is not JSON (${(cause as Error).message}); it takes a list like ${example}.`,
      undefined,
      { cause },
    );
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw invalidRequest(
      'form',
      parsed.error.issues.map((issue) => ({ ...issue, path: [field, ...issue.path] })),
    );
  }
  return parsed.data;
}

async function readLabelMap(form: FormData): Promise<{ bytes: Uint8Array; classNames: string[] } | undefined> {
  if (form.get('labelMap') === null) return undefined;
  const { bytes } = await formFile(form, 'labelMap');
  const classNames = readList(form, 'labelMapClasses', uploadClasses, '["sky", "road"]');
  if (classNames === undefined) {
    const reason = 'A "labelMap" comes with "labelMapClasses", the class name of each of its values from 0.';
    throw new FoveaError('invalid_form', reason, { expected: 'labelMapClasses' });
  }
  return { bytes, classNames };
}
