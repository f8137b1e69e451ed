import { StoreError } from '@fovea/store';

/** An error of the registry: a {@link StoreError} with codes of its own (`unknown_run`, `unknown_model`, …). */
export class RegistryError extends StoreError {}

/** `a, b and 3 more`, or `there are none yet`: what a sentence about an unknown name goes on with. */
export function listKnown(names: readonly string[], limit = 20): string {
  if (names.length === 0) return 'there are none yet';
  const shown = names.slice(0, limit).join(', ');
  return names.length > limit ? `known are ${shown} and ${names.length - limit} more` : `known are ${shown}`;
}
