import type { MediaSort } from '@fovea/lake';

/** `-sharpness` as an order of pictures; undefined: as they came in. */
export function parseSort(text: string | undefined): MediaSort | undefined {
  if (text === undefined) return undefined;
  const descending = text.startsWith('-');
  return { by: (descending ? text.slice(1) : text) as MediaSort['by'], descending };
}
