/** Codes of errors that are about one item, and say nothing of the others. */
const OF_ONE_ITEM = new Set([
  'broken_archive',
  'fetch_failed',
  'object_archived',
  'object_changed',
  'too_large',
  'unknown_object',
  'unreadable_file',
]);

/**
 * Whether an error from an item's `open`, or from its stream, is about that item alone: it is told and left out, and the
 * next one may be well. Any other, such as `storage_unreachable`, `archive_bomb` or `disk_full`, ends the reading.
 */
export function isItemFailure(error: unknown): error is Error & { code: string; details?: Record<string, unknown> } {
  return error instanceof Error && 'code' in error && OF_ONE_ITEM.has(String(error.code));
}
