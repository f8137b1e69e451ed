import type { DuckDBConnection } from '@duckdb/node-api';
import { LABEL_STATES, type RangeField } from '@fovea/annotations';
import type { Home } from '@fovea/store';
import { withMirror } from '../mirror/mirrors.js';
import {
  CAMERA,
  type CompiledFilter,
  compileFilter,
  type MediaFilter,
  rangeColumns,
  stateConditions,
} from './filter.js';
import { remember } from './remember.js';
import { asksEmbeddings, withFilterSql } from './sql.js';

/** A value that pictures can be filtered by, and how many would be left. */
export interface FacetValue {
  readonly value: string;
  readonly count: number;
}

/** A number that pictures can be filtered by: how it is spread, in bins of equal width from `min` to `max`. */
export interface FacetRange {
  readonly min: number;
  readonly max: number;
  readonly counts: readonly number[];
}

/** What a filter bar shows: how many pictures the filter leaves, and what each further value would leave. */
export interface Facets {
  readonly total: number;
  readonly values: Readonly<Record<ValueFacet, readonly FacetValue[]>>;
  /** Null where no picture has the number. */
  readonly ranges: Readonly<Record<ShownRange, FacetRange | null>>;
  /** First and last moment by the cameras' clocks. */
  readonly taken: { readonly min: string; readonly max: string } | null;
  readonly added: { readonly min: string; readonly max: string } | null;
  /** How many have a position. */
  readonly placed: number;
}

type ValueFacet =
  | 'classNames'
  | 'predictedClassNames'
  | 'models'
  | 'states'
  | 'reviewed'
  | 'tags'
  | 'splits'
  | 'formats'
  | 'kinds'
  | 'cameras';

const SHOWN_RANGES = ['annotations', 'megapixels', 'brightness', 'contrast', 'sharpness', 'confidence'] as const;
type ShownRange = (typeof SHOWN_RANGES)[number];

/** What facets are counted over. */
const CHOSEN_COLUMNS = `id, labelled, boxed, reviewed, split, format, kind, camera_make, camera_model, width, height, annotation_count,
  prediction_count, max_confidence, brightness, contrast, sharpness, taken_at, added_at, latitude`;

const MAX_VALUES = 50;
const BINS = 24;

/** Facets that are a column of the pictures: all that share a filter are counted in one pass. */
const columnFacets = {
  reviewed: `case when m.reviewed then 'true' else 'false' end`,
  splits: `coalesce(m.split, '')`,
  formats: 'm.format',
  kinds: 'm.kind',
  cameras: CAMERA,
} as const;

/** Facets that lie in tables beside: SQL that gives `value` and `count` of the pictures `chosen`. */
const joinedFacets = {
  classNames: `select c.name as value, n.count from (
      select class_index, count(*) as count from (
        select distinct a.class_index, a.media_id from mirror.annotations a semi join chosen on chosen.id = a.media_id
      ) group by 1
    ) n join mirror.classes c on c.index = n.class_index`,
  predictedClassNames: `select p.class_name as value, count(distinct p.media_id) as count from mirror.predictions p
    join chosen on chosen.id = p.media_id group by 1`,
  models: `select p.model as value, count(*) as count from mirror.predicted p join chosen on chosen.id = p.media_id group by 1`,
  tags: `select t.tag as value, count(*) as count from mirror.tags t join chosen on chosen.id = t.media_id group by 1`,
} as const;

/** The counts beside a filter's values. @throws FoveaError `bad_filter` */
export async function countFacets(home: Home, projectId: number, filter: MediaFilter = {}): Promise<Facets> {
  return withMirror(home, projectId, (mirror) =>
    mirror.read(
      (duck) =>
        remember(mirror, 'facets', filter, () => withFilterSql(duck, filter, () => computeFacets(duck, filter))),
      { embeddings: asksEmbeddings(filter.sql) },
    ),
  );
}

async function computeFacets(duck: DuckDBConnection, filter: MediaFilter): Promise<Facets> {
  // Pictures that several facets see are chosen once.
  const tables = new Map<string, Promise<string>>();
  const choose = async (name: string, { where, values }: CompiledFilter): Promise<string> => {
    await duck.run(
      `create or replace temp table ${name} as select ${CHOSEN_COLUMNS} from mirror.media m where ${where}`,
      values as never,
    );
    return name;
  };
  const ask = async (without: Part | undefined, sql: string) => {
    const compiled = compileFilter(filter, without);
    const key = JSON.stringify(compiled);
    const chosen = tables.get(key) ?? choose(`chosen_${tables.size}`, compiled);
    tables.set(key, chosen);
    return (await duck.runAndReadAll(`with chosen as (from ${await chosen}) ${sql}`)).getRows();
  };
  const values = {} as Record<ValueFacet, FacetValue[]>;
  const ranges = {} as Record<ShownRange, FacetRange | null>;

  const parts: Part[] = [...(Object.keys(columnFacets) as ColumnFacet[]), 'states', ...SHOWN_RANGES];
  for (const { without, members } of grouped(filter, parts)) {
    const facets = members.filter((part): part is ColumnFacet => part in columnFacets);
    if (facets.length > 0) Object.assign(values, await countColumns(facets, (sql) => ask(without, sql)));
    const shown = members.filter((part): part is ShownRange => SHOWN_RANGES.includes(part as ShownRange));
    if (shown.length > 0) Object.assign(ranges, await countBins(shown, (sql) => ask(without, sql)));
    if (members.includes('states')) values.states = await countStates((sql) => ask(without, sql));
  }
  for (const [facet, sql] of Object.entries(joinedFacets) as [keyof typeof joinedFacets, string][]) {
    const rows = await ask(
      facet,
      `select * from (${sql}) where count > 0 order by count desc, value limit ${MAX_VALUES}`,
    );
    values[facet] = rows.map(([value, count]) => ({ value: String(value), count: Number(count) }));
  }
  const [summary] = await ask(undefined, 'select count(*), count(latitude) from chosen');
  const [taken] = await ask('taken', 'select min(taken_at)::varchar, max(taken_at)::varchar from chosen');
  const [added] = await ask('added', 'select min(added_at)::varchar, max(added_at)::varchar from chosen');
  const span = ([min, max]: readonly unknown[]) =>
    min === null ? null : { min: String(min).replace(' ', 'T'), max: String(max).replace(' ', 'T') };
  return {
    total: Number(summary![0]),
    placed: Number(summary![1]),
    values,
    ranges,
    taken: span(taken!),
    added: span(added!),
  };
}

