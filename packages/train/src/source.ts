import { existsSync } from 'node:fs';
import { resolveModel } from '@fovea/registry';
import type { Home } from '@fovea/store';
import { TrainError } from './error.js';
import { findPretrained, pretrainedNames } from './pending.js';
import type { PlannedSource } from './plan.js';
import type { TrainSettings } from './request.js';

/** Whether a name is meant as a path. */
const looksLikePath = (name: string) => name.endsWith('.onnx') || /[\\/]/.test(name);

/**
 * Finds a model by what a person calls it: a name of the catalogue of pretrained models, a model of the registry (with
 * `home`), or the path of an ONNX file.
 *
 * @throws TrainError `unknown_source`, saying what there is.
 */
export async function findSource(
  name: string,
  home: Home | null,
): Promise<{ path: string; size?: { width: number; height: number } }> {
  if (looksLikePath(name)) {
    if (existsSync(name)) return { path: name };
    throw new TrainError('unknown_source', `There is no file "${name}" to start from.`, { from: name });
  }
  const pretrained = await findPretrained(name);
  if (pretrained) return pretrained;
  if (home) {
    try {
      const { path } = await resolveModel(home, name);
      return { path };
    } catch (error) {
      if ((error as { code?: string }).code !== 'unknown_model') throw error;
    }
  }
  throw new TrainError(
    'unknown_source',
    `"${name}" is no registered model, no pretrained one (${pretrainedNames.join(', ')}) and no ONNX file.`,
    { from: name },
  );
}

/** The source of a request, found. */
export async function plannedSource(settings: TrainSettings, home: Home | null): Promise<PlannedSource | null> {
  if (settings.from === undefined) return null;
  return {
    name: settings.from,
    ...(await findSource(settings.from, home)),
    freeze: settings.freeze ?? [],
    cut: settings.cut ?? null,
  };
}
