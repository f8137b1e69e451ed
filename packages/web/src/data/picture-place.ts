import type { MediaItem } from '@fovea/api';
import { queryOptions } from '@tanstack/react-query';
import { api } from './api.js';
import { isFiltered, type ListingSearch, toMediaFilter } from './filter-search.js';

/** Where a picture stands in a listing, and its neighbours there. */
export interface PicturePlace {
  /** From 0. */
  readonly at: number;
  readonly total: number;
  readonly item: MediaItem;
  readonly previous: MediaItem | undefined;
  readonly next: MediaItem | undefined;
}

/**
 * A picture's place in a listing: where the address says, or, of all pictures in the order they came, where the database
 * says. Null where it cannot be told: the listing has changed, or the link names none.
 */
export const placeQuery = (project: string, listing: ListingSearch, at: number | undefined, sha256: string) =>
  queryOptions({
    queryKey: ['media', project, 'place', listing, at ?? null, sha256],
    queryFn: async ({ signal }): Promise<PicturePlace | null> => {
      const lookAt = async (place: number) => {
        const offset = Math.max(0, place - 1);
        const page = await api.listMedia(project, { ...toMediaFilter(listing), offset, limit: 3 }, { signal });
        const items = page.items as MediaItem[];
        const index = items.findIndex((item) => item.sha256 === sha256);
        if (index < 0) return null;
        const [previous, next] = [items[index - 1], items[index + 1]];
        return { at: offset + index, total: page.total, item: items[index]!, previous, next };
      };
      const found = at === undefined ? null : await lookAt(at);
      if (found || isFiltered(listing) || listing.sort !== undefined || !/^[0-9a-f]{64}$/.test(sha256)) return found;
      const sql = `select count(*) from media where id < (select id from media where sha256 = '${sha256}')`;
      const { rows } = await api.queryLake(project, { sql }, { signal });
      return lookAt(Number(rows[0]?.[0] ?? 0));
    },
    staleTime: 30_000,
    // While the next picture is on its way, the arrows stay where they are.
    placeholderData: (before) => before,
  });