type ColumnFacet = keyof typeof columnFacets;
type Part = keyof MediaFilter | RangeField;
type Ask = (sql: string) => Promise<unknown[][]>;

/** Facets that the filter says nothing of see the same pictures; each other one sees those without its own part. */
function grouped(filter: MediaFilter, parts: readonly Part[]): { without: Part | undefined; members: Part[] }[] {
  const isSet = (part: Part) => {
    const value = filter[part as keyof MediaFilter] ?? filter.ranges?.[part as RangeField];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  };
  const common = parts.filter((part) => !isSet(part));
  return [
    { without: undefined, members: common },
    ...parts.filter(isSet).map((part) => ({ without: part, members: [part] })),
  ];
}

async function countColumns(
  facets: readonly ColumnFacet[],
  ask: Ask,
): Promise<Partial<Record<ColumnFacet, FacetValue[]>>> {
  const columns = facets.map((facet) => `${columnFacets[facet]} as ${facet}`).join(', ');
  const rows = await ask(
    `, named as (select ${columns} from chosen m)
     select ${facets.join(', ')}, grouping_id(${facets.join(', ')})::integer, count(*) as count from named
     group by grouping sets (${facets.map((facet) => `(${facet})`).join(', ')}) order by count desc`,
  );
  const found: Partial<Record<ColumnFacet, FacetValue[]>> = {};
  facets.forEach((facet, at) => {
    // A bit for each column that is not grouped by, the first the highest.
    const id = 2 ** facets.length - 1 - 2 ** (facets.length - 1 - at);
    found[facet] = rows
      .filter((row) => Number(row[facets.length]) === id)
      .map((row) => ({ value: String(row[at]), count: Number(row[facets.length + 1]) }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .slice(0, MAX_VALUES);
  });
  return found;
}

async function countStates(ask: Ask): Promise<FacetValue[]> {
  const counts = LABEL_STATES.map((state) => `count(*) filter (where ${stateConditions[state]})`).join(', ');
  const [row] = await ask(`select ${counts} from chosen m`);
  return LABEL_STATES.map((value, at) => ({ value, count: Number(row![at]) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}

async function countBins(
  fields: readonly ShownRange[],
  ask: Ask,
): Promise<Partial<Record<ShownRange, FacetRange | null>>> {
  const numbers = `, numbers as (select ${fields.map((field) => `(${rangeColumns[field]})::double as ${field}`).join(', ')} from chosen m)`;
  const [ends] = await ask(
    `${numbers} select ${fields.map((field) => `min(${field}), max(${field})`).join(', ')} from numbers`,
  );
  const known = fields.flatMap((field, at) => {
    const [min, max] = [ends![2 * at], ends![2 * at + 1]];
    return min === null || min === undefined ? [] : [{ field, min: Number(min), max: Number(max) }];
  });
  const found: Partial<Record<ShownRange, FacetRange | null>> = Object.fromEntries(
    fields.map((field) => [field, null]),
  );
  if (known.length === 0) return found;
  // All alike: there is no width to divide.
  const bin = ({ field, min, max }: (typeof known)[number]) =>
    max === min
      ? `case when ${field} is not null then 0 end as ${field}`
      : `least(${BINS - 1}, floor((${field} - (${min})) / ${(max - min) / BINS}))::integer as ${field}`;
  const names = known.map(({ field }) => field);
  const rows = await ask(
    `${numbers}, binned as (select ${known.map(bin).join(', ')} from numbers)
     select ${names.join(', ')}, grouping_id(${names.join(', ')})::integer, count(*) from binned
     group by grouping sets (${names.map((name) => `(${name})`).join(', ')})`,
  );
  known.forEach(({ field, min, max }, at) => {
    const id = 2 ** names.length - 1 - 2 ** (names.length - 1 - at);
    const counts = Array.from({ length: BINS }, () => 0);
    for (const row of rows) {
      if (Number(row[names.length]) === id && row[at] !== null)
        counts[Number(row[at])]! += Number(row[names.length + 1]);
    }
    found[field] = { min, max, counts };
  });
  return found;
}
