import type { DuckDBConnection } from '@duckdb/node-api';
import type { Home } from '@fovea/store';
import { withMirror } from '../mirror/mirrors.js';
import { CAMERA, compileFilter, LABEL_STATES, type MediaFilter, type RangeField, rangeColumn } from './filter.js';
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

const MAX_VALUES = 50;
const BINS = 24;

/** For each facet its values, as SQL that gives `value` and `count` of the pictures `chosen`, a table of ids. */
const valueQueries: Readonly<Record<ValueFacet, string>> = {
  classNames: `select c.name as value, count(distinct a.media_id) as count from mirror.annotations a
    join mirror.classes c on c.index = a.class_index join chosen on chosen.id = a.media_id group by 1`,
  predictedClassNames: `select p.class_name as value, count(distinct p.media_id) as count from mirror.predictions p
    join chosen on chosen.id = p.media_id group by 1`,
  models: `select p.model as value, count(*) as count from mirror.predicted p join chosen on chosen.id = p.media_id group by 1`,
  states: LABEL_STATES.map(
    (state) =>
      `select '${state}' as value, count(*) as count from chosen m where ${compileFilter({ states: [state] }).where}`,
  ).join(' union all '),
  reviewed: `select case when m.reviewed then 'true' else 'false' end as value, count(*) as count from chosen m group by 1`,
  tags: `select t.tag as value, count(*) as count from mirror.tags t join chosen on chosen.id = t.media_id group by 1`,
  splits: `select coalesce(m.split, '') as value, count(*) as count from chosen m group by 1`,
  formats: `select m.format as value, count(*) as count from chosen m group by 1`,
  kinds: `select m.kind as value, count(*) as count from chosen m group by 1`,
  cameras: `select ${CAMERA} as value, count(*) as count from chosen m group by 1`,
};

/** The counts beside a filter's values. @throws FoveaError `bad_filter` */
export async function countFacets(home: Home, projectId: number, filter: MediaFilter = {}): Promise<Facets> {
  return withMirror(home, projectId, (mirror) =>
    mirror.read((duck) => withFilterSql(duck, filter, () => computeFacets(duck, filter)), {
      embeddings: asksEmbeddings(filter.sql),
    }),
  );
}

async function computeFacets(duck: DuckDBConnection, filter: MediaFilter): Promise<Facets> {
  const ask = async (without: keyof MediaFilter | RangeField | undefined, sql: string) => {
    const { where, values } = compileFilter(filter, without);
    const chosen = `with chosen as (select * from mirror.media m where ${where})`;
    return (await duck.runAndReadAll(`${chosen} ${sql}`, values as never)).getRows();
  };
  const values = {} as Record<ValueFacet, FacetValue[]>;
  for (const [facet, sql] of Object.entries(valueQueries) as [ValueFacet, string][]) {
    const rows = await ask(
      facet,
      `select * from (${sql}) where count > 0 order by count desc, value limit ${MAX_VALUES}`,
    );
    values[facet] = rows.map(([value, count]) => ({ value: String(value), count: Number(count) }));
  }
  const ranges = {} as Record<ShownRange, FacetRange | null>;
  for (const field of SHOWN_RANGES) {
    const rows = await ask(
      field,
      `, numbers as (select (${rangeColumn(field)})::double as n from chosen m),
       ends as (select min(n) as low, max(n) as high from numbers)
       select low, high, least(${BINS - 1}, floor((n - low) / nullif(high - low, 0) * ${BINS}))::integer as bin, count(*)
       from numbers, ends where n is not null group by all`,
    );
    ranges[field] = rows.length === 0 ? null : binned(rows);
  }
  const [summary] = await ask(undefined, `select count(*), count(latitude) from chosen`);
  const [taken] = await ask('taken', `select min(taken_at)::varchar, max(taken_at)::varchar from chosen`);
  const [added] = await ask('added', `select min(added_at)::varchar, max(added_at)::varchar from chosen`);
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

function binned(rows: readonly (readonly unknown[])[]): FacetRange {
  const counts = Array.from({ length: BINS }, () => 0);
  // All alike: there is no width to divide.
  for (const [, , bin, count] of rows) counts[bin === null ? 0 : Number(bin)]! += Number(count);
  return { min: Number(rows[0]![0]), max: Number(rows[0]![1]), counts };
}
