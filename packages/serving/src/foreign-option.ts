import { FoveaError } from '@fovea/annotations';
import type { Task } from '@fovea/models';
import type { PredictOptions } from './serving.js';

/** What can be asked of a prediction, by the task it means something to. */
const optionsOf: Readonly<Record<Task, readonly (keyof PredictOptions)[]>> = {
  detection: ['confidence', 'iouThreshold', 'maxDetections'],
  classification: ['topK'],
  segmentation: [],
  embedding: [],
};

/**
 * Refuses an option that means nothing to a model's task, instead of passing over it in silence.
 *
 * @param say what an option is called where it can be asked for
 * @throws FoveaError of the given code
 */
export function refuseForeignOption(
  model: { readonly name: string; readonly task: string },
  options: PredictOptions,
  code: string,
  say: (option: keyof PredictOptions) => string | undefined,
): void {
  const own = optionsOf[model.task as Task] ?? [];
  const asked = (Object.keys(options) as (keyof PredictOptions)[]).filter((option) => options[option] !== undefined);
  const foreign = asked.find((option) => !own.includes(option));
  if (foreign === undefined) return;
  const owner = Object.entries(optionsOf).find(([, all]) => all.includes(foreign))?.[0];
  const known = own.flatMap((option) => say(option) ?? []);
  const takes = known.length > 0 ? `takes ${known.join(', ')}` : 'takes none such';
  throw new FoveaError(
    code,
    `"${say(foreign)}" is for ${owner}; ${model.name} is a model for ${model.task}, which ${takes}.`,
    { option: say(foreign), task: model.task, known },
  );
}
