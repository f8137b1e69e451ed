import { type Detection, FoveaError } from '@fovea/annotations';
import type { Model } from '@fovea/api';
import { resolveModel } from '@fovea/registry';
import { createServing, type PredictOptions, type ServedPrediction } from '@fovea/serving';
import { type CommonOptions, remoteOf, type Session, withHome } from './session.js';

/** Boxes of one picture with its upright size in pixels. */
export interface Predicted {
  readonly width: number;
  readonly height: number;
  readonly detections: readonly Detection[];
}

/** What a model of any task says of a picture. */
export type Answer = Pick<ServedPrediction, 'width' | 'height' | 'classes' | 'segmentation' | 'embedding'>;

/** A model that predicts, in this process or on a server. */
export interface Predictor {
  readonly model: { readonly name: string; readonly version: number };
  /** `detection`, `classification`, `segmentation` or `embedding`. */
  readonly task: string;
  readonly classNames: readonly string[];
  /** Everything it says, for every task; in this process only. */
  answer?(image: Uint8Array): Promise<Answer>;
  predict(image: Uint8Array, options: PredictOptions): Promise<Predicted>;
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
          answer: (image) =>
            serving.predict(`${model.name}@${model.version}`, image, { topK: model.card.classNames.length }),
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
    predict: async (image, { confidence, iouThreshold, maxDetections }) => {
      const answer = await client.predict(
        name,
        new Blob([new Uint8Array(image)]),
        { version: found.version, confidence, iou: iouThreshold, maxDetections },
        { signal: session.signal },
      );
      return { ...answer.image, detections: answer.predictions };
    },
  });
}

function unknownVersion(name: string, selector: string, model: Model): FoveaError {
  const known = [...Object.keys(model.aliases), ...model.versions.map((version) => String(version.version))];
  return new FoveaError('unknown_version', `The model "${name}" has no "${selector}"; known are ${known.join(', ')}.`, {
    model: name,
    known,
  });
}
