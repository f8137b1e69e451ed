import type { Model, ModelVersion } from '@fovea/api';

/** The version that answers when none is asked for: the champion, else the newest. Undefined for a model without any. */
export function chosenVersion(model: Model, asked?: number): ModelVersion | undefined {
  const wanted = asked ?? model.aliases.champion;
  return (
    model.versions.find(({ version }) => version === wanted) ??
    [...model.versions].sort((a, b) => b.version - a.version)[0]
  );
}
