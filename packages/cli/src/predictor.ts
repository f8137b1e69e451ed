import { FoveaError } from '@fovea/annotations';
import type { Model, Prediction } from '@fovea/api';
import { decodeLabelMap } from '@fovea/formats';
import { resolveModel } from '@fovea/registry';
import { createServing, type PredictOptions, type ServedPrediction } from '@fovea/serving';
import { type CommonOptions, remoteOf, type Session, withHome } from './session.js';

/** What a model of any task says of a picture. */
export type Answer = Pick<
  ServedPrediction,
  'width' | 'height' | 'detections' | 'classes' | 'segmentation' | 'embedding'
>;

/** A model that predicts, in this process or on a server: what it answers is the same. */
export interface Predictor {
  readonly model: { readonly name: string; readonly version: number };
  /** `detection`, `classification`, `segmentation` or `embedding`. */
  readonly task: string;
  readonly classNames: readonly string[];
  predict(image: Uint8Array, options: PredictOptions): Promise<Answer>;
}

/** Runs `use` with a model's predictor, and closes what it opened. @throws FoveaError or ApiError `unknown_model` */
export async function withPredictor<R>(
  reference: string,
  options: CommonOptions,
  session: Session,
  use: (predictor: Predictor) => Promise<R>,
): Promise<R> {
  const client = remoteOf(options);
  if (!client) {
    return withHome(options, session, async (home) => {
      const model = await resolveModel(home, reference);
      const serving = createServing(home);
      try {
        return await use({
          model: { name: model.name, version: model.version },
          task: model.card.task,
          classNames: model.card.classNames,
          predict: (image, predictOptions) => serving.predict(`${model.name}@${model.version}`, image, predictOptions),
        });
      } finally {
        await serving.close();
      }
    });
  }
  const at = reference.lastIndexOf('@');
  const name = at < 0 ? reference : reference.slice(0, at);
  const selector = at < 0 ? undefined : reference.slice(at + 1);
  const model = await client.getModel(name);
  const version =
    selector === undefined
      ? (model.aliases.champion ?? model.versions[0]?.version)
      : /^\d+$/.test(selector)
        ? Number(selector)
        : model.aliases[selector];
  const found = model.versions.find((each) => each.version === version);
  if (!found) throw unknownVersion(name, selector ?? '', model);
  return use({
    model: { name, version: found.version },
    task: found.card.task,
    classNames: found.card.classNames,
    predict: async (image, { iouThreshold, ...options }) =>
      answerOf(
        await client.predict(
          name,
          new Blob([new Uint8Array(image)]),
          { version: found.version, iou: iouThreshold, ...options },
          { signal: session.signal },
        ),
      ),
  });
}

/** A server's answer as one of this process. */
async function answerOf(prediction: Prediction): Promise<Answer> {
  const base = { ...prediction.image, detections: [] };
  switch (prediction.task) {
    case 'detection':
      return { ...base, detections: prediction.predictions };
    case 'classification':
      return {
        ...base,
        classes: prediction.classes.map(({ confidence, ...of }) => ({ ...of, probability: confidence })),
      };
    case 'segmentation': {
      const { labelMap, classes } = prediction.segmentation;
      const { data } = await decodeLabelMap(Buffer.from(labelMap, 'base64'));
      const classNames = classes.map(({ className }) => className);
      return { ...base, segmentation: { labelMap: data, classNames, shares: classes.map(({ share }) => share) } };
    }
    case 'embedding':
      return { ...base, embedding: Float32Array.from(prediction.embedding) };
  }
}

function unknownVersion(name: string, selector: string, model: Model): FoveaError {
  const known = [...Object.keys(model.aliases), ...model.versions.map((version) => String(version.version))];
  return new FoveaError('unknown_version', `The model "${name}" has no "${selector}"; known are ${known.join(', ')}.`, {
    model: name,
    known,
  });
}
