import { FoveaError } from '@fovea/annotations';
import { classes, type Home } from '@fovea/store';
import { asc, eq } from 'drizzle-orm';
import { loadMediaItems, type MediaItem } from './media.js';
import { projectIdOf } from './project.js';
import type { MediaFilter } from './query/filter.js';
import { type MediaSort, type Selection, selectMedia } from './query/selection.js';

/** A page of pictures. */
export interface MediaPage {
  readonly items: readonly MediaItem[];
  /** Give it as `cursor` for the next page; null on the last. */
  readonly nextCursor: string | null;
  /** Pictures on all pages together. */
  readonly total: number;
}

/** Which pictures, in which order, and how many at a time. */
export interface MediaQuery extends MediaFilter {
  /** 1 to 500, default 100. */
  readonly limit?: number;
  /** Where to go on: a page's `nextCursor`. */
  readonly cursor?: string | null;
  /** Or: how many to pass over. */
  readonly offset?: number;
  readonly sort?: MediaSort;
}

/**
 * A page of a project's pictures. In the order they came, a cursor names the last picture seen, so that pictures that
 * come in between neither repeat nor hide one; in other orders it is a place.
 *
 * @throws FoveaError `unknown_project`, `unknown_class` (naming the known ones), `bad_cursor`, `bad_limit`, `bad_filter`,
 *   `bad_sort`
 */
export async function listMedia(home: Home, projectName: string, query: MediaQuery = {}): Promise<MediaPage> {
  const projectId = await projectIdOf(home, projectName);
  const { limit = 100, cursor, offset, sort = { by: 'added' }, ...filter } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) {
    throw new FoveaError('bad_limit', `A page has 1 to 500 pictures, not ${limit}.`, { limit });
  }
  await checkClasses(home, projectId, filter.classNames ?? []);
  const selection = await selectMedia(home, projectId, filter, sort);
  const isByRow = sort.by === 'added' && !sort.descending;
  const from = cursor ? placeOf(cursor, selection) : (offset ?? 0);
  const ids = [...selection.ids.subarray(from, from + limit)];
  const end = from + ids.length;
  const hasMore = end < selection.ids.length;
  return {
    items: await loadMediaItems(home, projectId, ids),
    nextCursor: !hasMore ? null : isByRow ? String(ids.at(-1)) : `at-${end}`,
    total: selection.ids.length,
  };
}

/** Width by height of each picture of a whole listing, in its order: enough to lay out a wall before any of it is loaded. */
export async function listAspects(home: Home, projectName: string, query: MediaQuery = {}): Promise<Float32Array> {
  const projectId = await projectIdOf(home, projectName);
  const { limit: _, cursor: __, offset: ___, sort, ...filter } = query;
  await checkClasses(home, projectId, filter.classNames ?? []);
  return (await selectMedia(home, projectId, filter, sort)).aspects;
}

function placeOf(cursor: string, { ids }: Selection): number {
  if (/^at-\d{1,12}$/.test(cursor)) return Number(cursor.slice(3));
  if (!/^\d{1,15}$/.test(cursor)) {
    throw new FoveaError('bad_cursor', `"${cursor}" is no cursor: give the nextCursor of the page before.`, { cursor });
  }
  const last = Number(cursor);
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle]! <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A class that is not there is a slip of the pen, not a filter that matches nothing. */
async function checkClasses(home: Home, projectId: number, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const rows = await home.db.select().from(classes).where(eq(classes.projectId, projectId)).orderBy(asc(classes.index));
  const known = rows.map((row) => row.name);
  const className = names.find((name) => !known.includes(name));
  if (className === undefined) return;
  throw new FoveaError(
    'unknown_class',
    `There is no class "${className}"; ${known.length === 0 ? 'there are none yet' : `known are ${known.join(', ')}`}.`,
    { className, known },
  );
}
