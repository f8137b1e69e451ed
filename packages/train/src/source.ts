import { join } from 'node:path';
import { openPretrainedSource, type PretrainedSource } from '@fovea/models';
import { resolveModel } from '@fovea/registry';
import type { Home } from '@fovea/store';
import { TrainError } from './error.js';
import type { PlannedSource } from './plan.js';
import type { TrainSettings } from './request.js';

/**
 * Finds a model by what a person calls it: a name of the catalogue of pretrained models, a model of the registry (with
 * `home`), or the path of an ONNX file.
 *
 * @returns the model, and `from`, the path of its file.
 * @throws TrainError `unknown_source`, saying what there is; FoveaError and OnnxError where the file cannot be used.
 */
async function findSource(name: string, home: Home | null): Promise<{ from: string; model: PretrainedSource }> {
  const folders = home ? [join(home.path, 'models')] : [];
  try {
    const model = await openPretrainedSource(name, { folders });
    return { from: model.path, model };
  } catch (error) {
    if ((error as { code?: string }).code !== 'unknown_pretrained') throw error;
    if (!home) throw new TrainError('unknown_source', (error as Error).message, { from: name }, { cause: error });
    const { sha256 } = await resolveModel(home, name).catch((cause: Error & { code?: string }) => {
      if (cause.code !== 'unknown_model') throw cause;
      throw new TrainError(
        'unknown_source',
        `${(error as Error).message} It is no registered model either: ${cause.message}`,
        { from: name },
        { cause },
      );
    });
    const path = await home.blobs.localPath(sha256);
    return { from: path, model: await openPretrainedSource(path) };
  }
}

/** Models a run starts from and learns from, found and at hand. */
export interface Sources {
  readonly from: PlannedSource | null;
  readonly teacherPath?: string;
}

/** The models a request names, found and opened: what cannot be used is known before training starts. */
export async function findSources(settings: TrainSettings, home: Home | null): Promise<Sources> {
  const teacher =
    settings.teacher === undefined ? {} : { teacherPath: (await findSource(settings.teacher, home)).from };
  if (settings.from === undefined) return { from: null, ...teacher };
  const { from, model } = await findSource(settings.from, home);
  const { width, height, multiple } = model.input;
  const planned: PlannedSource = {
    name: settings.from,
    from,
    freeze: settings.freeze ?? [],
    cut: settings.cut ?? null,
    input: { width, height, multiple },
  };
  return { from: planned, ...teacher };
}
