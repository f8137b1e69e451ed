import { FoveaError } from '@fovea/annotations';
import * as routes from '@fovea/api/routes';
import { projectIdOf } from '@fovea/lake';
import { getModel, listModels, resolveModel, setAlias } from '@fovea/registry';
import { refuseForeignOption } from '@fovea/serving';
import type { Context } from 'hono';
import { sendBlob } from '../blob-answer.js';
import { presentModel } from '../present.js';
import { presentPrediction } from '../present-prediction.js';
import { listPretrained } from '../pretrained.js';
import { formFile, maxPictureBytes, mediaType, readBody, readForm } from '../request-body.js';
import type { Services } from '../services.js';
import { createRouter } from './router.js';

/** Models: versions, aliases, files, and predicting with them. */
export function modelRoutes({ home, serving }: Services) {
  return createRouter()
    .openapi(routes.listModels, async (c) => {
      const { project } = c.req.valid('query');
      if (project !== undefined) await projectIdOf(home, project);
      return c.json({ models: (await listModels(home, project)).map(presentModel) }, 200);
    })
    .openapi(routes.listPretrained, async (c) => c.json({ pretrained: await listPretrained(home.path) }, 200))
    .openapi(routes.getModel, async (c) => c.json(presentModel(await getModel(home, c.req.valid('param').name)), 200))
    .openapi(routes.setModelAlias, async (c) => {
      const { name, alias } = c.req.valid('param');
      await setAlias(home, name, alias, c.req.valid('json').version);
      return c.json(presentModel(await getModel(home, name)), 200);
    })
    .openapi(routes.getModelFile, async (c) => {
      const { name, version } = c.req.valid('param');
      const found = await resolveModel(home, `${name}@${version}`);
      c.header('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(`${name}-${version}.onnx`)}`);
      return sendBlob(c, home, found.sha256, 'application/octet-stream') as never;
    })
    .openapi(routes.predict, async (c) => {
      const { name } = c.req.valid('param');
      const { version, alias, ...asked } = c.req.valid('query');
      if (version !== undefined && alias !== undefined) {
        throw new FoveaError(
          'invalid_query',
          'The query is not right: version and alias exclude each other, give one.',
        );
      }
      const selector = version ?? alias;
      const reference = selector === undefined ? name : `${name}@${selector}`;
      // The name before the picture: a wrong name is told without reading 64 MB first.
      const { card } = await resolveModel(home, reference);
      const { iou, ...rest } = asked;
      const options = { ...rest, iouThreshold: iou };
      const say = (option: string) => (option === 'iouThreshold' ? 'iou' : option);
      refuseForeignOption({ name, task: card.task }, options, 'invalid_query', say);
      const result = await serving.predict(reference, await readPicture(c), options);
      return c.json(await presentPrediction(result), 200);
    });
}

/** What can be fine-tuned of the catalogue, and whether its file is at hand; nothing is fetched. */

/** The picture of a predict request: the body itself, or the form's `image`. */
async function readPicture(c: Context): Promise<Uint8Array> {
  const type = mediaType(c);
  if (type === 'multipart/form-data') return (await formFile(await readForm(c, maxPictureBytes), 'image')).bytes;
  if (type === '' || type === 'application/octet-stream' || type.startsWith('image/'))
    return readBody(c, maxPictureBytes);
  throw new FoveaError(
    'unsupported_media_type',
    `A picture is sent as image/*, application/octet-stream or multipart/form-data, not as ${type}; with curl: -H 'Content-Type: image/jpeg' --data-binary @picture.jpg.`,
    { contentType: type },
  );
}
