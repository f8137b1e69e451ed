import { RANGE_FIELDS, SORT_FIELDS } from '@fovea/annotations';
import type { MediaFilter, MediaFilterQuery } from '@fovea/api';

/** One value, or several of which one must hold. */
export type Texts = string | readonly string[];

/** Filters that choose among values. An empty text stands for pictures that have none. */
export const textNames = [
  'class',
  'predicted',
  'model',
  'state',
  'tag',
  'withoutTag',
  'split',
  'format',
  'kind',
  'camera',
  'video',
  'sha256',
] as const satisfies readonly (keyof MediaFilterQuery)[];

/** Filters that bound a number: `0.2..0.8`, `5..`, `..5`. */
export const rangeNames = RANGE_FIELDS;

/** Orders a wall can have; with a hyphen before it, the other way round. */
export const sortNames = SORT_FIELDS;

export type TextName = (typeof textNames)[number];
export type RangeName = (typeof rangeNames)[number];
export type SortName = (typeof sortNames)[number];

/** Which pictures, as the address has it: the API's own names and forms, save `q`, the name looked for. */
export type FilterSearch = { [K in TextName]?: Texts } & { [K in RangeName]?: string } & {
  q?: string;
  reviewed?: boolean;
  taken?: string;
  added?: string;
  /** south,west,north,east in degrees. */
  place?: string;
  /** A SELECT that gives `sha256`: only pictures among its rows. */
  sql?: string;
};

/** Which pictures, in which order. */
export type ListingSearch = FilterSearch & { sort?: string };

const filterNames: readonly (keyof FilterSearch)[] = [
  ...textNames,
  ...rangeNames,
  'q',
  'reviewed',
  'taken',
  'added',
  'place',
  'sql',
];

/** The filter in an address; what is not a filter, or makes no sense as one, is left out. */
export function readFilter(search: Record<string, unknown>): FilterSearch {
  const filter: FilterSearch = {};
  for (const name of textNames) {
    const texts = (Array.isArray(search[name]) ? search[name] : [search[name]]).flatMap((value: unknown) =>
      typeof value === 'string' || typeof value === 'number' ? [String(value)] : [],
    );
    if (texts.length > 0) filter[name] = texts.length === 1 ? texts[0] : [...new Set(texts)];
  }
  for (const name of [...rangeNames, 'q', 'taken', 'added', 'place', 'sql'] as const) {
    const value = search[name];
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') filter[name] = String(value);
  }
  if (typeof search.reviewed === 'boolean') filter.reviewed = search.reviewed;
  // The name this filter had before there were more states than two.
  if (typeof search.labelled === 'boolean') filter.state = search.labelled ? 'labelled' : 'unlabelled';
  return filter;
}

/** The filter and the order in an address. */
export function readListing(search: Record<string, unknown>): ListingSearch {
  const sort = typeof search.sort === 'string' ? search.sort : '';
  const isKnown = (sortNames as readonly string[]).includes(sort.replace(/^-/, ''));
  return { ...readFilter(search), ...(isKnown && sort !== 'added' && { sort }) };
}

/** Just the filter among an address's values. */
export function pickFilter(search: FilterSearch): FilterSearch {
  return Object.fromEntries(filterNames.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]]])));
}

/** Just the filter and the order. */
export function pickListing(search: ListingSearch): ListingSearch {
  return { ...pickFilter(search), ...(search.sort !== undefined && { sort: search.sort }) };
}

/** Nothing filtered: what to put over an address to show all pictures. */
export const noFilter: FilterSearch = Object.fromEntries(filterNames.map((name) => [name, undefined]));

/** Whether anything is filtered. */
export function isFiltered(search: FilterSearch): boolean {
  return filterNames.some((name) => search[name] !== undefined);
}

/** The values of a filter, none where it is not set. */
export function listOf(value: Texts | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

/** Values as the address has them: one as a text, none as nothing. */
export function textsOf(values: readonly string[]): Texts | undefined {
  return values.length <= 1 ? values[0] : values;
}

/** A filter with a value in it, or without where it was. */
export function toggleText(search: FilterSearch, name: TextName, value: string): FilterSearch {
  const values = listOf(search[name]);
  return {
    [name]: textsOf(values.includes(value) ? values.filter((each) => each !== value) : [...values, value]),
  };
}

/** The two ends of a range, each perhaps open; null where the text is no range. */
export function readRange(text: string | undefined): { min?: number; max?: number } | null {
  if (text === undefined) return null;
  const [low = '', high = low] = text.split('..');
  const [min, max] = [low, high].map((part) => (part.trim() === '' ? undefined : Number(part)));
  if ([min, max].some((each) => each !== undefined && !Number.isFinite(each))) return null;
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

/** A range as the address has it; undefined where both ends are open. */
export function printRange(min: number | undefined, max: number | undefined): string | undefined {
  const print = (value: number | undefined) => (value === undefined ? '' : String(Number(value.toPrecision(6))));
  return min === undefined && max === undefined ? undefined : `${print(min)}..${print(max)}`;
}

/** The address's filter as the API's client takes it. */
export function toMediaFilter({ sort, ...search }: ListingSearch): MediaFilter {
  return { ...toFilterQuery(search), ...(sort !== undefined && { sort }) } as MediaFilter;
}

/** The address's filter as it stands in the body of a request. */
export function toFilterQuery(search: FilterSearch): MediaFilterQuery {
  const { q, reviewed, ...rest } = pickFilter(search);
  return {
    ...(rest as MediaFilterQuery),
    ...(q !== undefined && { search: q }),
    ...(reviewed !== undefined && { reviewed: reviewed ? ('true' as const) : ('false' as const) }),
  };
}
