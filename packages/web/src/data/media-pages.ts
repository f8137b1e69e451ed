import type { MediaItem } from '@fovea/api';

/** Pictures fetched at once. */
export const pageSize = 100;
/** Pages kept in memory: with 100 pictures a page, some megabytes. */
const keptPages = 80;
/** Longest span that {@link MediaPages.load} fetches. */
export const longestLoad = 10_000;

/** Fetches pictures `offset` to `offset + limit` of a listing. */
export type FetchPage = (offset: number, limit: number, signal: AbortSignal) => Promise<readonly MediaItem[]>;

/** The pictures of a listing by their place in it, of which only those near what is looked at are in memory. */
export interface MediaPages {
  /** The picture at a place, if it is here. */
  get(index: number): MediaItem | undefined;
  /** Says what is in view: it is fetched, a page around it too, and what is under way for elsewhere is cancelled. */
  want(from: number, to: number): void;
  /** Pictures `from` to `to`, fetched where they are not here; at most {@link longestLoad}. */
  load(from: number, to: number, signal?: AbortSignal): Promise<MediaItem[]>;
  /** Where a picture is, if it is here. */
  find(sha256: string): number | undefined;
  /** What went wrong with the last page that failed; undefined once one came. */
  failure(): unknown;
  /** Changes whenever a page comes or fails. */
  version(): number;
  subscribe(listener: () => void): () => void;
}

interface Page {
  items?: readonly MediaItem[];
  abort?: AbortController;
}

/** Pages of a listing of `count` pictures; `first` are those at `firstAt`, which must be where a page begins. */
export function createMediaPages(
  count: number,
  fetchPage: FetchPage,
  first: readonly MediaItem[] = [],
  firstAt = 0,
): MediaPages {
  // In the order of their last use: the first is the one to forget.
  const pages = new Map<number, Page>();
  const places = new Map<string, number>();
  const listeners = new Set<() => void>();
  let version = 0;
  let failed: unknown;

  const tell = () => {
    version++;
    for (const listener of listeners) listener();
  };
  const keep = (number: number, items: readonly MediaItem[]) => {
    pages.delete(number);
    pages.set(number, { items });
    items.forEach(({ sha256 }, at) => {
      places.set(sha256, number * pageSize + at);
    });
    for (const [oldest, page] of pages) {
      if (pages.size <= keptPages) break;
      if (!page.items) continue;
      for (const { sha256 } of page.items) places.delete(sha256);
      pages.delete(oldest);
    }
  };
  for (let at = 0; at < first.length; at += pageSize) {
    keep((firstAt + at) / pageSize, first.slice(at, at + pageSize));
  }

  const fetchInto = async (number: number) => {
    const abort = new AbortController();
    pages.set(number, { abort });
    try {
      const items = await fetchPage(number * pageSize, pageSize, abort.signal);
      if (abort.signal.aborted) return;
      keep(number, items);
      failed = undefined;
    } catch (error) {
      if (abort.signal.aborted) return;
      pages.delete(number);
      failed = error;
    }
    tell();
  };

  return {
    get(index) {
      return pages.get(Math.floor(index / pageSize))?.items?.[index % pageSize];
    },
    want(from, to) {
      const last = Math.floor(Math.max(0, count - 1) / pageSize);
      const [near, far] = [Math.floor(from / pageSize), Math.floor(to / pageSize)];
      const [low, high] = [Math.max(0, near - 1), Math.min(last, far + 1)];
      for (const [number, page] of pages) {
        if (page.abort && (number < low || number > high)) {
          page.abort.abort();
          pages.delete(number);
        }
      }
      // What is in view first, then around it.
      const order = [];
      for (let number = near; number <= Math.min(far, last); number++) order.push(number);
      if (high > far) order.push(high);
      if (low < near) order.push(low);
      for (const number of order) {
        const page = pages.get(number);
        if (!page) void fetchInto(number);
        else if (page.items) {
          pages.delete(number);
          pages.set(number, page);
        }
      }
    },
    async load(from, to, signal = new AbortController().signal) {
      const items: MediaItem[] = [];
      const end = Math.min(to, count, from + longestLoad);
      for (let at = from; at < end; ) {
        const here = this.get(at);
        if (here) {
          items.push(here);
          at++;
          continue;
        }
        const some = await fetchPage(at, Math.min(500, end - at), signal);
        if (some.length === 0) break;
        items.push(...some);
        at += some.length;
      }
      return items;
    },
    find: (sha256) => places.get(sha256),
    failure: () => failed,
    version: () => version,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
